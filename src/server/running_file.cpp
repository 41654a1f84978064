#include "server/service_parts.hpp"
#include "server/version.hpp"

#include <unistd.h>

#include <cstdio>

namespace muster::server {
namespace {

/// Tells this process from a later one of the same number.
std::uint64_t start_ticks() {
  std::FILE* file = std::fopen("/proc/self/stat", "re");
  if (file == nullptr) return 0;
  char text[1024] = {};
  const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  return world::parse_start_ticks({text, size});
}

}  // namespace

world::RunningWorld running_world(const Service::Parts& parts) {
  world::RunningWorld running{.version = std::string{kVersion},
                              .pid = ::getpid(),
                              .started = format_utc_7(parts.started),
                              .start_ticks = start_ticks()};
  running.endpoints.mqtt = parts.ready.mqtt_endpoints;
  running.endpoints.https = parts.ready.https_endpoints;
  running.endpoints.admin = parts.ready.admin_endpoint;
  const auto services = parts.front_door->table();
  for (const DpsInstance& instance : services->dps) {
    running.dps.push_back(
        {std::string{instance.name.str()}, instance.id_scope, dps_host_name(instance.name)});
  }
  for (const auto& entry : services->hubs) {
    running.hubs.push_back({std::string{entry.hub.name.str()}, hub_host_name(entry.hub.name),
                            hub_address(parts, entry.address)});
  }
  return running;
}

}  // namespace muster::server
