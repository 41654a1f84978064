#include "protocol/rest/enrollment_json.hpp"

#include "protocol/dps/registration.hpp"
#include "protocol/rest/attestation_json.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/host.hpp"
#include "protocol/rest/initial_twin_json.hpp"
#include "protocol/rest/webhook_url.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

std::string_view policy_name(AllocationPolicy policy) {
  switch (policy) {
    case AllocationPolicy::hashed:
      return "hashed";
    case AllocationPolicy::geo_latency:
      return "geoLatency";
    case AllocationPolicy::static_:
      return "static";
    case AllocationPolicy::custom:
      return "custom";
  }
  return "hashed";
}

/// `customAllocationDefinition`, which goes with the policy custom and with no other.
Result<void> read_webhook(const Fields& fields, EnrollmentSettings& into) {
  constexpr std::string_view kMember = "customAllocationDefinition";
  const bool custom = into.allocation == AllocationPolicy::custom;
  MUSTER_TRY(const auto definition, fields.object(kMember));
  if (!definition) {
    if (!custom) return {};
    return failure(fields.invalid(kMember, "is missing, and allocationPolicy custom needs its webhookUrl"));
  }
  if (!custom) return failure(fields.invalid(kMember, "goes with allocationPolicy custom alone"));
  MUSTER_TRY(into.webhook_url, definition->required_text("webhookUrl"));
  MUSTER_TRY(auto version, definition->text("apiVersion"));
  into.webhook_api_version = std::move(version).value_or("");
  const auto url = parse_webhook_url(into.webhook_url);
  if (!url) return failure(definition->invalid("webhookUrl", "the URL " + url.error()));
  return {};
}

Result<void> read_allocation(const Fields& fields, EnrollmentSettings& into) {
  MUSTER_TRY(auto policy, fields.text("allocationPolicy"));
  if (policy) {
    for (const AllocationPolicy known : {AllocationPolicy::hashed, AllocationPolicy::geo_latency,
                                         AllocationPolicy::static_, AllocationPolicy::custom}) {
      if (equals_ignoring_case(*policy, policy_name(known))) into.allocation = known;
    }
    if (!into.allocation) {
      return failure(
          fields.invalid("allocationPolicy",
                         fmt::format("\"{}\" found, hashed, geoLatency, static or custom wanted", *policy)));
    }
  }
  return read_webhook(fields, into);
}

Result<ServiceName> read_hub(const Fields& fields, const std::string& member, const std::string& host) {
  auto hub = hub_of_host(host);
  if (!hub)
    return failure(fields.invalid(member, fmt::format("\"{}\" is not the full host name of a hub", host)));
  return *std::move(hub);
}

/// `iotHubs` or, older, the one of `iotHubHostName`.
Result<void> read_hubs(const Fields& fields, EnrollmentSettings& into) {
  if (const auto* hubs = fields.find("iotHubs")) {
    if (!hubs->is_array()) return failure(fields.invalid("iotHubs", "an array is wanted"));
    for (std::size_t i = 0; i < hubs->size(); ++i) {
      const auto member = fmt::format("iotHubs[{}]", i);
      if (!(*hubs)[i].is_string()) return failure(fields.invalid(member, "a string is wanted"));
      MUSTER_TRY(auto hub, read_hub(fields, member, (*hubs)[i].get<std::string>()));
      into.hubs.push_back(std::move(hub));
    }
  }
  MUSTER_TRY(auto host, fields.text("iotHubHostName"));
  if (!host || !into.hubs.empty()) return {};
  MUSTER_TRY(auto hub, read_hub(fields, "iotHubHostName", *host));
  into.hubs.push_back(std::move(hub));
  return {};
}

Result<void> read_reprovision_policy(const Fields& fields, EnrollmentSettings& into) {
  MUSTER_TRY(auto policy, fields.object("reprovisionPolicy"));
  if (!policy) return {};
  MUSTER_TRY(auto update, policy->boolean("updateHubAssignment"));
  MUSTER_TRY(auto migrate, policy->boolean("migrateDeviceData"));
  into.reprovision.update_hub_assignment = update.value_or(true);
  into.reprovision.migrate_device_data = migrate.value_or(true);
  return {};
}

Result<void> read_status(const Fields& fields, EnrollmentSettings& into) {
  MUSTER_TRY(auto status, fields.text("provisioningStatus"));
  if (!status) return {};
  into.enabled = equals_ignoring_case(*status, "enabled");
  if (into.enabled || equals_ignoring_case(*status, "disabled")) return {};
  return failure(
      fields.invalid("provisioningStatus", fmt::format("\"{}\" found, enabled or disabled wanted", *status)));
}

Result<EnrollmentSettings> read_settings(const Fields& fields, EnrollmentKind kind,
                                         const Attestation* existing) {
  EnrollmentSettings settings;
  MUSTER_TRY(auto attestation, fields.object("attestation"));
  if (!attestation) return failure(fields.invalid("attestation", "is missing"));
  MUSTER_TRY(settings.attestation, read_attestation(*attestation, kind, existing));
  MUSTER_TRY(auto capabilities, fields.object("capabilities"));
  if (capabilities) {
    MUSTER_TRY(auto edge, capabilities->boolean("iotEdge"));
    settings.iot_edge = edge.value_or(false);
  }
  MUSTER_CHECK(read_status(fields, settings));
  MUSTER_CHECK(read_reprovision_policy(fields, settings));
  MUSTER_CHECK(read_allocation(fields, settings));
  MUSTER_CHECK(read_hubs(fields, settings));
  MUSTER_TRY(settings.initial_twin_json, read_initial_twin(fields));
  return settings;
}

/// The id in the body must be there and be the path's, in any case of letters.
template <typename IdType>
Result<IdType> read_id(const Fields& fields, std::string_view name, const IdType& in_path) {
  MUSTER_TRY(const std::string text, fields.required_text(name));
  auto id = IdType::parse(text);
  if (!id) return failure(fields.invalid(name, fmt::format("\"{}\" {}", text, id.error())));
  if (!(*id == in_path)) {
    return failure(
        fields.invalid(name, fmt::format("\"{}\" found, \"{}\" of the path wanted", text, in_path.str())));
  }
  return *std::move(id);
}

void write_settings(const EnrollmentSettings& settings, nlohmann::ordered_json& into) {
  into["attestation"] = write_attestation(settings.attestation);
  into["capabilities"] = {{"iotEdge", settings.iot_edge}};
  if (!settings.initial_twin_json.empty()) into["initialTwin"] = stored_json(settings.initial_twin_json);
  into["etag"] = dps_etag(settings.created, settings.version);
  into["provisioningStatus"] = settings.enabled ? "enabled" : "disabled";
  into["reprovisionPolicy"] = {{"updateHubAssignment", settings.reprovision.update_hub_assignment},
                               {"migrateDeviceData", settings.reprovision.migrate_device_data}};
  into["createdDateTimeUtc"] = format_utc_7(settings.created);
  into["lastUpdatedDateTimeUtc"] = format_utc_7(settings.updated);
  if (settings.allocation) into["allocationPolicy"] = policy_name(*settings.allocation);
  if (!settings.webhook_url.empty()) {
    auto& definition = into["customAllocationDefinition"] = {{"webhookUrl", settings.webhook_url}};
    if (!settings.webhook_api_version.empty()) definition["apiVersion"] = settings.webhook_api_version;
  }
  if (!settings.hubs.empty()) {
    auto& hubs = into["iotHubs"] = nlohmann::ordered_json::array();
    for (const auto& hub : settings.hubs) hubs.push_back(hub_host_name(hub));
  }
}

nlohmann::ordered_json write_group(const EnrollmentGroup& group) {
  nlohmann::ordered_json body{{"enrollmentGroupId", group.id.str()}};
  write_settings(group.settings, body);
  return body;
}

std::string registration_state(const Registration& registration) {
  return dps::format_registration_state(registration, registration.assigned_hub);
}

}  // namespace

Result<EnrollmentGroup> parse_enrollment_group(std::string_view body, const ServiceName& dps,
                                               const EnrollmentGroupId& id, const EnrollmentGroup* existing) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_TRY(auto spelled, read_id(fields, "enrollmentGroupId", id));
  MUSTER_TRY(auto settings, read_settings(fields, EnrollmentKind::group,
                                          existing ? &existing->settings.attestation : nullptr));
  return EnrollmentGroup{dps, std::move(spelled), std::move(settings)};
}

Result<IndividualEnrollment> parse_individual_enrollment(std::string_view body, const ServiceName& dps,
                                                         const RegistrationId& id,
                                                         const IndividualEnrollment* existing) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_TRY(auto spelled, read_id(fields, "registrationId", id));
  MUSTER_TRY(auto settings, read_settings(fields, EnrollmentKind::individual,
                                          existing ? &existing->settings.attestation : nullptr));
  IndividualEnrollment enrollment{dps, std::move(spelled), {}, {}, std::move(settings)};
  MUSTER_TRY(auto device, fields.text("deviceId"));
  if (device) {
    if (const auto parsed = DeviceId::parse(*device); !parsed) {
      return failure(fields.invalid("deviceId", fmt::format("\"{}\" {}", *device, parsed.error())));
    }
    enrollment.device_id = *std::move(device);
  }
  MUSTER_TRY(auto information, fields.object("optionalDeviceInformation"));
  if (information)
    enrollment.optional_device_information_json = fields.find("optionalDeviceInformation")->dump();
  return enrollment;
}

std::string format_enrollment_group(const EnrollmentGroup& group) { return write_json(write_group(group)); }

std::string format_enrollment_groups(std::span<const EnrollmentGroup> groups) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& group : groups) all.push_back(write_group(group));
  return write_json(all);
}

std::string format_individual_enrollment(const IndividualEnrollment& enrollment,
                                         const Registration* registration) {
  nlohmann::ordered_json body{{"registrationId", enrollment.id.str()}};
  if (!enrollment.device_id.empty()) body["deviceId"] = enrollment.device_id;
  if (registration) body["registrationState"] = stored_json(registration_state(*registration));
  if (!enrollment.optional_device_information_json.empty()) {
    body["optionalDeviceInformation"] = stored_json(enrollment.optional_device_information_json);
  }
  write_settings(enrollment.settings, body);
  return write_json(body);
}

std::string format_registrations(std::span<const Registration> registrations) {
  std::string all = "[";
  for (const auto& registration : registrations) {
    if (all.size() > 1) all += ',';
    all += registration_state(registration);
  }
  return all += ']';
}

std::string format_registration(const Registration& registration) { return registration_state(registration); }

}  // namespace muster::rest
