#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"
#include "registry/sqlite/service_id.hpp"

/// Devices by index (DeviceRepository::search), but for those that are asked for by id.
namespace muster::registry::sqlite {

struct DeviceSearch {
  const DeviceFilter& filter;
  const std::string& after;
  std::size_t limit;  ///< From 1 on.
};

Result<Page<DeviceRecord>> search_devices(Connection& connection, const ServiceRow& hub,
                                          const DeviceSearch& search);

}  // namespace muster::registry::sqlite
