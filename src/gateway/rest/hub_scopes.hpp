#pragma once

#include "base/clock.hpp"
#include "model/device.hpp"
#include "registry/repositories.hpp"

#include <optional>

/// Who is whose parent among IoT Edge devices. Source: service/04 section 4.3.
namespace muster::rest {

/// Parents above a device; ours, so that a walk upward has an end.
inline constexpr std::size_t kParentLevelsMax = 16;

/// Settles the scopes of a device that is about to be stored over `existing`. An edge device gets a scope of
/// its own when it becomes one, and must give it back later; its parent is in parentScopes. A leaf's parent
/// is its deviceScope, and parentScopes follows. A parent that was not there before must be an edge device of
/// the hub and no child of this one. field_invalid naming the member.
Result<void> settle_scopes(registry::Store& store, const std::optional<DeviceIdentity>& existing,
                           DeviceIdentity& wanted, WallTime now);

}  // namespace muster::rest
