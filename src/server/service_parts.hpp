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
#include "webhook/webhook.hpp"
#include "world/running_world.hpp"

#include <boost/asio/thread_pool.hpp>
#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muster::server {

/// Everything that a running service is made of, in the order of construction: what is below uses what is
/// above, so destruction from the end is always safe. The subscription and resource group that everything of
/// a world is in (contract section 2).
inline constexpr std::string_view kSubscriptionId = "00000000-0000-0000-0000-000000000001";
inline constexpr std::string_view kResourceGroup = "iot-x509-demo-rg";

/// What listens at one hub's own address, beside the addresses of the configuration.
struct HubListeners {
  std::vector<net::PortClaim> claims;
  std::vector<net::Listener> listeners;
};

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
        started{injected.clock.wall()},
        started_steady{injected.clock.steady()} {}

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
  std::uint64_t descriptors_max = 0;  ///< Of this process.

  trust::AnchorCache anchors;
  trust::VerdictCache verdicts;
  std::unique_ptr<webhook::Webhook> webhook;
  std::unique_ptr<provisioning::Allocation> allocation;
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
  mutable std::mutex hub_listeners_mutex;
  std::map<std::string, HubListeners> hub_listeners;  ///< By address.
  std::unique_ptr<net::UnixListener> control;
  std::jthread looking_back;  ///< Reads from the log when devices were last there, and ends.
  /// One thread: hubs and DPS instances that come and go are followed one change after the other, and the
  /// disk is no shard's to wait for.
  std::unique_ptr<asio::thread_pool> changes;

  WallTime started;
  SteadyTime started_steady;
  std::uint64_t resident_at_start = 0;  ///< Once it is ready.
  std::atomic<bool> stopping{false};
  std::mutex stop_mutex;
  std::function<void()> stop_requested;
};

/// What chooses the hubs of devices, made of the configuration; `parts.webhook` with it.
Result<void> open_allocation(Service::Parts& parts);

/// The first IPv4 address that is listened on: the first hub's for good.
std::string first_ipv4(const Config& config);
/// Where a hub is reached: at its own address, or at the first one where its own cannot be listened on.
std::string hub_address(const Service::Parts& parts, const std::string& own);
/// A listener of each shard on a claimed endpoint.
Result<void> open_mqtt(Service::Parts& parts, const net::PortClaim& claim, std::vector<net::Listener>& into);
Result<void> open_https(Service::Parts& parts, const net::PortClaim& claim, std::vector<net::Listener>& into);
/// Listens at the own address of every hub that the front door knows, and no longer at those of hubs that
/// are gone. What an operator should know of it, one line each.
std::vector<std::string> listen_for_hubs(Service::Parts& parts);
/// Writes how to reach the service: run/hosts in place, then world.json, by rename.
Result<void> announce(const Service::Parts& parts);
/// Reads the services anew, listens for them and announces them; completes when it is done. Call on a shard.
asio::awaitable<void> follow_services(Service::Parts& parts);

/// As many descriptors as this process may have: its soft limit is raised to the hard one.
std::uint64_t raise_descriptor_limit();
/// How many connections there may be, within the configuration and the descriptors. After the shards.
void make_connection_limits(Service::Parts& parts);
rest::HttpLimits http_limits(const LimitsConfig& limits);
/// "limits" of `muster status`: each with what is used of it.
nlohmann::ordered_json limits_json(const Service::Parts& parts);
/// The same for GET /metrics.
std::string limits_metrics(const Service::Parts& parts);

/// What world.json says of the running service.
world::RunningWorld running_world(const Service::Parts& parts);
/// Of this process, from the kernel; 0 where it does not say.
std::uint64_t resident_bytes();
/// What the process knows of itself, now.
rest::ProcessFigures process_figures(const Service::Parts& parts);
/// The object of `muster status -o json`.
std::string status_json(const Service::Parts& parts);
/// The effective configuration, each key with its value and who set it.
std::string config_json(const LoadedConfig& loaded);
/// The CRL that the server certificates point to: empty, signed now.
Result<Bytes> server_crl(const Service::Parts& parts);

}  // namespace muster::server
