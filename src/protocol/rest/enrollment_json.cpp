#include "protocol/rest/enrollment_json.hpp"

#include "protocol/dps/registration.hpp"
#include "protocol/hub/twin_rules.hpp"
#include "protocol/rest/attestation_json.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/hub_choice_json.hpp"
#include "protocol/rest/initial_twin_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

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
                                         const EnrollmentSettings* existing) {
  EnrollmentSettings settings;
  MUSTER_TRY(auto attestation, fields.object("attestation"));
  if (!attestation) return failure(fields.invalid("attestation", "is missing"));
  MUSTER_TRY(settings.attestation,
             read_attestation(*attestation, kind, existing ? &existing->attestation : nullptr));
  MUSTER_TRY(auto capabilities, fields.object("capabilities"));
  if (capabilities) {
    MUSTER_TRY(auto edge, capabilities->boolean("iotEdge"));
    settings.iot_edge = edge.value_or(false);
  }
  MUSTER_CHECK(read_status(fields, settings));
  MUSTER_CHECK(read_reprovision_policy(fields, settings));
  MUSTER_CHECK(read_allocation(fields, existing, settings));
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
  write_allocation(settings, into);
}

nlohmann::ordered_json write_group(const EnrollmentGroup& group) {
  nlohmann::ordered_json body{{"enrollmentGroupId", group.id.str()}};
  write_settings(group.settings, body);
  return body;
}

std::string registration_state(const Registration& registration) {
  return dps::format_registration_state(registration, registration.assigned_hub);
}

nlohmann::ordered_json write_individual(const IndividualEnrollment& enrollment,
                                        const Registration* registration) {
  nlohmann::ordered_json body{{"registrationId", enrollment.id.str()}};
  if (!enrollment.device_id.empty()) body["deviceId"] = enrollment.device_id;
  if (registration) body["registrationState"] = stored_json(registration_state(*registration));
  if (!enrollment.optional_device_information_json.empty()) {
    body["optionalDeviceInformation"] = stored_json(enrollment.optional_device_information_json);
  }
  write_settings(enrollment.settings, body);
  return body;
}

/// What the operator wants to remember of a device: a TwinCollection (service/02 section 2.3), which no
/// device sees. Empty when there is none.
Result<std::string> read_device_information(const Fields& fields) {
  constexpr std::string_view kMember = "optionalDeviceInformation";
  constexpr std::size_t kBytesMax = 8192;  // Documented nowhere; that of tags, which serve the same end.
  const auto* value = fields.find(kMember);
  if (!value) return std::string{};
  MUSTER_TRY(const auto kept, hub::check_twin_section(*value, fields.path_of(kMember), hub::TwinForm::whole));
  std::string text = kept.dump();
  if (text.size() <= kBytesMax) return text;
  return failure(
      fields.invalid(kMember, fmt::format("is {} bytes long, at most {} are taken", text.size(), kBytesMax)));
}

}  // namespace

Result<EnrollmentGroup> parse_enrollment_group(std::string_view body, const ServiceName& dps,
                                               const EnrollmentGroupId& id, const EnrollmentGroup* existing) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_TRY(auto spelled, read_id(fields, "enrollmentGroupId", id));
  MUSTER_TRY(auto settings,
             read_settings(fields, EnrollmentKind::group, existing ? &existing->settings : nullptr));
  return EnrollmentGroup{dps, std::move(spelled), std::move(settings)};
}

Result<IndividualEnrollment> parse_individual_enrollment(std::string_view body, const ServiceName& dps,
                                                         const RegistrationId& id,
                                                         const IndividualEnrollment* existing) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_TRY(auto spelled, read_id(fields, "registrationId", id));
  MUSTER_TRY(auto settings,
             read_settings(fields, EnrollmentKind::individual, existing ? &existing->settings : nullptr));
  IndividualEnrollment enrollment{dps, std::move(spelled), {}, {}, std::move(settings)};
  MUSTER_TRY(auto device, fields.text("deviceId"));
  if (device) {
    if (const auto parsed = DeviceId::parse(*device); !parsed) {
      return failure(fields.invalid("deviceId", fmt::format("\"{}\" {}", *device, parsed.error())));
    }
    enrollment.device_id = *std::move(device);
  }
  MUSTER_TRY(enrollment.optional_device_information_json, read_device_information(fields));
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
  return write_json(write_individual(enrollment, registration));
}

std::string format_attestation_mechanism(const Attestation& attestation) {
  return write_json(write_attestation_with_keys(attestation));
}

std::string format_individual_enrollments(std::span<const IndividualEnrollment> enrollments,
                                          std::span<const std::optional<Registration>> registrations) {
  auto all = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < enrollments.size(); ++i) {
    all.push_back(write_individual(enrollments[i], registrations[i] ? &*registrations[i] : nullptr));
  }
  return write_json(all);
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
