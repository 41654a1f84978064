#pragma once

#include "eventlog/segmented_log.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "gateway/rest/gateway.hpp"
#include "hub/twins.hpp"
#include "journal/journal.hpp"
#include "net/listener.hpp"
#include "net/unix_socket.hpp"
#include "provisioning/operations.hpp"
#include "server/front_door.hpp"
#include "server/service.hpp"
#include "server/world.hpp"
#include "throttle/throttles.hpp"
#include "world/running_world.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::server {

/// Everything that a running service is made of, in the order of construction: what is below uses what is
/// above, so destruction from the end is always safe. The subscription and resource group that everything of
/// a world is in (contract section 2).
inline constexpr std::string_view kSubscriptionId = "00000000-0000-0000-0000-000000000001";
inline constexpr std::string_view kResourceGroup = "iot-x509-demo-rg";

struct Service::Parts {
  Parts(Injected injected_, WorldPaths paths_, LoadedConfig loaded_)
      : injected{injected_},
        paths{std::move(paths_)},
        loaded{std::move(loaded_)},
        journal{injected.clock, injected.random},
        sessions{injected.clock},
        throttles{injected.clock, loaded.config.limits.profile == LimitsProfile::azure_s1
                                      ? throttle::Profile::azure_s1
                                      : throttle::Profile::none},
        started{injected.clock.wall()} {}

  const Config& config() const { return loaded.config; }

  Injected injected;
  WorldPaths paths;
  LoadedConfig loaded;
  Ready ready;

  std::unique_ptr<WorldLock> lock;
  std::optional<ServerTls> tls;
  journal::Journal journal;
  hub::SessionDirectory sessions;
  throttle::Throttles throttles;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<eventlog::EventLog> log;
  std::unique_ptr<FrontDoor> front_door;
  std::unique_ptr<net::TlsServerContext> tls_context;
  std::unique_ptr<net::ConnectionLimits> connections, https_connections, admin_connections;

  trust::AnchorCache anchors;
  trust::VerdictCache verdicts;
  provisioning::PolicyAllocation allocation;
  std::unique_ptr<provisioning::Provisioning> provisioning;
  std::unique_ptr<provisioning::Operations> operations;
  std::unique_ptr<hub::ConnectService> connect;
  std::unique_ptr<hub::Twins> twins;

  std::vector<net::PortClaim> mqtt_claims, https_claims;
  std::optional<net::PortClaim> admin_claim;
  std::vector<std::unique_ptr<net::Shard>> shards;
  std::unique_ptr<rest::Gateway> rest;
  std::unique_ptr<rest::AdminGateway> admin;
  std::unique_ptr<mqtt::Gateway> mqtt;
  std::vector<net::Listener> listeners;
  std::unique_ptr<net::UnixListener> control;

  WallTime started;
  std::atomic<bool> stopping{false};
  std::mutex stop_mutex;
  std::function<void()> stop_requested;
};

/// What world.json says of the running service.
world::RunningWorld running_world(const Service::Parts& parts);
/// The object of `muster status -o json`.
std::string status_json(const Service::Parts& parts);
/// The effective configuration, each key with its value and who set it.
std::string config_json(const LoadedConfig& loaded);
/// The CRL that the server certificates point to: empty, signed now.
Result<Bytes> server_crl(const Service::Parts& parts);

}  // namespace muster::server
