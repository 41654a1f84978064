#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::world {

/// Where a service of the world is reached: its name, the Azure name it answers as, and its own address.
struct DpsEndpoint {
  std::string name;      ///< "my-dps-x509"
  std::string id_scope;  ///< "0ne00123ABC"
  std::string host;      ///< "my-dps-x509.azure-devices-provisioning.net"
  friend bool operator==(const DpsEndpoint&, const DpsEndpoint&) = default;
};
struct HubEndpoint {
  std::string name;     ///< "my-iot-hub-x509"
  std::string host;     ///< "my-iot-hub-x509.azure-devices.net"
  std::string address;  ///< "127.0.0.1": the hub's for good (contract: the nth hub is at the nth address).
  friend bool operator==(const HubEndpoint&, const HubEndpoint&) = default;
};

/// Address and port of each listener as it was really bound: "127.0.0.1:8883", "[::1]:8883". The first of
/// each is the first of `--listen`. Empty where the protocol is not served.
struct ListenEndpoints {
  std::vector<std::string> mqtt;
  std::vector<std::string> https;
  std::vector<std::string> amqp;
  std::string admin;
  friend bool operator==(const ListenEndpoints&, const ListenEndpoints&) = default;
};

/// What world.json says: how to reach the service that runs a world. It holds no secret.
/// Written by rename when the service is ready and again when hubs or DPS instances come and go; removed on
/// stop. A service that was killed leaves it behind: `start_ticks` tells whether `pid` is still that process.
/// docs/reference/world-json.md.
struct RunningWorld {
  std::string version;  ///< muster's own: "0.1.0".
  std::int64_t pid = 0;
  std::string started;            ///< UTC, for people: "2026-01-21T10:30:00.1234560Z".
  std::uint64_t start_ticks = 0;  ///< Field 22 of /proc/PID/stat; 0 when the writer could not know.
  ListenEndpoints endpoints;
  std::vector<DpsEndpoint> dps;
  std::vector<HubEndpoint> hubs;
  std::string ca_file = "server/ca.pem";  ///< What clients trust; relative to the world's folder.
  friend bool operator==(const RunningWorld&, const RunningWorld&) = default;
};

std::string to_json(const RunningWorld& world);
/// world_damaged with the member that is missing or has the wrong type. Unknown members are skipped: a newer
/// service may say more.
Result<RunningWorld> parse_running_world(std::string_view text);

/// The content of run/hosts: the Azure names of the world, then `system_hosts` (the machine's own
/// /etc/hosts), so that the world's names win and all others stay.
std::string hosts_file(const RunningWorld& world, std::string_view system_hosts);

/// The address in "127.0.0.1:8883" or "[::1]:8883", without brackets; empty when there is none.
std::string endpoint_address(std::string_view endpoint);
/// The port in it; 0 when there is none.
std::uint16_t endpoint_port(std::string_view endpoint);

/// Field 22 (start time in clock ticks since boot) of the text of /proc/PID/stat; 0 when it is not such a
/// text.
std::uint64_t parse_start_ticks(std::string_view stat);

}  // namespace muster::world
