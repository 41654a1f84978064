#include "registry/memory/repositories.hpp"
#include "registry/put_rules.hpp"
#include "registry/tag_index.hpp"

#include <algorithm>

namespace muster::registry::memory {
namespace {

State::InService key_of(const ServiceName& hub, const DeviceId& id) { return {hub.key(), id.key()}; }

/// All that the filter says: narrower than an index would be, which DeviceFilter allows.
bool meets(const DeviceFilter& filter, const DeviceRecord& record) {
  const DeviceIdentity& identity = record.identity;
  if (filter.ids && !std::binary_search(filter.ids->begin(), filter.ids->end(), identity.id)) return false;
  if (!identity.id.str().starts_with(filter.id_prefix)) return false;
  if (filter.enabled && *filter.enabled != identity.enabled) return false;
  if (filter.auth_type && *filter.auth_type != identity.auth.type) return false;
  return !filter.tag || tag_entries(record.twin.tags_json).contains(tag_entry(*filter.tag));
}

}  // namespace

Result<std::optional<DeviceIdentity>> MemoryDevices::find(const ServiceName& hub, const DeviceId& id) {
  const DeviceRecord* held = state_.devices.find(key_of(hub, id));
  return held != nullptr ? std::optional{held->identity} : std::nullopt;
}

Result<std::optional<DeviceRecord>> MemoryDevices::find_record(const ServiceName& hub, const DeviceId& id) {
  const DeviceRecord* held = state_.devices.find(key_of(hub, id));
  return held != nullptr ? std::optional{*held} : std::nullopt;
}

Result<std::optional<Twin>> MemoryDevices::find_twin(const ServiceName& hub, const DeviceId& id) {
  const DeviceRecord* held = state_.devices.find(key_of(hub, id));
  return held != nullptr ? std::optional{held->twin} : std::nullopt;
}

Result<std::optional<DeviceIdentity>> MemoryDevices::put(const DeviceIdentity& identity,
                                                         std::int64_t expected, const Twin* initial) {
  MUSTER_TRY(ServiceName owner, state_.require(ServiceKind::hub, identity.hub));
  MUSTER_TRY(const auto held, find_record(identity.hub, identity.id));
  if (!version_allows(held ? held->identity.version : 0, expected)) return std::nullopt;
  DeviceIdentity next = successor(held ? std::optional{held->identity} : std::nullopt, identity);
  next.hub = std::move(owner);
  state_.devices.put(key_of(next.hub, next.id), {next, held ? held->twin : first_twin(next, initial)});
  return next;
}

Result<std::optional<bool>> MemoryDevices::remove(const ServiceName& hub, const DeviceId& id,
                                                  std::int64_t expected) {
  MUSTER_TRY(const auto held, find(hub, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->version, expected)) return std::nullopt;
  state_.devices.erase(key_of(hub, id));
  state_.modules.erase_where(
      [&](const State::Index& key) { return std::get<0>(key) == hub.key() && std::get<1>(key) == id.key(); });
  return std::optional{true};
}

Result<Page<DeviceRecord>> MemoryDevices::list(const ServiceName& hub, const std::string& after,
                                               std::size_t limit) {
  return search(hub, {}, after, limit);
}

Result<Page<DeviceRecord>> MemoryDevices::search(const ServiceName& hub, const DeviceFilter& filter,
                                                 const std::string& after, std::size_t limit) {
  Page<DeviceRecord> page;
  const auto& rows = state_.devices.rows();
  for (auto row = rows.upper_bound({hub.key(), after}); row != rows.end(); ++row) {
    if (row->first.first != hub.key()) break;
    if (!meets(filter, row->second)) continue;
    if (page.items.size() == std::max<std::size_t>(limit, 1)) {
      page.next = page.items.back().identity.id.key();
      break;
    }
    page.items.push_back(row->second);
  }
  return page;
}

Result<std::optional<Twin>> MemoryDevices::put_twin(const Twin& twin, std::int64_t expected_version) {
  MUSTER_TRY(auto record, find_record(twin.hub, twin.device));
  if (!record || !version_allows(record->twin.version, expected_version)) return std::nullopt;
  Twin next = twin;
  next.hub = record->identity.hub;
  next.version = record->twin.version + 1;
  record->twin = next;
  state_.devices.put(key_of(twin.hub, twin.device), *std::move(record));
  return next;
}

Result<DeviceCounts> MemoryDevices::count(const ServiceName& hub) {
  DeviceCounts counts;
  for (const auto& [key, record] : state_.devices.rows()) {
    if (key.first != hub.key()) continue;
    ++counts.total;
    if (record.identity.enabled) ++counts.enabled;
  }
  return counts;
}

}  // namespace muster::registry::memory
