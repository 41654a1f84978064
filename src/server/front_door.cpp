#include "server/front_door.hpp"

#include "net/address.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::server {
namespace {

constexpr std::string_view kHubSuffix = ".azure-devices.net";
constexpr std::string_view kDpsSuffix = ".azure-devices-provisioning.net";

bool ends_with_ignoring_case(std::string_view text, std::string_view suffix) {
  return text.size() > suffix.size() &&
         equals_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
}

const ServiceTable::HubEntry* find_hub(const ServiceTable& services, std::string_view host) {
  const auto found = std::ranges::find_if(services.hubs, [&](const auto& entry) {
    return equals_ignoring_case(hub_host_name(entry.hub.name), host);
  });
  return found == services.hubs.end() ? nullptr : &*found;
}

tl::unexpected<Error> unknown_hub(std::string_view host) {
  return failure(ErrorCode::hub_unknown, fmt::format("no hub is named {}", host.substr(0, 160)));
}

}  // namespace

FrontDoor::FrontDoor(registry::Registry& registry, std::string first_address,
                     std::vector<std::string> own_names)
    : registry_{registry}, first_address_{std::move(first_address)}, own_names_{std::move(own_names)} {}

Task<void> FrontDoor::refresh() {
  std::vector<Hub> hubs;
  std::vector<DpsInstance> dps;
  MUSTER_CO_CHECK(co_await registry_.read([&](registry::Store& store) -> Result<void> {
    MUSTER_TRY(hubs, store.services().hubs());
    MUSTER_TRY(dps, store.services().dps_instances());
    return {};
  }));
  auto next = std::make_shared<ServiceTable>();
  std::ranges::sort(hubs, {}, &Hub::number);
  for (const Hub& hub : hubs) {
    MUSTER_CO_TRY(std::string address, net::address_plus(first_address_, hub.number));
    next->hubs.push_back({hub, std::move(address)});
  }
  next->dps = std::move(dps);
  const std::lock_guard lock{mutex_};
  table_ = std::move(next);
  co_return Result<void>{};
}

std::shared_ptr<const ServiceTable> FrontDoor::table() const {
  const std::lock_guard lock{mutex_};
  return table_;
}

std::optional<ServiceName> FrontDoor::dps_of_scope(std::string_view id_scope, const net::PeerInfo& peer) {
  const auto services = table();
  const auto found = std::ranges::find_if(
      services->dps, [&](const DpsInstance& dps) { return equals_ignoring_case(dps.id_scope, id_scope); });
  if (found == services->dps.end()) return std::nullopt;
  // SNI that names an instance decides; the global name and our own names leave it to the scope.
  const std::string& sni = peer.server_name;
  const bool names_an_instance =
      ends_with_ignoring_case(sni, kDpsSuffix) && !equals_ignoring_case(sni, kGlobalProvisioningHost);
  if (names_an_instance && !equals_ignoring_case(sni, dps_host_name(found->name))) return std::nullopt;
  return found->name;
}

Task<ServiceName> FrontDoor::hub_of(std::string hub_host, std::string device_id, net::PeerInfo peer) {
  const auto services = table();
  for (const std::string& host : {peer.server_name, hub_host}) {
    if (!ends_with_ignoring_case(host, kHubSuffix)) continue;
    const auto* named = find_hub(*services, host);
    if (named == nullptr) co_return unknown_hub(host);
    co_return named->hub.name;
  }
  if (services->hubs.empty()) co_return unknown_hub(hub_host);
  if (services->hubs.size() == 1) co_return services->hubs.front().hub.name;
  // The first address stands for all of them, whether the hub that was made first is still there or not; each
  // other one is its hub's alone.
  for (const auto& entry : services->hubs) {
    if (entry.address == peer.local.address && entry.address != first_address_) co_return entry.hub.name;
  }
  co_return co_await hub_of_device(services, std::move(device_id));
}

Task<ServiceName> FrontDoor::hub_of_device(std::shared_ptr<const ServiceTable> services,
                                           std::string device_id) {
  const auto device = DeviceId::parse(device_id);
  if (!device) co_return services->hubs.front().hub.name;
  std::optional<ServiceName> chosen;
  MUSTER_CO_CHECK(co_await registry_.read([&](registry::Store& store) -> Result<void> {
    MUSTER_TRY(const auto latest, store.registrations().latest_of_device(*device));
    if (latest) {
      if (const auto* named = find_hub(*services, latest->assigned_hub)) {
        chosen = named->hub.name;
        return {};
      }
    }
    for (const auto& entry : services->hubs) {
      MUSTER_TRY(const auto identity, store.devices().find(entry.hub.name, *device));
      if (identity) {
        chosen = entry.hub.name;
        return {};
      }
    }
    return {};
  }));
  // Held by none: any hub says "device not found" as well as another.
  co_return chosen.value_or(services->hubs.front().hub.name);
}

std::string FrontDoor::answer_host(const std::string& hub_host, const net::PeerInfo& peer) {
  const std::string& sni = peer.server_name;
  if (ends_with_ignoring_case(sni, kDpsSuffix) || ends_with_ignoring_case(sni, kHubSuffix)) return hub_host;
  // Java's and C's hub clients refuse a name without a dot (protocol/device/10 note 1), so neither localhost
  // nor ::1.
  if (equals_ignoring_case(sni, "localhost")) return "127.0.0.1";
  if (!sni.empty()) return sni;
  return peer.local.address == "::1" ? "127.0.0.1" : peer.local.address;
}

bool FrontDoor::is_own_name(std::string_view host, const net::PeerInfo& peer) const {
  // In a URL an IPv6 address stands in brackets.
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto is_host = [host](const std::string& name) { return equals_ignoring_case(name, host); };
  return is_host("localhost") || is_host(peer.local.address) || std::ranges::any_of(own_names_, is_host);
}

std::optional<rest::Face> FrontDoor::face(const rest::FaceQuestion& question) const {
  using rest::Api;
  const auto by_path = question.api_of_path;
  if (by_path == Api::muster || by_path == Api::arm) return rest::Face{*by_path, std::nullopt};
  const std::string& sni = question.peer.server_name;
  const bool sni_decides =
      ends_with_ignoring_case(sni, kHubSuffix) || ends_with_ignoring_case(sni, kDpsSuffix);
  const std::string& decisive = sni_decides ? sni : question.host;
  if (auto named = rest::face_of_host(decisive); named && named->service) {
    // One connection, one service: a Host of another than the handshake was for is refused.
    if (sni_decides && !equals_ignoring_case(sni, question.host) &&
        !is_own_name(question.host, question.peer))
      return std::nullopt;
    return named;
  }
  if (sni_decides || !is_own_name(question.host, question.peer) || !by_path) return std::nullopt;
  const auto services = table();
  if (by_path == Api::dps) {
    if (services->dps.empty()) return std::nullopt;
    return rest::Face{Api::dps, services->dps.front().name};
  }
  if (services->hubs.empty()) return std::nullopt;
  for (const auto& entry : services->hubs) {
    if (entry.address == question.peer.local.address) return rest::Face{Api::hub, entry.hub.name};
  }
  return rest::Face{Api::hub, services->hubs.front().hub.name};
}

std::vector<std::string> FrontDoor::names_of(const ServiceRef& service) const {
  std::vector<std::string> names{service.kind == ServiceKind::hub ? hub_host_name(service.name)
                                                                  : dps_host_name(service.name)};
  names.insert(names.end(), own_names_.begin(), own_names_.end());
  names.emplace_back("localhost");
  for (const auto& entry : table()->hubs) names.push_back(entry.address);
  return names;
}

}  // namespace muster::server
