#include "protocol/rest/allocation_json.hpp"

#include "protocol/rest/attestation_json.hpp"
#include "protocol/rest/enrollment_json.hpp"
#include "protocol/rest/host.hpp"
#include "protocol/rest/initial_twin_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

using Json = nlohmann::ordered_json;

/// How the device proved itself: a member of its attestation's name.
void write_proof(const AllocationCall& call, Json& context) {
  if (call.attestation == AttestationType::symmetric_key) context["symmetricKey"] = Json::object();
  if (call.attestation == AttestationType::tpm) context["tpm"] = Json::object();
  if (call.attestation != AttestationType::x509) return;
  context["x509"] = Json::object();
  if (!call.certificate) return;
  const Attestation shown{.type = AttestationType::x509, .client_primary = call.certificate};
  context["x509"] = write_attestation(shown)["x509"];
}

}  // namespace

std::string format_allocation_call(const AllocationCall& call) {
  Json body = Json::object();
  if (call.group != nullptr) body["enrollmentGroup"] = stored_json(format_enrollment_group(*call.group));
  if (call.individual != nullptr)
    body["individualEnrollment"] = stored_json(format_individual_enrollment(*call.individual, nullptr));
  Json context{{"registrationId", call.registration_id}};
  // The sample's spelling; the page's table writes "currentIoTHubHostName".
  if (!call.current_hub.empty()) context["currentIotHubHostName"] = call.current_hub;
  if (!call.current_device.empty()) context["currentDeviceId"] = call.current_device;
  write_proof(call, context);
  if (!call.payload_json.empty()) context["payload"] = stored_json(call.payload_json);
  body["deviceRuntimeContext"] = std::move(context);
  Json hubs = Json::array();
  for (const ServiceName& hub : call.linked_hubs) hubs.push_back(hub_host_name(hub));
  body["linkedHubs"] = std::move(hubs);
  return write_json(body);
}

Result<AllocationAnswer> parse_allocation_answer(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_TRY(const std::string host, fields.required_text("iotHubHostName"));
  auto hub = hub_of_host(host);
  if (!hub) {
    return failure(fields.invalid(
        "iotHubHostName", fmt::format("\"{}\" is not the full host name of a hub", host.substr(0, 160))));
  }
  AllocationAnswer answer{*std::move(hub), {}, {}};
  MUSTER_TRY(answer.initial_twin_json, read_initial_twin(fields));
  const auto* payload = fields.find("payload");
  if (payload != nullptr && payload->is_object()) answer.payload_json = write_json(Json(*payload));
  return answer;
}

}  // namespace muster::rest
