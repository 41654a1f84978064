#include "cli/dps_enrollment_group.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Json ca_references(const EnrollmentGroupOptions& options) {
  Json references = Json::object();
  if (!options.ca_name.empty()) references["primary"] = options.ca_name;
  if (!options.secondary_ca_name.empty()) references["secondary"] = options.secondary_ca_name;
  return Json{{"type", "x509"}, {"x509", {{"caReferences", references}}}};
}

Result<Json> signing_certificates(Invocation& invocation, const EnrollmentGroupOptions& options) {
  Json certificates = Json::object();
  if (!options.certificate_path.empty()) {
    MUSTER_TRY(const std::string text, read_text_file(invocation.shell(), options.certificate_path));
    certificates["primary"] = {{"certificate", text}};
  }
  if (!options.secondary_certificate_path.empty()) {
    MUSTER_TRY(const std::string text,
               read_text_file(invocation.shell(), options.secondary_certificate_path));
    certificates["secondary"] = {{"certificate", text}};
  }
  return Json{{"type", "x509"}, {"x509", {{"signingCertificates", certificates}}}};
}

Result<void> apply_attestation(Invocation& invocation, const EnrollmentGroupOptions& options, Json& group) {
  const bool by_name = !options.ca_name.empty() || !options.secondary_ca_name.empty();
  const bool by_file = !options.certificate_path.empty() || !options.secondary_certificate_path.empty();
  const bool by_key = !options.primary_key.empty() || !options.secondary_key.empty();
  if (int{by_name} + int{by_file} + int{by_key} > 1) {
    return failure(Error{ErrorCode::usage, "a group has one kind of attestation"}.with_remedy(
        "Give --ca-name, or --certificate-path, or --primary-key, and not two of them."));
  }
  if (by_name) group["attestation"] = ca_references(options);
  if (by_file) {
    MUSTER_TRY(group["attestation"], signing_certificates(invocation, options));
  }
  if (by_key) {
    Json keys = Json::object();
    if (!options.primary_key.empty()) keys["primaryKey"] = options.primary_key;
    if (!options.secondary_key.empty()) keys["secondaryKey"] = options.secondary_key;
    group["attestation"] = {{"type", "symmetricKey"}, {"symmetricKey", keys}};
  }
  return {};
}

Result<void> apply_initial_twin(Invocation& invocation, const EnrollmentGroupOptions& options, Json& group) {
  if (!options.initial_twin_tags.empty()) {
    MUSTER_TRY(group["initialTwin"]["tags"],
               json_argument(invocation, options.initial_twin_tags, "--initial-twin-tags"));
  }
  if (!options.initial_twin_properties.empty()) {
    MUSTER_TRY(group["initialTwin"]["properties"]["desired"],
               json_argument(invocation, options.initial_twin_properties, "--initial-twin-properties"));
  }
  return {};
}

void apply_reprovisioning(const std::string& policy, Json& group) {
  if (policy.empty()) return;
  group["reprovisionPolicy"] = {{"updateHubAssignment", policy != "never"},
                                {"migrateDeviceData", policy == "reprovisionandmigratedata"}};
}

std::string hub_host(const std::string& name) {
  return name.find('.') == std::string::npos ? name + ".azure-devices.net" : name;
}

}  // namespace

void add_enrollment_group_settings(CLI::App& app, EnrollmentGroupOptions& options) {
  add_text(app, "--ca-name,--cn", options.ca_name, "NAME", "An uploaded and verified CA certificate");
  add_text(app, "--secondary-ca-name,--scn", options.secondary_ca_name, "NAME", "A second one, for rotation");
  add_text(app, "--certificate-path,--cp", options.certificate_path, "FILE",
           "A CA certificate given in the group");
  add_text(app, "--secondary-certificate-path,--scp", options.secondary_certificate_path, "FILE",
           "A second one, for rotation");
  add_text(app, "--primary-key,--pk", options.primary_key, "KEY", "Symmetric key of the group, base64");
  add_text(app, "--secondary-key,--sk", options.secondary_key, "KEY", "A second one, for rotation");
  add_choice(app, "--provisioning-status,--ps", options.provisioning_status, {"enabled", "disabled"},
             "Whether devices may register through it");
  add_choice(app, "--reprovision-policy,--rp", options.reprovision_policy,
             {"reprovisionandmigratedata", "reprovisionandresetdata", "never"},
             "What registering again does to the hub and the twin");
  add_choice(app, "--allocation-policy,--ap", options.allocation_policy,
             {"hashed", "geoLatency", "static", "custom"},
             "How a hub is chosen; else as the DPS instance does");
  app.add_option("--iot-hubs,--ih", options.hubs,
                 "Hubs that devices may be assigned to, separated by spaces; else all")
      ->type_name("HUB...");
  add_text(app, "--initial-twin-tags,--it", options.initial_twin_tags, "JSON",
           "Tags of a new twin: JSON or a file");
  add_text(app, "--initial-twin-properties,--ip", options.initial_twin_properties, "JSON",
           "Desired properties of a new twin: JSON or a file");
  add_switch(app, "--edge-enabled,--ee", options.edge_enabled, "Whether the devices are IoT Edge devices");
  add_text(app, "--webhook-url,--wh", options.webhook_url, "URL", "Custom allocation: who decides");
  add_text(app, "--api-version,--av", options.webhook_api_version, "VERSION",
           "Custom allocation: form of the question");
}

Result<void> apply_enrollment_group_settings(Invocation& invocation, const EnrollmentGroupOptions& options,
                                             Json& group) {
  MUSTER_CHECK(apply_attestation(invocation, options, group));
  MUSTER_CHECK(apply_initial_twin(invocation, options, group));
  if (options.edge_enabled.is_set()) group["capabilities"] = {{"iotEdge", options.edge_enabled.value()}};
  if (!options.provisioning_status.empty()) group["provisioningStatus"] = options.provisioning_status;
  apply_reprovisioning(options.reprovision_policy, group);
  if (!options.allocation_policy.empty()) group["allocationPolicy"] = options.allocation_policy;
  if (!options.hubs.empty()) {
    Json hubs = Json::array();
    for (const std::string& name : options.hubs) hubs.push_back(hub_host(name));
    group["iotHubs"] = hubs;
  }
  if (!options.webhook_url.empty() || !options.webhook_api_version.empty()) {
    group["customAllocationDefinition"] = {{"webhookUrl", options.webhook_url},
                                           {"apiVersion", options.webhook_api_version}};
  }
  return {};
}

}  // namespace muster::cli
