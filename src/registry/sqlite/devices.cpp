#include "registry/sqlite/devices.hpp"

#include "registry/put_rules.hpp"
#include "registry/sqlite/device_row.hpp"
#include "registry/sqlite/device_search.hpp"
#include "registry/sqlite/device_tags.hpp"
#include "registry/sqlite/service_id.hpp"

#include <algorithm>

namespace muster::registry::sqlite {
namespace {

constexpr const char* kFind =
    "SELECT " MUSTER_DEVICE_COLUMNS " FROM device d WHERE d.hub_id = ? AND d.id = ?";
constexpr const char* kFindTwin =
    "SELECT " MUSTER_TWIN_COLUMNS " FROM twin t WHERE t.hub_id = ? AND t.device_id = ?";
constexpr const char* kFindRecord = "SELECT " MUSTER_DEVICE_COLUMNS ", " MUSTER_TWIN_COLUMNS
                                    " FROM device d JOIN twin t ON t.hub_id = d.hub_id AND t.device_id = "
                                    "d.id WHERE d.hub_id = ? AND d.id = ?";

}  // namespace

Result<std::optional<DeviceIdentity>> SqliteDevices::find(const ServiceName& hub, const DeviceId& id) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::hub, hub));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto select, connection_.prepare(kFind));
  MUSTER_TRY(const bool found, select.bind(owner->id).bind(id.str()).step());
  if (!found) return std::nullopt;
  return read_device(owner->name, select);
}

Result<std::optional<DeviceRecord>> SqliteDevices::find_record(const ServiceName& hub, const DeviceId& id) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::hub, hub));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto select, connection_.prepare(kFindRecord));
  MUSTER_TRY(const bool found, select.bind(owner->id).bind(id.str()).step());
  if (!found) return std::nullopt;
  return read_device_record(owner->name, select);
}

Result<std::optional<Twin>> SqliteDevices::find_twin(const ServiceName& hub, const DeviceId& id) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::hub, hub));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto select, connection_.prepare(kFindTwin));
  MUSTER_TRY(const bool found, select.bind(owner->id).bind(id.str()).step());
  if (!found) return std::nullopt;
  return read_twin(owner->name, id, select);
}

Result<std::optional<DeviceIdentity>> SqliteDevices::put(const DeviceIdentity& identity,
                                                         std::int64_t expected, const Twin* initial) {
  std::optional<DeviceIdentity> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write(identity, expected, initial));
    return {};
  }));
  return stored;
}

Result<std::optional<DeviceIdentity>> SqliteDevices::write(const DeviceIdentity& identity,
                                                           std::int64_t expected, const Twin* initial) {
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::hub, identity.hub));
  MUSTER_TRY(const auto held, find(identity.hub, identity.id));
  if (!version_allows(held ? held->version : 0, expected)) return std::nullopt;
  DeviceIdentity next = successor(held, identity);
  next.hub = owner.name;
  MUSTER_CHECK(write_device(connection_, owner.id, next));
  if (!held) {
    const Twin twin = first_twin(next, initial);
    MUSTER_CHECK(insert_twin(connection_, owner.id, twin));
    MUSTER_CHECK(change_tags(connection_, owner.id, next.id, {"{}", twin.tags_json}));
  }
  return next;
}

Result<std::optional<bool>> SqliteDevices::remove(const ServiceName& hub, const DeviceId& id,
                                                  std::int64_t expected) {
  std::optional<bool> removed;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(removed, remove_now(hub, id, expected));
    return {};
  }));
  return removed;
}

Result<std::optional<bool>> SqliteDevices::remove_now(const ServiceName& hub, const DeviceId& id,
                                                      std::int64_t expected) {
  MUSTER_TRY(const auto held, find_record(hub, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->identity.version, expected)) return std::nullopt;
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::hub, hub));
  MUSTER_CHECK(change_tags(connection_, owner.id, id, {held->twin.tags_json, "{}"}));
  MUSTER_TRY(auto remove, connection_.prepare("DELETE FROM device WHERE hub_id = ? AND id = ?"));
  MUSTER_CHECK(remove.bind(owner.id).bind(id.str()).run());
  return std::optional{true};
}

Result<Page<DeviceRecord>> SqliteDevices::list(const ServiceName& hub, const std::string& after,
                                               std::size_t limit) {
  return search(hub, {}, after, limit);
}

Result<Page<DeviceRecord>> SqliteDevices::search(const ServiceName& hub, const DeviceFilter& filter,
                                                 const std::string& after, std::size_t limit) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::hub, hub));
  if (!owner) return Page<DeviceRecord>{};
  if (filter.ids) return search_ids(owner->name, filter, after, limit);
  return search_devices(connection_, *owner, {filter, after, std::max<std::size_t>(limit, 1)});
}

Result<Page<DeviceRecord>> SqliteDevices::search_ids(const ServiceName& hub, const DeviceFilter& filter,
                                                     const std::string& after, std::size_t limit) {
  Page<DeviceRecord> page;
  for (const DeviceId& id : *filter.ids) {
    if (id.str() <= after || !id.str().starts_with(filter.id_prefix)) continue;
    MUSTER_TRY(auto record, find_record(hub, id));
    if (!record) continue;
    if (page.items.size() == std::max<std::size_t>(limit, 1)) {
      page.next = page.items.back().identity.id.key();
      break;
    }
    page.items.push_back(*std::move(record));
  }
  return page;
}

Result<std::optional<Twin>> SqliteDevices::put_twin(const Twin& twin, std::int64_t expected_version) {
  std::optional<Twin> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write_twin(twin, expected_version));
    return {};
  }));
  return stored;
}

Result<std::optional<Twin>> SqliteDevices::write_twin(const Twin& twin, std::int64_t expected_version) {
  MUSTER_TRY(const auto held, find_twin(twin.hub, twin.device));
  if (!held || !version_allows(held->version, expected_version)) return std::nullopt;
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::hub, twin.hub));
  Twin next = twin;
  next.hub = owner.name;
  next.version = held->version + 1;
  MUSTER_CHECK(update_twin(connection_, owner.id, next));
  MUSTER_CHECK(change_tags(connection_, owner.id, twin.device, {held->tags_json, next.tags_json}));
  return next;
}

Result<DeviceCounts> SqliteDevices::count(const ServiceName& hub) {
  MUSTER_TRY(auto select,
             connection_.prepare(
                 "SELECT h.device_count, h.enabled_count FROM hub h JOIN service s ON s.id = h.service_id "
                 "WHERE s.kind = ? AND s.key = ?"));
  MUSTER_TRY(const bool found,
             select.bind(static_cast<std::uint8_t>(ServiceKind::hub)).bind(hub.key()).step());
  if (!found) return DeviceCounts{};
  return DeviceCounts{.total = static_cast<std::uint64_t>(select.integer()),
                      .enabled = static_cast<std::uint64_t>(select.integer())};
}

}  // namespace muster::registry::sqlite
