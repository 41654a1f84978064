#include "registry/memory/repositories.hpp"
#include "registry/put_rules.hpp"

#include <algorithm>

namespace muster::registry::memory {
namespace {

State::Index key_of(const ServiceName& hub, const DeviceId& device, std::string_view module) {
  return {hub.key(), device.key(), std::string{module}};
}

}  // namespace

Result<std::optional<ModuleRecord>> MemoryModules::find(const ServiceName& hub, const DeviceId& device,
                                                        const ModuleId& id) {
  const ModuleRecord* held = state_.modules.find(key_of(hub, device, id.str()));
  return held != nullptr ? std::optional{*held} : std::nullopt;
}

Result<std::optional<ModuleIdentity>> MemoryModules::put(const ModuleIdentity& identity,
                                                         std::int64_t expected, const Twin* initial) {
  MUSTER_TRY(ServiceName owner, state_.require(ServiceKind::hub, identity.hub));
  if (state_.devices.find({owner.key(), identity.device.key()}) == nullptr) {
    return failure(no_such_device(owner, identity.device));
  }
  MUSTER_TRY(const auto held, find(identity.hub, identity.device, identity.id));
  if (!version_allows(held ? held->identity.version : 0, expected)) return std::nullopt;
  ModuleIdentity next = successor(held ? std::optional{held->identity} : std::nullopt, identity);
  next.hub = std::move(owner);
  state_.modules.put(key_of(next.hub, next.device, next.id.str()),
                     {next, held ? held->twin : first_twin(next, initial)});
  return next;
}

Result<std::optional<bool>> MemoryModules::remove(const ServiceName& hub, const DeviceId& device,
                                                  const ModuleId& id, std::int64_t expected) {
  MUSTER_TRY(const auto held, find(hub, device, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->identity.version, expected)) return std::nullopt;
  state_.modules.erase(key_of(hub, device, id.str()));
  return std::optional{true};
}

Result<std::vector<ModuleRecord>> MemoryModules::list(const ServiceName& hub, const DeviceId& device) {
  std::vector<ModuleRecord> modules;
  const auto& rows = state_.modules.rows();
  const State::Index first = key_of(hub, device, "");
  for (auto row = rows.lower_bound(first); row != rows.end(); ++row) {
    if (std::get<0>(row->first) != std::get<0>(first) || std::get<1>(row->first) != std::get<1>(first)) break;
    modules.push_back(row->second);
  }
  return modules;
}

Result<Page<ModuleRecord>> MemoryModules::list_all(const ServiceName& hub, const std::string& after,
                                                   std::size_t limit) {
  Page<ModuleRecord> page;
  const auto slash = after.find('/');
  const State::Index last{hub.key(), after.substr(0, slash),
                          slash == std::string::npos ? "" : after.substr(slash + 1)};
  const auto& rows = state_.modules.rows();
  for (auto row = rows.upper_bound(last); row != rows.end() && std::get<0>(row->first) == hub.key(); ++row) {
    if (page.items.size() == std::max<std::size_t>(limit, 1)) {
      const ModuleIdentity& end = page.items.back().identity;
      page.next = end.device.key() + '/' + end.id.key();
      break;
    }
    page.items.push_back(row->second);
  }
  return page;
}

Result<std::optional<Twin>> MemoryModules::put_twin(const Twin& twin, std::int64_t expected_version) {
  const auto key = key_of(twin.hub, twin.device, twin.module);
  const ModuleRecord* held = state_.modules.find(key);
  if (held == nullptr || !version_allows(held->twin.version, expected_version)) return std::nullopt;
  ModuleRecord record = *held;
  record.twin = twin;
  record.twin.hub = held->identity.hub;
  record.twin.version = held->twin.version + 1;
  Twin stored = record.twin;
  state_.modules.put(key, std::move(record));
  return stored;
}

}  // namespace muster::registry::memory
