#pragma once

#include "registry/registry.hpp"

namespace muster::registry {

/// Stores the outcome of a registration in one transaction of `store` (a savepoint inside an outer one);
/// Assignment says what is kept. precondition_failed when trust has moved, and then nothing is stored.
Result<AssignmentStored> assign_in(Store& store, const Assignment& assignment);

}  // namespace muster::registry
