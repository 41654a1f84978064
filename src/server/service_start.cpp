#include "base/log.hpp"
#include "hub/last_seen.hpp"
#include "net/address.hpp"
#include "server/blocking.hpp"
#include "server/folder_before.hpp"
#include "server/service_parts.hpp"
#include "server/tutorial.hpp"

#include <arpa/inet.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace muster::server {
namespace {

/// Addresses that hubs may come to live at, permitted and certified ahead, so that a new hub needs no new
/// certificate.
constexpr std::uint32_t kHubAddressesAhead = 16;
constexpr std::uint64_t kConfigBytesMax = 1u << 20;
constexpr std::string_view kTutorialConfig =
    "{\n  \"dps\": {\"identity_type\": \"certificateAuthority\"}\n}\n";

Result<std::string> config_text(disk::Disk& disk, const WorldPaths& paths, WorldState state, bool bare) {
  MUSTER_TRY(const bool there, disk.exists(paths.config()));
  if (there) {
    MUSTER_TRY(const Bytes bytes, disk::read_all(disk, paths.config(), kConfigBytesMax));
    return std::string{as_text(bytes)};
  }
  return std::string{state == WorldState::whole || bare ? std::string_view{"{}\n"} : kTutorialConfig};
}

/// The addresses of this machine's interfaces, which is what listening on 0.0.0.0 or :: means.
std::vector<std::string> interface_addresses() {
  std::vector<std::string> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (entry->ifa_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr, text, sizeof text);
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr, text,
                sizeof text);
    } else {
      continue;
    }
    addresses.emplace_back(text);
  }
  freeifaddrs(first);
  return addresses;
}

/// Every address and name that the service answers as beside localhost and the Azure names.
std::vector<std::string> own_names(const Config& config) {
  std::vector<std::string> names;
  const auto add = [&names](const std::string& name) {
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const std::string& address : config.listen) {
    if (net::is_any(address)) {
      std::ranges::for_each(interface_addresses(), add);
    } else {
      add(address);
    }
  }
  std::ranges::for_each(config.names, add);
  return names;
}

pki::ServerNames server_names(const Config& config) {
  pki::ServerNames names;
  names.dns_names = {"localhost", "*.azure-devices-provisioning.net", "*.azure-devices.net"};
  names.dns_subtrees = {"localhost", "azure-devices-provisioning.net", "azure-devices.net"};
  const auto add_address = [&names](const std::string& address) {
    if (std::ranges::find(names.ip_addresses, address) == names.ip_addresses.end())
      names.ip_addresses.push_back(address);
  };
  for (const std::string& name : own_names(config)) {
    if (net::is_address(name)) {
      add_address(name);
    } else {
      names.dns_names.push_back(name);
      names.dns_subtrees.push_back(name);
    }
  }
  const std::string first = first_ipv4(config);
  for (std::uint32_t i = 0; net::is_loopback(first) && i < kHubAddressesAhead; ++i) {
    if (const auto address = net::address_plus(first, i)) add_address(*address);
  }
  return names;
}

eventlog::SegmentedLogConfig log_config(const Config& config, const WorldPaths& paths) {
  return {.directory = paths.events(),
          .segment_bytes = config.event_log.segment_bytes,
          .flush_interval = std::chrono::microseconds{config.event_log.flush_interval_us},
          .queue_bytes_max = config.event_log.queue_bytes_max,
          .retention = std::chrono::hours{config.event_log.retention_hours},
          .reserve_bytes = config.event_log.reserve_bytes};
}

/// Azure documents five subscriptions a connection (device/06 section 2).
std::uint32_t subscriptions_max(const LimitsConfig& limits) {
  constexpr std::uint32_t kAzures = 5;
  return limits.profile == LimitsProfile::azure_s1 ? std::min(kAzures, limits.subscriptions_max)
                                                   : limits.subscriptions_max;
}

mqtt::MqttLimits mqtt_limits(const Config& config) {
  return {.packet_bytes_max = static_cast<std::uint32_t>(config.limits.packet_bytes_max),
          .connect_bytes_max = static_cast<std::uint32_t>(config.limits.connect_bytes_max),
          .handshake_timeout = std::chrono::seconds{config.limits.handshake_seconds},
          .connect_timeout = std::chrono::seconds{config.limits.connect_seconds},
          .inflight_max = config.limits.inflight_max,
          .outbox_bytes_max = static_cast<std::uint32_t>(config.limits.outbox_bytes_max),
          .requests_max = config.limits.requests_max,
          .desired_waiting_max = config.limits.desired_waiting_max,
          .desired_inflight_max = config.limits.desired_inflight_max,
          .subscriptions_max = subscriptions_max(config.limits),
          .keep_alive_max = std::chrono::seconds{config.limits.keep_alive_max_s}};
}

mqtt::DisabledAnswer disabled_answer(DisabledStatus status) {
  switch (status) {
    case DisabledStatus::unauthorized:
      return mqtt::DisabledAnswer::unauthorized;
    case DisabledStatus::forbidden:
      return mqtt::DisabledAnswer::forbidden;
    case DisabledStatus::disabled:
      return mqtt::DisabledAnswer::disabled;
  }
  return mqtt::DisabledAnswer::unauthorized;
}

mqtt::DpsAnswers dps_answers(const Config& config) {
  return {.retry_after_s = static_cast<int>(config.dps.retry_after_s),
          .response_delay = std::chrono::milliseconds{config.dps.response_delay_ms},
          .disabled = disabled_answer(config.dps.disabled_status)};
}

std::size_t shard_count(const Config& config) {
  constexpr unsigned kShardsByDefaultMax = 2;
  if (config.shards > 0) return config.shards;
  return std::clamp(std::thread::hardware_concurrency(), 1u, kShardsByDefaultMax);
}

Result<std::vector<net::PortClaim>> take_ports(const std::vector<std::string>& addresses,
                                               std::uint16_t port) {
  std::vector<net::PortClaim> claims;
  for (const std::string& address : addresses) {
    MUSTER_TRY(net::PortClaim claim, net::PortClaim::take({address, port}));
    claims.push_back(std::move(claim));
  }
  return claims;
}

/// A device that was assigned to another hub has no identity at the one it left.
void end_sessions_of(hub::SessionDirectory& sessions, const DeviceIdentity& left) {
  sessions.close_where(
      [&](const hub::SessionKey& key) { return key.hub == left.hub && key.device == left.id; },
      Error{ErrorCode::device_not_found,
            fmt::format("device {} was assigned to another hub than {}", left.id.str(), left.hub.str())});
  sessions.forget({left.hub, left.id, ""});
}

}  // namespace

/// The steps of starting, each a function of what the ones before have made.
class Starting {
 public:
  Starting(Service::Parts& parts, FolderBefore* before) : parts_{parts}, before_{before} {}

  Result<void> run(WorldState state, bool bare, const std::string& config_file) {
    note_identity_type();
    // A world that is there says who runs it before its ports do; one that is not is not made when its ports
    // are taken.
    if (state != WorldState::absent) MUSTER_CHECK(lock());
    MUSTER_CHECK(claim_ports());
    if (state == WorldState::absent) {
      MUSTER_CHECK(parts_.injected.disk.make_directory(parts_.paths.folder));
      MUSTER_CHECK(lock());
    }
    if (state != WorldState::whole) MUSTER_CHECK(begin_world(parts_.injected.disk, parts_.paths));
    MUSTER_CHECK(open_stores(state));
    if (state != WorldState::whole) MUSTER_CHECK(make_world(bare, config_file));
    MUSTER_CHECK(open_services());
    MUSTER_CHECK(listen());
    // Last: who finds world.json may connect.
    MUSTER_CHECK(announce(parts_));
    // The very last: a world that is whole is never unmade.
    if (state != WorldState::whole) MUSTER_CHECK(finish_world(parts_.injected.disk, parts_.paths));
    look_back();
    return {};
  }

  /// From then on the parts must be stopped in order.
  bool serves() const { return serves_; }

 private:
  void note_identity_type();
  Result<void> lock();
  Result<void> claim_ports();
  Result<void> claim_https();
  Result<void> open_stores(WorldState state);
  Result<void> check_log_is_there();
  Result<void> make_world(bool bare, const std::string& config_file);
  Result<void> open_services();
  Result<void> listen();
  Result<void> listen_mqtt();
  Result<void> listen_https();
  Result<void> listen_admin();
  Result<void> listen_control();
  void look_back();
  Service::Parts& parts_;
  FolderBefore* before_;  ///< None for a world that is whole.
  bool serves_ = false;
  std::optional<net::PortClaim> admin_claim_;
};

/// A key that is taken out of muster.json is the default again, which nothing else would show.
void Starting::note_identity_type() {
  parts_.ready.identity_type = parts_.config().dps.identity_type == IdentityType::certificate_authority
                                   ? "certificateAuthority"
                                   : "selfSigned";
  parts_.ready.identity_type_origin = origin_name(parts_.loaded.origin_of("dps.identity_type"));
}

Result<void> Starting::lock() {
  MUSTER_TRY(parts_.lock, WorldLock::take(parts_.paths));
  if (before_ != nullptr) return before_->look_inside();
  return {};
}

Result<void> Starting::claim_ports() {
  const Config& config = parts_.config();
  MUSTER_TRY(parts_.mqtt_claims, take_ports(config.listen, config.mqtt_port));
  MUSTER_CHECK(claim_https());
  for (const net::PortClaim& claim : parts_.mqtt_claims)
    parts_.ready.mqtt_endpoints.push_back(net::format_endpoint(claim.endpoint()));
  for (const net::PortClaim& claim : parts_.https_claims)
    parts_.ready.https_endpoints.push_back(net::format_endpoint(claim.endpoint()));
  const std::string first = first_ipv4(config);
  const std::string admin_address = net::is_loopback(first) ? first : "127.0.0.1";
  MUSTER_TRY(admin_claim_, net::PortClaim::take({admin_address, config.admin_port}));
  parts_.ready.admin_endpoint = net::format_endpoint(admin_claim_->endpoint());
  return {};
}

/// 443 falls back to 8443 where the user may not bind it, unless somebody asked for 443.
Result<void> Starting::claim_https() {
  constexpr std::uint16_t kFallback = 8443;
  const Config& config = parts_.config();
  auto claims = take_ports(config.listen, config.https_port);
  if (!claims && claims.error().code() == ErrorCode::permission_denied &&
      parts_.loaded.origin_of("https_port") == Origin::default_value) {
    parts_.ready.talk.push_back(fmt::format(
        "port {} may not be bound by this user: HTTPS is on {}. Clients of the Azure names need {}: start as "
        "root, or allow it once: sudo sysctl net.ipv4.ip_unprivileged_port_start=443",
        config.https_port, kFallback, config.https_port));
    claims = take_ports(config.listen, kFallback);
  }
  if (!claims) return failure(claims.error());
  parts_.https_claims = *std::move(claims);
  return {};
}

/// A world whose registry knows a hub has a log: without it, a new one would begin where the old one was
/// lost.
Result<void> Starting::check_log_is_there() {
  std::size_t hubs = 0;
  MUSTER_CHECK(run_blocking(parts_.registry->read([&](registry::Store& store) -> Result<void> {
    MUSTER_TRY(const auto known, store.services().hubs());
    hubs = known.size();
    return {};
  })));
  const std::string table = parts_.paths.events() + "/hubs";
  MUSTER_TRY(const bool there, parts_.injected.disk.exists(table));
  if (hubs > 0 && !there) {
    return failure(ErrorCode::world_damaged,
                   fmt::format("{} is missing, and the registry knows {} hubs", table, hubs));
  }
  return {};
}

Result<void> Starting::open_stores(WorldState state) {
  auto& [clock, random, disk] = parts_.injected;
  const Config& config = parts_.config();
  MUSTER_TRY(parts_.tls, open_server_tls(disk, parts_.paths,
                                         {server_names(config),
                                          fmt::format("http://{}/server.crl", parts_.ready.admin_endpoint)},
                                         clock, random));
  for (const std::string& line : parts_.tls->talk) parts_.ready.talk.push_back(line);
  MUSTER_TRY(parts_.tls_context, net::TlsServerContext::make(parts_.tls->identities));
  registry::RegistryConfig registry{.path = parts_.paths.registry(), .near_count = shard_count(config)};
  MUSTER_TRY(parts_.registry, registry::open_sqlite_registry(std::move(registry)));
  if (state == WorldState::whole) MUSTER_CHECK(check_log_is_there());
  MUSTER_CHECK(disk.make_directory(parts_.paths.events()));
  MUSTER_TRY(parts_.log, eventlog::open_segmented_log(disk, clock, log_config(config, parts_.paths)));
  return {};
}

Result<void> Starting::make_world(bool bare, const std::string& config_file) {
  auto& [clock, random, disk] = parts_.injected;
  MUSTER_CHECK(disk::write_atomically(disk, parts_.paths.config(), as_bytes(config_file)));
  if (!bare) {
    MUSTER_CHECK(
        make_tutorial_certificates(disk, parts_.paths, parts_.ready.mqtt_endpoints.front(), clock, random));
    MUSTER_CHECK(run_blocking(make_tutorial_services(*parts_.registry, disk, parts_.paths, clock, random)));
  }
  parts_.ready.made_world = true;
  return {};
}

Result<void> Starting::open_services() {
  auto& [clock, random, disk] = parts_.injected;
  const Config& config = parts_.config();
  parts_.front_door = std::make_unique<FrontDoor>(*parts_.registry, first_ipv4(config), own_names(config));
  MUSTER_CHECK(run_blocking(parts_.front_door->refresh()));
  for (const auto& entry : parts_.front_door->table()->hubs) {
    MUSTER_CHECK(parts_.log->add_hub(entry.hub.name.key(), entry.hub.partition_count));
  }
  for (std::size_t i = 0; i < shard_count(config); ++i) {
    parts_.shards.push_back(std::make_unique<net::Shard>(clock, static_cast<std::uint32_t>(i)));
  }
  MUSTER_CHECK(open_allocation(parts_));
  provisioning::ProvisioningConfig provisioning_config;
  provisioning_config.operations_max = config.limits.operations_max;
  provisioning_config.identity_type = config.dps.identity_type == IdentityType::certificate_authority
                                          ? provisioning::IdentityType::certificate_authority
                                          : provisioning::IdentityType::self_signed;
  provisioning_config.sas_clock_skew = std::chrono::seconds{config.sas.clock_skew_s};
  parts_.provisioning = std::make_unique<provisioning::Provisioning>(provisioning::Provisioning{
      *parts_.registry, parts_.anchors, parts_.verdicts, *parts_.allocation, clock, random,
      provisioning_config,
      [&parts = parts_](const DeviceIdentity& left) { end_sessions_of(parts.sessions, left); }});
  parts_.operations = std::make_unique<provisioning::Operations>(*parts_.provisioning);
  parts_.connect = std::make_unique<hub::ConnectService>(
      hub::ConnectService{*parts_.registry, parts_.anchors, parts_.verdicts, clock,
                          std::chrono::seconds{config.sas.clock_skew_s}});
  parts_.twins = std::make_unique<hub::Twins>(*parts_.registry, parts_.sessions, clock);
  return {};
}

rest::Services rest_services(Service::Parts& parts) {
  rest::ProcessFace process{
      .status_json = [&parts] { return status_json(parts); },
      .config_json = [&parts] { return config_json(parts.loaded); },
      .stop =
          [&parts] {
            const std::lock_guard lock{parts.stop_mutex};
            if (parts.stop_requested) parts.stop_requested();
          },
      .services_changed = [&parts] { return follow_services(parts); },
      .figures = [&parts] { return process_figures(parts); },
  };
  return {.clock = parts.injected.clock,
          .random = parts.injected.random,
          .registry = *parts.registry,
          .log = *parts.log,
          .journal = parts.journal,
          .sessions = parts.sessions,
          .twins = *parts.twins,
          .names = *parts.front_door,
          .throttles = parts.throttles,
          .process = std::move(process),
          .subscription_id = std::string{kSubscriptionId},
          .resource_group = std::string{kResourceGroup},
          .sas_clock_skew = std::chrono::seconds{parts.config().sas.clock_skew_s},
          .allocation = parts.allocation.get()};
}

Result<void> Starting::listen() {
  mqtt::GatewayServices services{parts_.injected.clock,
                                 parts_.journal,
                                 *parts_.registry,
                                 *parts_.log,
                                 *parts_.operations,
                                 *parts_.provisioning,
                                 *parts_.connect,
                                 parts_.sessions,
                                 *parts_.twins,
                                 parts_.throttles,
                                 *parts_.front_door,
                                 mqtt_limits(parts_.config()),
                                 dps_answers(parts_.config())};
  parts_.mqtt = std::make_unique<mqtt::Gateway>(std::move(services), parts_.shards);
  parts_.rest = std::make_unique<rest::Gateway>(rest_services(parts_), http_limits(parts_.config().limits));
  make_connection_limits(parts_);
  MUSTER_CHECK(listen_mqtt());
  MUSTER_CHECK(listen_https());
  parts_.changes = std::make_unique<asio::thread_pool>(1);
  for (std::string& line : listen_for_hubs(parts_)) parts_.ready.talk.push_back(std::move(line));
  MUSTER_CHECK(listen_admin());
  MUSTER_CHECK(listen_control());
  for (const auto& shard : parts_.shards) shard->start();
  parts_.resident_at_start = resident_bytes();
  serves_ = true;
  return {};
}

Result<void> Starting::listen_mqtt() {
  for (const net::PortClaim& claim : parts_.mqtt_claims) {
    MUSTER_CHECK(open_mqtt(parts_, claim, parts_.listeners));
  }
  return {};
}

/// The service APIs: the same front door as for devices, on another port.
Result<void> Starting::listen_https() {
  for (const net::PortClaim& claim : parts_.https_claims) {
    MUSTER_CHECK(open_https(parts_, claim, parts_.listeners));
  }
  return {};
}

Result<void> Starting::listen_admin() {
  constexpr net::ConnectionCaps kAdminCaps{.connections_max = 256, .connections_per_address_max = 256};
  parts_.admin_connections = std::make_unique<net::ConnectionLimits>(kAdminCaps);
  MUSTER_TRY(Bytes crl, server_crl(parts_));
  rest::AdminFace face{.stopping = [&parts = parts_] { return parts.stopping.load(); },
                       .crl_der = std::move(crl),
                       .limit_metrics = [&parts = parts_] { return limits_metrics(parts); }};
  parts_.admin = std::make_unique<rest::AdminGateway>(rest_services(parts_), std::move(face),
                                                      http_limits(parts_.config().limits));
  MUSTER_TRY(net::Listener listener,
             net::Listener::open(*parts_.shards.front(), *admin_claim_, *parts_.admin_connections));
  listener.start([&parts = parts_](net::Accepted accepted, net::Shard& on) {
    auto stream =
        std::make_shared<net::PlainStream>(on, std::move(accepted.socket), std::move(accepted.slot));
    asio::co_spawn(on.io(), parts.admin->serve(on, std::move(stream)), asio::detached);
  });
  parts_.listeners.push_back(std::move(listener));
  parts_.admin_claim = std::move(admin_claim_);
  return {};
}

Result<void> Starting::listen_control() {
  MUSTER_TRY(net::UnixListener listener,
             net::UnixListener::open(*parts_.shards.front(), parts_.paths.control_socket()));
  parts_.control = std::make_unique<net::UnixListener>(std::move(listener));
  parts_.control->start([&parts = parts_](net::Descriptor socket, const net::PeerCredentials& peer,
                                          net::Shard& on) {
    auto stream = std::make_shared<net::PlainStream>(on, std::move(socket));
    rest::Caller caller{.all_rights = true, .remote = fmt::format("control socket, process {}", peer.pid)};
    asio::co_spawn(on.io(), parts.rest->serve(on, std::move(stream), std::move(caller)), asio::detached);
  });
  return {};
}

/// When devices were last there before this start, beside the service: nobody waits for it to be ready.
void Starting::look_back() {
  std::vector<ServiceName> hubs;
  for (const auto& entry : parts_.front_door->table()->hubs) hubs.push_back(entry.hub.name);
  parts_.looking_back = std::jthread{[&parts = parts_, hubs = std::move(hubs)](const std::stop_token& stop) {
    const hub::LastSeenFound found = hub::recall_last_seen(*parts.log, parts.sessions, hubs, {},
                                                           [&stop] { return stop.stop_requested(); });
    log::debug("server", "looked back over {} bytes of the log: {} devices were there before this start",
               found.bytes, found.devices);
  }};
}

Result<std::unique_ptr<Service>> Service::start(Injected injected, WorldPaths paths, ConfigSources sources,
                                                bool bare) {
  MUSTER_TRY(const WorldState state, inspect_world(injected.disk, paths));
  MUSTER_TRY(sources.file_text, config_text(injected.disk, paths, state, bare));
  auto loaded = load_config(sources);
  if (!loaded) return failure(config_error(loaded.error()));
  log::set_level(loaded->config.log_level);
  std::optional<FolderBefore> before;
  if (state != WorldState::whole) {
    MUSTER_TRY(before, FolderBefore::look(injected.disk, paths));
  }
  auto parts = std::make_unique<Parts>(injected, std::move(paths), *std::move(loaded));
  Starting starting{*parts, before ? &*before : nullptr};
  Result<void> started = starting.run(state, bare, sources.file_text);
  if (started) return std::unique_ptr<Service>{new Service{std::move(parts)}};
  // Everything that writes is ended first, and the lock held until the folder is as it was.
  const std::unique_ptr<WorldLock> lock = std::move(parts->lock);
  if (starting.serves()) {
    const Service stopping{std::move(parts)};
  }
  parts.reset();
  if (before) before->restore();
  return failure(std::move(started).error());
}

}  // namespace muster::server
