#include "protocol/rest/service_json.hpp"

#include "protocol/rest/etag.hpp"
#include "protocol/rest/json_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

/// What every ARM resource begins with. The CLI reads `resourcegroup` and `subscriptionid` beside `id`
/// (service/13).
nlohmann::ordered_json resource(const ServiceRef& service, std::string_view location, std::int64_t version,
                                const ArmScope& scope) {
  const bool hub = service.kind == ServiceKind::hub;
  return {{"id", arm_id(service, scope)},
          {"name", service.name.str()},
          {"type", hub ? "Microsoft.Devices/IotHubs" : "Microsoft.Devices/provisioningServices"},
          {"location", location},
          {"tags", nlohmann::ordered_json::object()},
          {"etag", arm_etag(version)},
          {"resourcegroup", scope.resource_group},
          {"subscriptionid", scope.subscription_id},
          {"sku", {{"name", "S1"}, {"tier", "Standard"}, {"capacity", 1}}}};
}

nlohmann::ordered_json write_hub(const Hub& hub, const ArmScope& scope) {
  auto partition_ids = nlohmann::ordered_json::array();
  for (std::uint32_t i = 0; i < hub.partition_count; ++i) partition_ids.push_back(std::to_string(i));
  auto body = resource({ServiceKind::hub, hub.name}, hub.location, hub.version, scope);
  body["properties"] = {{"state", "Active"},
                        {"provisioningState", "Succeeded"},
                        {"hostName", hub_host_name(hub.name)},
                        {"eventHubEndpoints",
                         {{"events",
                           {{"retentionTimeInDays", 1},
                            {"partitionCount", hub.partition_count},
                            {"partitionIds", std::move(partition_ids)},
                            {"path", hub.name.key()},
                            {"endpoint", fmt::format("sb://{}/", hub_host_name(hub.name))}}}}}};
  return body;
}

/// The key in the connection string is masked, as Azure masks it.
nlohmann::ordered_json write_link(const LinkedHub& link) {
  return {{"name", hub_host_name(link.hub)},
          {"connectionString", fmt::format("HostName={};SharedAccessKeyName=iothubowner;SharedAccessKey=****",
                                           hub_host_name(link.hub))},
          {"location", link.location},
          {"applyAllocationPolicy", link.apply_allocation_policy},
          {"allocationWeight", link.allocation_weight}};
}

/// ARM spells the policies with a capital (service/02 section 2.3).
std::string_view policy_name(AllocationPolicy policy) {
  switch (policy) {
    case AllocationPolicy::hashed:
      return "Hashed";
    case AllocationPolicy::geo_latency:
      return "GeoLatency";
    case AllocationPolicy::static_:
      return "Static";
    case AllocationPolicy::custom:
      return "Custom";
  }
  return "Hashed";
}

nlohmann::ordered_json write_dps(const DpsInstance& dps, const ArmScope& scope) {
  auto links = nlohmann::ordered_json::array();
  for (const auto& link : dps.linked_hubs) links.push_back(write_link(link));
  auto body = resource({ServiceKind::dps, dps.name}, dps.location, dps.version, scope);
  body["properties"] = {{"state", "Active"},
                        {"provisioningState", "Succeeded"},
                        {"iotHubs", std::move(links)},
                        {"allocationPolicy", policy_name(dps.allocation_policy)},
                        {"serviceOperationsHostName", dps_host_name(dps.name)},
                        {"deviceProvisioningHostName", kGlobalProvisioningHost},
                        {"idScope", dps.id_scope}};
  return body;
}

nlohmann::ordered_json write_policy(const SasPolicy& policy) {
  return {{"keyName", policy.name},
          {"primaryKey", policy.primary_key},
          {"secondaryKey", policy.secondary_key},
          {"rights", fmt::format("{}", fmt::join(policy.rights, ", "))}};
}

template <typename Items, typename Write>
std::string value_list(const Items& items, Write write) {
  auto value = nlohmann::ordered_json::array();
  for (const auto& item : items) value.push_back(write(item));
  nlohmann::ordered_json body;
  body["value"] = std::move(value);
  return write_json(body);
}

}  // namespace

std::string format_hub(const Hub& hub, const ArmScope& scope) { return write_json(write_hub(hub, scope)); }
std::string format_hubs(std::span<const Hub> hubs, const ArmScope& scope) {
  return value_list(hubs, [&](const Hub& hub) { return write_hub(hub, scope); });
}
std::string format_dps(const DpsInstance& dps, const ArmScope& scope) {
  return write_json(write_dps(dps, scope));
}
std::string format_dps_instances(std::span<const DpsInstance> instances, const ArmScope& scope) {
  return value_list(instances, [&](const DpsInstance& dps) { return write_dps(dps, scope); });
}
std::string format_policy(const SasPolicy& policy) { return write_json(write_policy(policy)); }
std::string format_policies(std::span<const SasPolicy> policies) {
  return value_list(policies, write_policy);
}

}  // namespace muster::rest
