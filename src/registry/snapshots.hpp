#pragma once

#include "registry/registry.hpp"

/// The two compound reads of the hot paths, written over Store so that every engine shares them. Call them
/// inside one transaction: the parts must be of one moment.
namespace muster::registry {

Result<EnrollmentSnapshot> read_enrollment_snapshot(Store& store, const ServiceName& dps,
                                                    const RegistrationId& id, std::int64_t generation_known);
Result<ConnectSnapshot> read_connect_snapshot(Store& store, const ConnectQuestion& question);

}  // namespace muster::registry
