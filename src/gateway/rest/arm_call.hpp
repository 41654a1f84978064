#pragma once

#include "gateway/rest/router.hpp"
#include "protocol/rest/certificate_json.hpp"
#include "registry/repositories.hpp"

/// What the ARM handlers share. Their paths begin with {subscription}/{resource group}/{name}: ids[0], [1],
/// [2].
namespace muster::rest {

ArmScope arm_scope(const Services& services);
/// resource_not_found unless subscription and resource group are this world's.
Result<void> check_scope(const Call& call);
/// The service's name, once the scope is right.
Result<ServiceName> arm_service_name(const Call& call);
Result<void> require_service(registry::Store& store, const ServiceRef& service);

}  // namespace muster::rest
