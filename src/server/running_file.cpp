#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "net/address.hpp"
#include "server/service_parts.hpp"
#include "server/version.hpp"

namespace muster::server {

std::string running_json(const Config& config, const Ready& ready, const ServiceTable& services, WallTime started) {
  using Json = nlohmann::ordered_json;
  Json dps = Json::array();
  for (const DpsInstance& instance : services.dps) {
    dps.push_back({{"name", instance.name.str()}, {"idScope", instance.id_scope}, {"host", dps_host_name(instance.name)}});
  }
  Json hubs = Json::array();
  for (const auto& entry : services.hubs) {
    hubs.push_back({{"name", entry.hub.name.str()}, {"host", hub_host_name(entry.hub.name)}, {"address", entry.address}});
  }
  const Json whole{{"version", kVersion},
                   {"pid", ::getpid()},
                   {"started", format_utc_7(started)},
                   {"endpoints", {{"mqtt", ready.mqtt_endpoints}, {"admin", ready.admin_endpoint}}},
                   {"names", config.names},
                   {"dps", std::move(dps)},
                   {"hubs", std::move(hubs)},
                   {"caFile", "server/ca.pem"}};
  return whole.dump(2) + "\n";
}

std::string hosts_text(const ServiceTable& services, const std::string& first_address) {
  std::string text = fmt::format("{} {}\n", first_address, kGlobalProvisioningHost);
  for (const DpsInstance& instance : services.dps) {
    text += fmt::format("{} {}\n", first_address, dps_host_name(instance.name));
  }
  for (const auto& entry : services.hubs) text += fmt::format("{} {}\n", entry.address, hub_host_name(entry.hub.name));
  return text;
}

}  // namespace muster::server
