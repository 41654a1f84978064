#include "gateway/rest/hub_scopes.hpp"

#include "registry/edge_modules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace muster::rest {
namespace {

constexpr std::string_view kScopeScheme = "ms-azure-iot-edge://";

/// The device of "ms-azure-iot-edge://{id}-{ticks}": ids hold dashes themselves, so the last one counts.
std::optional<DeviceId> device_of_scope(std::string_view scope) {
  if (!scope.starts_with(kScopeScheme)) return std::nullopt;
  scope.remove_prefix(kScopeScheme.size());
  auto id = DeviceId::parse(scope.substr(0, scope.rfind('-')));
  if (!id) return std::nullopt;
  return *std::move(id);
}

Result<std::optional<DeviceIdentity>> edge_device_of(registry::Store& store, const ServiceName& hub,
                                                     const std::string& scope) {
  const auto id = device_of_scope(scope);
  if (!id) return std::nullopt;
  MUSTER_TRY(auto device, store.devices().find(hub, *id));
  if (!device || !device->iot_edge || device->device_scope != scope) return std::nullopt;
  return device;
}

/// That `scope` is an edge device's, and that `child` is not above it.
Result<void> check_parent(registry::Store& store, const DeviceIdentity& child, const std::string& scope,
                          std::string_view member) {
  MUSTER_TRY(auto above, edge_device_of(store, child.hub, scope));
  if (!above) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("{}: {} is not the scope of an IoT Edge device of hub {}", member, scope,
                               child.hub.str()));
  }
  for (std::size_t level = 0; above; ++level) {
    if (above->id == child.id) {
      return failure(ErrorCode::field_invalid,
                     fmt::format("{}: {} would be its own parent", member, child.id.str()));
    }
    if (level == kParentLevelsMax) {
      return failure(ErrorCode::field_invalid,
                     fmt::format("{}: there would be more than {} parents", member, kParentLevelsMax));
    }
    if (above->parent_scopes.empty()) return {};
    MUSTER_TRY(above, edge_device_of(store, child.hub, above->parent_scopes.front()));
  }
  return {};
}

Result<void> settle_edge(registry::Store& store, const std::optional<DeviceIdentity>& existing,
                         DeviceIdentity& wanted, WallTime now) {
  const bool was_edge = existing && existing->iot_edge;
  if (was_edge && wanted.device_scope != existing->device_scope) {
    return failure(
        ErrorCode::field_invalid,
        fmt::format("deviceScope: an edge device's own, {}, must be given back", existing->device_scope));
  }
  if (!was_edge) {
    wanted.device_scope = registry::new_edge_scope(wanted.id, now);
  }
  if (wanted.parent_scopes.empty() || (existing && existing->parent_scopes == wanted.parent_scopes))
    return {};
  return check_parent(store, wanted, wanted.parent_scopes.front(), "parentScopes");
}

Result<void> settle_leaf(registry::Store& store, const std::optional<DeviceIdentity>& existing,
                         DeviceIdentity& wanted) {
  // Its own scope goes with being an edge device; a parent that it had stays.
  if (existing && existing->iot_edge && wanted.device_scope == existing->device_scope) {
    wanted.device_scope = wanted.parent_scopes.empty() ? "" : wanted.parent_scopes.front();
  }
  if (!wanted.parent_scopes.empty() && wanted.parent_scopes.front() != wanted.device_scope) {
    return failure(
        ErrorCode::field_invalid,
        fmt::format("parentScopes: {} found, and deviceScope is \"{}\": a device that is not IoT Edge "
                    "has its parent in both",
                    wanted.parent_scopes.front(), wanted.device_scope));
  }
  wanted.parent_scopes.clear();
  if (wanted.device_scope.empty()) return {};
  wanted.parent_scopes.push_back(wanted.device_scope);
  if (existing && existing->device_scope == wanted.device_scope) return {};
  return check_parent(store, wanted, wanted.device_scope, "deviceScope");
}

}  // namespace

Result<void> settle_scopes(registry::Store& store, const std::optional<DeviceIdentity>& existing,
                           DeviceIdentity& wanted, WallTime now) {
  if (wanted.iot_edge) return settle_edge(store, existing, wanted, now);
  return settle_leaf(store, existing, wanted);
}

}  // namespace muster::rest
