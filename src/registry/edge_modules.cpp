#include "registry/edge_modules.hpp"

#include <fmt/format.h>

namespace muster::registry {

std::string new_edge_scope(const DeviceId& device, WallTime now) {
  return fmt::format("ms-azure-iot-edge://{}-{}", device.str(), now.time_since_epoch().count());
}

Result<void> keep_edge_modules(Store& store, const DeviceIdentity& device) {
  for (const std::string_view name : {"$edgeAgent", "$edgeHub"}) {
    const ModuleId id = *ModuleId::parse(name);
    if (!device.iot_edge) {
      MUSTER_CHECK(store.modules().remove(device.hub, device.id, id, kAnyVersion));
      continue;
    }
    const ModuleIdentity module{.hub = device.hub,
                                .device = device.id,
                                .id = id,
                                .generation_id = device.generation_id,
                                .managed_by = "iotEdge",
                                .auth = {},
                                .created = device.created};
    MUSTER_CHECK(store.modules().put(module, kAnyVersion, nullptr));
  }
  return {};
}

}  // namespace muster::registry
