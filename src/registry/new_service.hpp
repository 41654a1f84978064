#pragma once

#include "base/random.hpp"
#include "registry/repositories.hpp"

#include <string>
#include <vector>

/// What a hub or DPS instance begins with, whoever makes it: the tutorial's world or an operator.
namespace muster::registry {

/// The policies that Azure gives every new hub or DPS, with keys of 32 random bytes.
std::vector<SasPolicy> default_policies(ServiceKind kind, Random& random);

/// Stores a new hub with its default policies; resource_exists when there is one of that name. Call inside a
/// transaction.
Result<Hub> make_hub_in(Store& store, const Hub& hub, Random& random);
/// The same for a DPS instance; one without an id scope gets one that no other has.
Result<DpsInstance> make_dps_in(Store& store, DpsInstance dps, Random& random);

}  // namespace muster::registry
