#include "protocol/rest/dry_run_json.hpp"

#include "protocol/rest/json_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

using Json = nlohmann::ordered_json;

std::string_view policy_word(AllocationPolicy policy) {
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

Result<std::vector<RegistrationId>> read_ids(const Fields& fields) {
  std::vector<RegistrationId> ids;
  const auto* array = fields.find("ids");
  if (array == nullptr) return ids;
  if (!array->is_array() || array->size() > kDryRunIdsMax)
    return failure(fields.invalid("ids", fmt::format("an array of at most {} is wanted", kDryRunIdsMax)));
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string member = fmt::format("ids[{}]", i);
    if (!(*array)[i].is_string()) return failure(fields.invalid(member, "a string is wanted"));
    const auto text = (*array)[i].get<std::string>();
    auto id = RegistrationId::parse(text);
    if (!id)
      return failure(fields.invalid(member, fmt::format("\"{}\" {}", text.substr(0, 160), id.error())));
    ids.push_back(*std::move(id));
  }
  return ids;
}

Json write_device(const DryRunDevice& device) {
  Json json{{"registrationId", device.id}};
  if (!device.current_hub.empty()) json["currentHub"] = device.current_hub;
  if (!device.hub.empty()) json["hub"] = device.hub;
  if (!device.why.empty()) json["why"] = device.why;
  if (device.error)
    json["error"] = {{"code", error_id(device.error->code())}, {"reason", device.error->reason()}};
  return json;
}

}  // namespace

Result<DryRunAsked> parse_dry_run(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  DryRunAsked asked;
  MUSTER_TRY(asked.enrollment, fields.required_text("enrollment"));
  MUSTER_TRY(asked.ids, read_ids(fields));
  MUSTER_TRY(const auto ask, fields.boolean("askWebhook"));
  asked.ask_webhook = ask.value_or(false);
  MUSTER_TRY(auto address, fields.text("address"));
  asked.address = std::move(address).value_or("");
  if (const auto* payload = fields.find("payload")) asked.payload_json = write_json(Json(*payload));
  return asked;
}

std::string format_dry_run(const DryRunAnswer& answer) {
  Json hubs = Json::array();
  for (const LinkedHub& hub : answer.hubs) {
    hubs.push_back({{"hub", hub_host_name(hub.hub)},
                    {"location", hub.location},
                    {"allocationWeight", hub.allocation_weight}});
  }
  Json devices = Json::array();
  for (const DryRunDevice& device : answer.devices) devices.push_back(write_device(device));
  return write_json({{"kind", answer.kind},
                     {"policy", policy_word(answer.policy)},
                     {"policyOf", answer.policy_of_enrollment ? "enrollment" : "dps"},
                     {"hubs", std::move(hubs)},
                     {"devices", std::move(devices)}});
}

}  // namespace muster::rest
