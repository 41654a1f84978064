#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "protocol/rest/allocation_json.hpp"
#include "protocol/rest/dry_run_json.hpp"
#include "protocol/rest/enrollment_bulk_json.hpp"
#include "protocol/rest/enrollment_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

// The input is a body of DPS's service API, or what a webhook answers. Each reader takes it; a refusal says
// why in UTF-8. What is accepted is printed as JSON in UTF-8, and that is accepted again for the same
// enrollment, with the same meaning: a client may send back what it was shown.

namespace muster::rest {
namespace {

using Json = nlohmann::json;

const ServiceName& dps() {
  static const ServiceName name = *ServiceName::parse("my-dps");
  return name;
}

void check_refusal(const Error& error) {
  MUSTER_ASSERT(is_valid_utf8(as_bytes(error.reason())), "a reason that is not UTF-8");
}

Json check_reply(const std::string& text) {
  MUSTER_ASSERT(is_valid_utf8(as_bytes(text)), "a reply that is not UTF-8");
  Json reply = Json::parse(text, nullptr, false);
  MUSTER_ASSERT(!reply.is_discarded(), "a reply that is not JSON");
  return reply;
}

/// Of what was sent, nothing but keys and certificates may come from elsewhere.
void check_kept(const EnrollmentSettings& kept, const EnrollmentSettings& again) {
  const Attestation& a = kept.attestation;
  const Attestation& b = again.attestation;
  MUSTER_ASSERT(a.type == b.type && a.ca_primary == b.ca_primary && a.ca_secondary == b.ca_secondary,
                "another attestation");
  MUSTER_ASSERT(a.primary_key == b.primary_key && a.secondary_key == b.secondary_key, "another key");
  MUSTER_ASSERT(kept.enabled == again.enabled && kept.iot_edge == again.iot_edge, "another flag");
  MUSTER_ASSERT(kept.allocation == again.allocation && kept.hubs == again.hubs, "another choice of hubs");
  MUSTER_ASSERT(kept.webhook_url == again.webhook_url, "another webhook");
  MUSTER_ASSERT(kept.initial_twin_json == again.initial_twin_json, "another initial twin");
}

void check_group(std::string_view body) {
  const auto id = *EnrollmentGroupId::parse("g");
  const auto group = parse_enrollment_group(body, dps(), id, nullptr);
  if (!group) return check_refusal(group.error());
  const std::string shown = format_enrollment_group(*group);
  check_reply(shown);
  check_reply(format_attestation_mechanism(group->settings.attestation));
  const auto again = parse_enrollment_group(shown, dps(), id, &*group);
  MUSTER_ASSERT(again.has_value(), "a group that was shown is refused");
  check_kept(group->settings, again->settings);
}

void check_individual(std::string_view body) {
  const auto id = *RegistrationId::parse("r");
  const auto enrollment = parse_individual_enrollment(body, dps(), id, nullptr);
  if (!enrollment) return check_refusal(enrollment.error());
  const std::string shown = format_individual_enrollment(*enrollment, nullptr);
  check_reply(shown);
  check_reply(format_attestation_mechanism(enrollment->settings.attestation));
  const auto again = parse_individual_enrollment(shown, dps(), id, &*enrollment);
  MUSTER_ASSERT(again.has_value(), "an enrollment that was shown is refused");
  MUSTER_ASSERT(enrollment->device_id == again->device_id, "another device id");
  MUSTER_ASSERT(enrollment->optional_device_information_json == again->optional_device_information_json,
                "other information");
  check_kept(enrollment->settings, again->settings);
}

void check_bulk(std::string_view body) {
  const BulkNames names{"enrollments", "registrationId"};
  const auto request = parse_bulk(body, names);
  if (!request) return check_refusal(request.error());
  MUSTER_ASSERT(!request->items.empty() && request->items.size() <= kBulkItemsMax, "out of its limits");
  std::vector<BulkFault> faults;
  for (const BulkItem& item : request->items) {
    check_individual(item.body);
    faults.push_back({item.id, 400'004, Error{ErrorCode::field_invalid, item.etag}});
  }
  check_reply(format_bulk_result(faults, names));
}

void check_answer(std::string_view body) {
  const auto answer = parse_allocation_answer(body);
  if (!answer) return check_refusal(answer.error());
  for (const std::string& text : {answer->initial_twin_json, answer->payload_json}) {
    if (!text.empty()) MUSTER_ASSERT(check_reply(text).is_object(), "not an object");
  }
  AllocationCall call{.registration_id = "r", .payload_json = answer->payload_json};
  IndividualEnrollment enrollment{.dps = dps(), .id = *RegistrationId::parse("r")};
  enrollment.settings.initial_twin_json = answer->initial_twin_json;
  call.individual = &enrollment;
  check_reply(format_allocation_call(call));
}

void check_dry_run(std::string_view body) {
  const auto asked = parse_dry_run(body);
  if (!asked) return check_refusal(asked.error());
  MUSTER_ASSERT(asked->ids.size() <= kDryRunIdsMax, "out of its limits");
}

}  // namespace
}  // namespace muster::rest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::rest;
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  check_group(body);
  check_individual(body);
  check_bulk(body);
  check_answer(body);
  check_dry_run(body);
  if (const auto query = check_enrollment_query(body); !query) check_refusal(query.error());
  return 0;
}
