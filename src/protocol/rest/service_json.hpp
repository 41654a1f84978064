#pragma once

#include "model/service.hpp"
#include "protocol/rest/certificate_json.hpp"

#include <span>
#include <string>

/// Hubs, DPS instances and their access policies as ARM resources. Source: protocol/service/03 and 13.
namespace muster::rest {

std::string format_hub(const Hub& hub, const ArmScope& scope);
std::string format_hubs(std::span<const Hub> hubs, const ArmScope& scope);
std::string format_dps(const DpsInstance& dps, const ArmScope& scope);
std::string format_dps_instances(std::span<const DpsInstance> instances, const ArmScope& scope);

/// One rule of `listkeys`: keyName, primaryKey, secondaryKey, rights.
std::string format_policy(const SasPolicy& policy);
/// `{"value":[...]}`.
std::string format_policies(std::span<const SasPolicy> policies);

}  // namespace muster::rest
