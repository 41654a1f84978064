#pragma once

#include "registry/repositories.hpp"

#include <string_view>

/// The modules that an IoT Edge device has without anybody making them. Source: service/04 section 4.3.
namespace muster::registry {

/// Whether a module's name is one of those, which clients neither make nor change: it begins with `$`.
constexpr bool is_system_module(std::string_view name) noexcept { return name.starts_with('$'); }

/// The scope that a device gets when it becomes an IoT Edge device: never the same twice.
std::string new_edge_scope(const DeviceId& device, WallTime now);

/// Brings `$edgeAgent` and `$edgeHub` in line with the device as it is stored now: there where it is an edge
/// device, gone where it is not any more. To be called in the write that stored it, when it is new or its
/// being an edge device has changed.
Result<void> keep_edge_modules(Store& store, const DeviceIdentity& device);

}  // namespace muster::registry
