#pragma once

#include "model/service.hpp"
#include "protocol/rest/certificate_json.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Hubs, DPS instances and their access policies as ARM resources. Source: protocol/service/03 and 13.
namespace muster::rest {

/// What the PUT of a hub holds. Members that muster does not have (sku, routing, file upload) are not looked
/// at: core CLI sends all of them with every hub (service/13).
struct HubUpload {
  std::string location;  ///< "East US" and "eastus" are one: kept in the short form. Empty when absent.
  std::optional<std::uint32_t> partition_count;
  std::string etag;  ///< Of the body; empty when absent.
};
/// field_invalid naming the member; tags, which are kept nowhere, are refused by name.
Result<HubUpload> parse_hub_upload(std::string_view body);

/// One of a DPS instance's `iotHubs`, by its connection string.
struct LinkUpload {
  LinkedHub link;
  std::string policy;  ///< SharedAccessKeyName.
  std::string key;     ///< SharedAccessKey; empty when it came back masked, as an answer shows it.
};
struct DpsUpload {
  std::string location, etag;
  std::optional<AllocationPolicy> allocation_policy;
  std::optional<std::vector<LinkUpload>> links;  ///< nullopt: the body says nothing of them.
};
Result<DpsUpload> parse_dps_upload(std::string_view body);
/// The body of a PATCH: tags alone, which are kept nowhere. field_invalid when it has any.
Result<void> parse_tags_upload(std::string_view body);

/// The `name` that checkNameAvailability asks about.
Result<std::string> parse_name_question(std::string_view body);
/// Its answer: `reason` empty when the name may be had, else Invalid or AlreadyExists.
std::string format_name_answer(std::string_view reason, std::string_view message);

std::string format_hub(const Hub& hub, const ArmScope& scope);
std::string format_hubs(std::span<const Hub> hubs, const ArmScope& scope);
std::string format_dps(const DpsInstance& dps, const ArmScope& scope);
std::string format_dps_instances(std::span<const DpsInstance> instances, const ArmScope& scope);

/// One rule of `listkeys`: keyName, primaryKey, secondaryKey, rights.
std::string format_policy(const SasPolicy& policy);
/// `{"value":[...]}`.
std::string format_policies(std::span<const SasPolicy> policies);

}  // namespace muster::rest
