#include "cli/dps_enrollment.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Json object_at(const Json& value, std::string_view path) {
  Json found = at_path(value, path);
  return found.is_object() ? found : Json::object();
}

/// The one of a pair that no flag names stays as it is.
Json ca_references(const EnrollmentOptions& options, const Json& enrollment) {
  Json references = object_at(enrollment, "attestation.x509.caReferences");
  if (!options.ca_name.empty()) references["primary"] = options.ca_name;
  if (!options.secondary_ca_name.empty()) references["secondary"] = options.secondary_ca_name;
  return Json{{"type", "x509"}, {"x509", {{"caReferences", references}}}};
}

Result<Json> certificates(Invocation& invocation, const EnrollmentNoun& noun,
                          const EnrollmentOptions& options, const Json& enrollment) {
  const std::string member{noun.certificates};
  Json pair = object_at(enrollment, "attestation.x509." + member);
  for (const auto& [name, path] : {std::pair{"primary", &options.certificate_path},
                                   std::pair{"secondary", &options.secondary_certificate_path}}) {
    if (path->empty()) continue;
    MUSTER_TRY(const std::string text, read_text_file(invocation.shell(), *path));
    pair[name] = {{"certificate", text}};
  }
  return Json{{"type", "x509"}, {"x509", {{member, pair}}}};
}

Result<Json> symmetric_keys(const EnrollmentOptions& options) {
  if (options.primary_key.empty() != options.secondary_key.empty()) {
    return failure(Error{ErrorCode::usage, "one symmetric key is given, keys come in pairs"}.with_remedy(
        "Give --primary-key and --secondary-key, or neither: then the service makes both."));
  }
  Json keys = Json::object();
  if (!options.primary_key.empty()) {
    keys = {{"primaryKey", options.primary_key}, {"secondaryKey", options.secondary_key}};
  }
  return Json{{"type", "symmetricKey"}, {"symmetricKey", keys}};
}

/// A kind of attestation, by the flags that mean it.
struct Kind {
  std::string_view type;   ///< az's word; empty for none.
  std::string_view flags;  ///< Those that were given.
};

/// The one kind that the flags mean, named by --attestation-type or implied by what is given.
Result<Kind> kind_of(const EnrollmentOptions& options) {
  Kind kind{options.attestation_type, "--attestation-type"};
  const auto given = [](const std::string& a, const std::string& b) { return !a.empty() || !b.empty(); };
  for (const auto& [is_given, type, flags] :
       {std::tuple{given(options.ca_name, options.secondary_ca_name), "x509", "--ca-name"},
        std::tuple{given(options.certificate_path, options.secondary_certificate_path), "x509",
                   "--certificate-path"},
        std::tuple{given(options.primary_key, options.secondary_key), "symmetricKey", "--primary-key"},
        std::tuple{!options.endorsement_key.empty(), "tpm", "--endorsement-key"}}) {
    if (!is_given) continue;
    const bool two_x509 = kind.flags == "--ca-name" && std::string_view{flags} == "--certificate-path";
    if (two_x509 || (!kind.type.empty() && kind.type != type)) {
      return failure(
          Error{
              ErrorCode::usage,
              fmt::format("{} does not go with {}{}", flags, kind.flags,
                          kind.flags == "--attestation-type" ? fmt::format(" {}", kind.type) : std::string{})}
              .with_remedy("An enrollment has one kind of attestation: a CA name, certificates, or "
                           "symmetric keys."));
    }
    kind = {type, flags};
  }
  return kind;
}

/// What --attestation-type alone means is clear for keys; for certificates it says nothing yet.
Result<void> apply_bare_type(const EnrollmentNoun& noun, const Kind& kind, Json& enrollment) {
  if (text_at(enrollment, "attestation.type") == kind.type) return {};
  if (kind.type == "symmetricKey") {
    enrollment["attestation"] = {{"type", "symmetricKey"}, {"symmetricKey", Json::object()}};
    return {};
  }
  const std::string_view wanted = kind.type == "tpm" ? "--endorsement-key"
                                  : noun.is_group    ? "--ca-name or --certificate-path"
                                                     : "--certificate-path";
  return failure(
      Error{ErrorCode::usage, fmt::format("--attestation-type {} says nothing without {}", kind.type, wanted)}
          .with_remedy(fmt::format("Give {} as well.", wanted)));
}

Result<void> apply_attestation(Invocation& invocation, const EnrollmentNoun& noun,
                               const EnrollmentOptions& options, Json& enrollment) {
  MUSTER_TRY(const Kind kind, kind_of(options));
  if (kind.type.empty()) return {};
  if (kind.flags == "--attestation-type") return apply_bare_type(noun, kind, enrollment);
  if (kind.flags == "--ca-name") enrollment["attestation"] = ca_references(options, enrollment);
  if (kind.flags == "--certificate-path") {
    MUSTER_TRY(enrollment["attestation"], certificates(invocation, noun, options, enrollment));
  }
  if (kind.flags == "--primary-key") {
    MUSTER_TRY(enrollment["attestation"], symmetric_keys(options));
  }
  if (kind.flags == "--endorsement-key") {
    enrollment["attestation"] = {{"type", "tpm"}, {"tpm", {{"endorsementKey", options.endorsement_key}}}};
  }
  return {};
}

Result<void> apply_initial_twin(Invocation& invocation, const EnrollmentOptions& options, Json& enrollment) {
  if (!options.initial_twin_tags.empty()) {
    MUSTER_TRY(enrollment["initialTwin"]["tags"],
               json_argument(invocation, options.initial_twin_tags, "--initial-twin-tags"));
  }
  if (!options.initial_twin_properties.empty()) {
    MUSTER_TRY(enrollment["initialTwin"]["properties"]["desired"],
               json_argument(invocation, options.initial_twin_properties, "--initial-twin-properties"));
  }
  return {};
}

void apply_reprovisioning(const std::string& policy, Json& enrollment) {
  if (policy.empty()) return;
  enrollment["reprovisionPolicy"] = {{"updateHubAssignment", policy != "never"},
                                     {"migrateDeviceData", policy == "reprovisionandmigratedata"}};
}

std::string hub_host(const std::string& name) {
  return name.find('.') == std::string::npos ? name + ".azure-devices.net" : name;
}

void apply_allocation(const EnrollmentOptions& options, Json& enrollment) {
  std::vector<std::string> names = options.hubs;
  std::string policy = options.allocation_policy;
  if (!options.hub.empty()) {
    names = {options.hub};
    if (policy.empty()) policy = "static";  // As az: one hub is a static choice.
  }
  // What the service shows of the old choice must not speak against the new one.
  if (!names.empty() || !policy.empty()) enrollment.erase("iotHubHostName");
  if (!policy.empty()) {
    enrollment["allocationPolicy"] = policy;
    if (policy != "custom") enrollment.erase("customAllocationDefinition");
  }
  if (!names.empty()) {
    Json hubs = Json::array();
    for (const std::string& name : names) hubs.push_back(hub_host(name));
    enrollment["iotHubs"] = hubs;
  }
  if (!options.webhook_url.empty()) {
    enrollment["customAllocationDefinition"]["webhookUrl"] = options.webhook_url;
  }
  if (!options.webhook_api_version.empty()) {
    enrollment["customAllocationDefinition"]["apiVersion"] = options.webhook_api_version;
  }
}

void add_attestation(Flags& flags, const EnrollmentNoun& noun, EnrollmentOptions& options) {
  flags.choice("--attestation-type,--at", options.attestation_type, {"symmetricKey", "tpm", "x509"},
               "How devices prove themselves; else as the other flags imply");
  const std::string whose =
      noun.is_group ? "A CA certificate given in the group" : "The device's certificate";
  flags.text("--certificate-path,--cp", options.certificate_path, "FILE", whose);
  flags.text("--secondary-certificate-path,--scp", options.secondary_certificate_path, "FILE",
             "A second one, for rotation");
  if (noun.is_group) {
    flags.text("--ca-name,--cn", options.ca_name, "NAME", "An uploaded and verified CA certificate");
    flags.text("--secondary-ca-name,--scn", options.secondary_ca_name, "NAME", "A second one, for rotation");
  } else {
    flags.text("--endorsement-key,--ek", options.endorsement_key, "KEY",
               "The TPM's; TPM attestation is refused by this version");
  }
  flags.text("--primary-key,--pk", options.primary_key, "KEY",
             "Symmetric key, base64 of 16 to 64 bytes; else the service makes both");
  flags.text("--secondary-key,--sk", options.secondary_key, "KEY", "A second one, for rotation");
}

void add_allocation(Flags& flags, EnrollmentOptions& options) {
  flags.choice("--allocation-policy,--ap", options.allocation_policy,
               {"hashed", "geoLatency", "static", "custom"},
               "How a hub is chosen; else as the DPS instance does");
  flags.list("--iot-hubs,--ih", options.hubs, "HUB...",
             "Hubs that devices may be assigned to, separated by spaces; else all");
  flags
      .text("--iot-hub-host-name,--hh", options.hub, "HUB",
            "The one hub that is meant: static allocation with it alone")
      .excludes("--iot-hubs");
  flags.text("--webhook-url,--wh", options.webhook_url, "URL",
             "Custom allocation: who decides; https, or http on this machine");
  flags.text("--api-version,--av", options.webhook_api_version, "VERSION",
             "Custom allocation: form of the question, such as 2019-03-31");
}

}  // namespace

void add_enrollment_settings(Flags& flags, const EnrollmentNoun& noun, EnrollmentOptions& options) {
  add_attestation(flags, noun, options);
  if (!noun.is_group) {
    flags.text("--device-id,-d", options.device_id, "ID", "Id at the hub; else the registration id");
    flags.text("--device-information,--info", options.device_information, "JSON",
               "What you want to remember of the device: JSON or a file");
  }
  flags.choice("--provisioning-status,--ps", options.provisioning_status, {"enabled", "disabled"},
               "Whether devices may register through it");
  flags.choice("--reprovision-policy,--rp", options.reprovision_policy,
               {"reprovisionandmigratedata", "reprovisionandresetdata", "never"},
               "What registering again does to the hub and the twin");
  add_allocation(flags, options);
  flags.text("--initial-twin-tags,--its,--it", options.initial_twin_tags, "JSON",
             "Tags of a new twin: JSON or a file");
  flags.text("--initial-twin-properties,--itp,--ip", options.initial_twin_properties, "JSON",
             "Desired properties of a new twin: JSON or a file");
  flags.on_off("--edge-enabled,--ee", options.edge_enabled, "Whether the devices are IoT Edge devices");
}

Result<void> apply_enrollment_settings(Invocation& invocation, const EnrollmentNoun& noun,
                                       const EnrollmentOptions& options, Json& enrollment) {
  MUSTER_CHECK(apply_attestation(invocation, noun, options, enrollment));
  MUSTER_CHECK(apply_initial_twin(invocation, options, enrollment));
  if (!options.device_id.empty()) enrollment["deviceId"] = options.device_id;
  if (!options.device_information.empty()) {
    MUSTER_TRY(enrollment["optionalDeviceInformation"],
               json_argument(invocation, options.device_information, "--device-information"));
  }
  if (options.edge_enabled.is_set()) enrollment["capabilities"] = {{"iotEdge", options.edge_enabled.value()}};
  if (!options.provisioning_status.empty()) enrollment["provisioningStatus"] = options.provisioning_status;
  apply_reprovisioning(options.reprovision_policy, enrollment);
  apply_allocation(options, enrollment);
  return {};
}

}  // namespace muster::cli
