#include "base/log.hpp"
#include "net/address.hpp"
#include "server/blocking.hpp"
#include "server/service_parts.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

/// What the process does about hubs and DPS instances: at start for those that there are, and each time that
/// some come or go.
namespace muster::server {
namespace {

constexpr std::uint64_t kHostsBytesMax = 1u << 20;

bool claimed(const std::vector<net::PortClaim>& claims, std::string_view address) {
  return std::ranges::any_of(claims, [&](const net::PortClaim& claim) {
    return claim.endpoint().address == address || claim.endpoint().address == "0.0.0.0";
  });
}

/// Takes and opens what one hub's own address needs.
Result<HubListeners> listen_at(Service::Parts& parts, const std::string& address) {
  HubListeners opened;
  MUSTER_TRY(net::PortClaim mqtt, net::PortClaim::take({address, parts.mqtt_claims.front().endpoint().port}));
  MUSTER_TRY(net::PortClaim https,
             net::PortClaim::take({address, parts.https_claims.front().endpoint().port}));
  MUSTER_CHECK(open_mqtt(parts, mqtt, opened.listeners));
  MUSTER_CHECK(open_https(parts, https, opened.listeners));
  opened.claims.push_back(std::move(mqtt));
  opened.claims.push_back(std::move(https));
  return opened;
}

/// run/hosts stands mounted over /etc/hosts of running commands, and a mount stays with the file it was made
/// of: written in place, the rest cut off last.
Result<void> write_in_place(disk::Disk& disk, const std::string& path, ByteView bytes) {
  MUSTER_TRY(const bool there, disk.exists(path));
  MUSTER_TRY(const auto file,
             disk.open(path, there ? disk::OpenMode::read_write : disk::OpenMode::create_new));
  MUSTER_CHECK(file->write_at(0, bytes));
  return file->truncate(bytes.size());
}

Result<void> follow(Service::Parts& parts) {
  MUSTER_CHECK(run_blocking(parts.front_door->refresh()));
  for (const std::string& line : listen_for_hubs(parts)) log::warning("server", "{}", line);
  return announce(parts);
}

asio::awaitable<void> follow_and_log(Service::Parts& parts) {
  const Result<void> followed = follow(parts);
  if (!followed) {
    log::warning("server", "hubs or DPS instances have changed, and world.json does not say so yet: {}",
                 followed.error().reason());
  }
  co_return;
}

}  // namespace

std::string first_ipv4(const Config& config) {
  const auto found =
      std::ranges::find_if(config.listen, [](const std::string& a) { return net::is_ipv4(a); });
  if (found == config.listen.end()) return "127.0.0.1";
  return net::is_any(*found) ? "127.0.0.1" : *found;
}

std::string hub_address(const Service::Parts& parts, const std::string& own) {
  const std::lock_guard lock{parts.hub_listeners_mutex};
  const bool reached = parts.hub_listeners.contains(own) || claimed(parts.mqtt_claims, own);
  return reached ? own : first_ipv4(parts.config());
}

Result<void> open_mqtt(Service::Parts& parts, const net::PortClaim& claim, std::vector<net::Listener>& into) {
  for (const auto& shard : parts.shards) {
    MUSTER_TRY(net::Listener listener, net::Listener::open(*shard, claim, *parts.connections));
    listener.start([&parts](net::Accepted accepted, net::Shard& on) {
      asio::co_spawn(on.io(),
                     parts.mqtt->serve(
                         on, std::make_unique<net::TlsStream>(on, std::move(accepted), *parts.tls_context)),
                     asio::detached);
    });
    into.push_back(std::move(listener));
  }
  return {};
}

Result<void> open_https(Service::Parts& parts, const net::PortClaim& claim,
                        std::vector<net::Listener>& into) {
  for (const auto& shard : parts.shards) {
    MUSTER_TRY(net::Listener listener, net::Listener::open(*shard, claim, *parts.https_connections));
    listener.start([&parts](net::Accepted accepted, net::Shard& on) {
      auto stream = std::make_shared<net::TlsStream>(on, std::move(accepted), *parts.tls_context);
      asio::co_spawn(on.io(), parts.rest->serve_tls(on, std::move(stream)), asio::detached);
    });
    into.push_back(std::move(listener));
  }
  return {};
}

std::vector<std::string> listen_for_hubs(Service::Parts& parts) {
  std::vector<std::string> talk;
  if (!net::is_loopback(first_ipv4(parts.config()))) return talk;
  const auto services = parts.front_door->table();
  const std::lock_guard lock{parts.hub_listeners_mutex};
  std::erase_if(parts.hub_listeners, [&](const auto& listening) {
    return std::ranges::none_of(services->hubs,
                                [&](const auto& entry) { return entry.address == listening.first; });
  });
  for (const auto& entry : services->hubs) {
    if (claimed(parts.mqtt_claims, entry.address) || parts.hub_listeners.contains(entry.address)) continue;
    auto opened = listen_at(parts, entry.address);
    if (opened) {
      parts.hub_listeners.emplace(entry.address, *std::move(opened));
    } else {
      talk.push_back(fmt::format("hub {} cannot have its own address {}, and is reached at {} alone: {}",
                                 entry.hub.name.str(), entry.address, first_ipv4(parts.config()),
                                 opened.error().reason()));
    }
  }
  return talk;
}

Result<void> announce(const Service::Parts& parts) {
  disk::Disk& disk = parts.injected.disk;
  const world::RunningWorld running = running_world(parts);
  MUSTER_TRY(const bool have_hosts, disk.exists("/etc/hosts"));
  std::string system_hosts;
  if (have_hosts) {
    MUSTER_TRY(const Bytes bytes, disk::read_all(disk, "/etc/hosts", kHostsBytesMax));
    system_hosts = as_text(bytes);
  }
  MUSTER_CHECK(disk.make_directory(parts.paths.at("run")));
  MUSTER_CHECK(write_in_place(disk, parts.paths.hosts(), as_bytes(world::hosts_file(running, system_hosts))));
  return disk::write_atomically(disk, parts.paths.running(), as_bytes(world::to_json(running)));
}

asio::awaitable<void> follow_services(Service::Parts& parts) {
  co_await asio::co_spawn(*parts.changes, follow_and_log(parts), asio::use_awaitable);
}

}  // namespace muster::server
