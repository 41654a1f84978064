#include "protocol/rest/service_json.hpp"

#include "protocol/rest/etag.hpp"
#include "protocol/rest/host.hpp"
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

constexpr std::uint64_t kPartitionsMax = 128;  // Azure's, and less than what the event log can hold.
constexpr std::uint64_t kWeightMax = 1'000'000;
constexpr std::string_view kMaskedKey = "****";

/// "East US" -> "eastus".
std::string short_location(std::string_view text) {
  std::string location = ascii_lower(text);
  std::erase(location, ' ');
  return location;
}

Result<std::optional<std::uint32_t>> read_number(const Fields& fields, std::string_view name,
                                                 std::uint64_t least, std::uint64_t most) {
  const auto* value = fields.find(name);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is_number_unsigned() && value->get<std::uint64_t>() >= least &&
                    value->get<std::uint64_t>() <= most;
  if (!fits) {
    return failure(fields.invalid(
        name, fmt::format("{} found, a whole number from {} to {} wanted", value->dump(), least, most)));
  }
  return value->get<std::uint32_t>();
}

/// Azure keeps tags of resources; there is no place for them here, so none are taken.
Result<void> refuse_tags(const Fields& fields) {
  const auto* tags = fields.find("tags");
  if (tags == nullptr || tags->empty()) return {};
  return failure(fields.invalid("tags", "tags of hubs and DPS instances are not kept here: leave them out"));
}

Result<std::string> read_location(const Fields& fields) {
  MUSTER_TRY(auto location, fields.text("location"));
  return short_location(location.value_or(""));
}

/// "HostName=...;SharedAccessKeyName=...;SharedAccessKey=...", in any order.
Result<LinkUpload> read_connection_string(const Fields& fields) {
  MUSTER_TRY(const std::string text, fields.required_text("connectionString"));
  std::string host, policy, key;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find(';'));
    rest.remove_prefix(part.size() == rest.size() ? part.size() : part.size() + 1);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (equals_ignoring_case(name, "HostName")) host = value;
    if (equals_ignoring_case(name, "SharedAccessKeyName")) policy = value;
    if (equals_ignoring_case(name, "SharedAccessKey")) key = value;
  }
  auto hub = hub_of_host(host);
  if (!hub) {
    return failure(fields.invalid("connectionString",
                                  fmt::format("HostName \"{}\" is not the full host name of a hub", host)));
  }
  if (policy.empty() || key.empty()) {
    return failure(
        fields.invalid("connectionString", "SharedAccessKeyName and SharedAccessKey are both wanted"));
  }
  if (key == kMaskedKey) key.clear();
  return LinkUpload{.link = {.hub = *std::move(hub), .location = {}}, .policy = policy, .key = key};
}

Result<LinkUpload> read_link(const nlohmann::json& json, const std::string& path) {
  const Fields fields{json, path};
  MUSTER_TRY(LinkUpload upload, read_connection_string(fields));
  MUSTER_TRY(upload.link.location, read_location(fields));
  MUSTER_TRY(const auto weight, read_number(fields, "allocationWeight", 0, kWeightMax));
  MUSTER_TRY(const auto apply, fields.boolean("applyAllocationPolicy"));
  upload.link.allocation_weight = weight.value_or(1);
  upload.link.apply_allocation_policy = apply.value_or(true);
  return upload;
}

Result<std::optional<std::vector<LinkUpload>>> read_links(const Fields& properties) {
  const auto* array = properties.find("iotHubs");
  if (array == nullptr) return std::nullopt;
  if (!array->is_array()) return failure(properties.invalid("iotHubs", "an array is wanted"));
  std::vector<LinkUpload> links;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string member = fmt::format("iotHubs[{}]", i);
    if (!(*array)[i].is_object()) return failure(properties.invalid(member, "an object is wanted"));
    MUSTER_TRY(LinkUpload link, read_link((*array)[i], properties.path_of(member)));
    for (const LinkUpload& other : links) {
      if (other.link.hub == link.link.hub) {
        return failure(properties.invalid(
            member, fmt::format("hub {} is linked twice in this list", link.link.hub.str())));
      }
    }
    links.push_back(std::move(link));
  }
  return links;
}

Result<std::optional<AllocationPolicy>> read_policy(const Fields& properties) {
  MUSTER_TRY(const auto policy, properties.text("allocationPolicy"));
  if (!policy) return std::nullopt;
  if (equals_ignoring_case(*policy, "Hashed")) return AllocationPolicy::hashed;
  if (equals_ignoring_case(*policy, "GeoLatency")) return AllocationPolicy::geo_latency;
  if (equals_ignoring_case(*policy, "Static")) return AllocationPolicy::static_;
  const bool custom = equals_ignoring_case(*policy, "Custom");
  return failure(properties.invalid(
      "allocationPolicy", custom
                              ? "Custom is a policy of enrollments, which name the webhook"
                              : fmt::format("\"{}\" found, Hashed, GeoLatency or Static wanted", *policy)));
}

/// What hubs and DPS instances have in common; returns their properties.
template <typename Upload>
Result<std::optional<Fields>> read_resource(const Fields& fields, Upload& upload) {
  MUSTER_CHECK(refuse_tags(fields));
  MUSTER_TRY(upload.location, read_location(fields));
  MUSTER_TRY(auto etag, fields.text("etag"));
  upload.etag = std::move(etag).value_or("");
  return fields.object("properties");
}

}  // namespace

Result<HubUpload> parse_hub_upload(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  HubUpload upload;
  MUSTER_TRY(const auto properties, read_resource({json, ""}, upload));
  if (!properties) return upload;
  MUSTER_TRY(const auto endpoints, properties->object("eventHubEndpoints"));
  if (!endpoints) return upload;
  MUSTER_TRY(const auto events, endpoints->object("events"));
  if (!events) return upload;
  MUSTER_TRY(upload.partition_count, read_number(*events, "partitionCount", 1, kPartitionsMax));
  return upload;
}

Result<DpsUpload> parse_dps_upload(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  DpsUpload upload;
  MUSTER_TRY(const auto properties, read_resource({json, ""}, upload));
  if (!properties) return upload;
  MUSTER_TRY(upload.allocation_policy, read_policy(*properties));
  MUSTER_TRY(upload.links, read_links(*properties));
  return upload;
}

Result<void> parse_tags_upload(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  return refuse_tags(Fields{json, ""});
}

Result<std::string> parse_name_question(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  return Fields{json, ""}.required_text("name");
}

std::string format_name_answer(std::string_view reason, std::string_view message) {
  nlohmann::ordered_json body{{"nameAvailable", reason.empty()}};
  if (!reason.empty()) {
    body["reason"] = reason;
    body["message"] = message;
  }
  return write_json(body);
}

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
