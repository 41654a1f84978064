#include "registry/sqlite/modules.hpp"

#include "registry/put_rules.hpp"
#include "registry/sqlite/device_row.hpp"
#include "registry/sqlite/service_id.hpp"

#include <algorithm>

namespace muster::registry::sqlite {
namespace {

#define MUSTER_MODULE_COLUMNS                                                             \
  "t.device_id, t.id, t.generation_id, t.managed_by, t.auth_type, t.primary_thumbprint, " \
  "t.secondary_thumbprint, t.primary_key, t.secondary_key, t.created_us, "                \
  "t.identity_version, " MUSTER_TWIN_COLUMNS

constexpr const char* kFind =
    "SELECT " MUSTER_MODULE_COLUMNS " FROM module t WHERE t.hub_id = ? AND t.device_id = ? AND t.id = ?";
constexpr const char* kListOfDevice =
    "SELECT " MUSTER_MODULE_COLUMNS " FROM module t WHERE t.hub_id = ? AND t.device_id = ? ORDER BY t.id";
constexpr const char* kListAll = "SELECT " MUSTER_MODULE_COLUMNS
                                 " FROM module t WHERE t.hub_id = ? AND (t.device_id, t.id) > (?, ?)"
                                 " ORDER BY t.device_id, t.id LIMIT ?";

/// What the column holds was checked on its way in.
ModuleId module_id_of(const std::string& text) { return *ModuleId::parse(text); }

ModuleRecord read_record(const ServiceName& hub, Statement& row) {
  const DeviceId device = row.device_id();
  ModuleIdentity identity{.hub = hub,
                          .device = device,
                          .id = module_id_of(row.text()),
                          .generation_id = row.text(),
                          .managed_by = row.text(),
                          .auth = {.type = static_cast<DeviceAuthType>(row.integer()),
                                   .primary_thumbprint = row.text(),
                                   .secondary_thumbprint = row.text(),
                                   .primary_key = row.text(),
                                   .secondary_key = row.text()},
                          .created = row.wall_time(),
                          .version = row.integer()};
  Twin twin = read_twin(hub, device, row);
  twin.module = identity.id.str();
  return {std::move(identity), std::move(twin)};
}

void bind_auth(Statement& statement, const DeviceAuth& auth) {
  statement.bind(static_cast<std::uint8_t>(auth.type)).bind(auth.primary_thumbprint);
  statement.bind(auth.secondary_thumbprint).bind(auth.primary_key).bind(auth.secondary_key);
}

Result<void> insert_module(Connection& connection, std::int64_t hub_id, const ModuleIdentity& identity,
                           const Twin& twin) {
  MUSTER_TRY(auto insert, connection.prepare(R"sql(
      INSERT INTO module
        (hub_id, device_id, id, generation_id, managed_by, auth_type, primary_thumbprint,
         secondary_thumbprint, primary_key, secondary_key, created_us, identity_version, tags_json,
         desired_json, desired_metadata_json, desired_version, reported_json, reported_metadata_json,
         reported_version, model_id, etag, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"));
  insert.bind(hub_id).bind(identity.device.str()).bind(identity.id.str()).bind(identity.generation_id);
  insert.bind(identity.managed_by);
  bind_auth(insert, identity.auth);
  insert.bind(identity.created).bind(identity.version);
  bind_documents(insert, twin);
  return insert.run();
}

Result<void> update_identity(Connection& connection, std::int64_t hub_id, const ModuleIdentity& identity) {
  MUSTER_TRY(auto update, connection.prepare(R"sql(
      UPDATE module SET
        managed_by = ?, auth_type = ?, primary_thumbprint = ?, secondary_thumbprint = ?, primary_key = ?,
        secondary_key = ?, identity_version = ?
      WHERE hub_id = ? AND device_id = ? AND id = ?)sql"));
  update.bind(identity.managed_by);
  bind_auth(update, identity.auth);
  update.bind(identity.version).bind(hub_id).bind(identity.device.str()).bind(identity.id.str());
  return update.run();
}

}  // namespace

Result<std::optional<ModuleRecord>> SqliteModules::find(const ServiceName& hub, const DeviceId& device,
                                                        const ModuleId& id) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::hub, hub));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto select, connection_.prepare(kFind));
  MUSTER_TRY(const bool found, select.bind(owner->id).bind(device.str()).bind(id.str()).step());
  if (!found) return std::nullopt;
  return read_record(owner->name, select);
}

Result<std::optional<ModuleIdentity>> SqliteModules::put(const ModuleIdentity& identity,
                                                         std::int64_t expected, const Twin* initial) {
  std::optional<ModuleIdentity> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write(identity, expected, initial));
    return {};
  }));
  return stored;
}

Result<std::optional<ModuleIdentity>> SqliteModules::write(const ModuleIdentity& identity,
                                                           std::int64_t expected, const Twin* initial) {
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::hub, identity.hub));
  MUSTER_TRY(auto device, connection_.prepare("SELECT 1 FROM device WHERE hub_id = ? AND id = ?"));
  MUSTER_TRY(const bool there, device.bind(owner.id).bind(identity.device.str()).step());
  if (!there) return failure(no_such_device(owner.name, identity.device));
  MUSTER_TRY(const auto held, find(identity.hub, identity.device, identity.id));
  if (!version_allows(held ? held->identity.version : 0, expected)) return std::nullopt;
  ModuleIdentity next = successor(held ? std::optional{held->identity} : std::nullopt, identity);
  next.hub = owner.name;
  if (held) {
    MUSTER_CHECK(update_identity(connection_, owner.id, next));
  } else {
    MUSTER_CHECK(insert_module(connection_, owner.id, next, first_twin(next, initial)));
  }
  return next;
}

Result<std::optional<bool>> SqliteModules::remove(const ServiceName& hub, const DeviceId& device,
                                                  const ModuleId& id, std::int64_t expected) {
  std::optional<bool> removed;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(removed, remove_now(hub, device, id, expected));
    return {};
  }));
  return removed;
}

Result<std::optional<bool>> SqliteModules::remove_now(const ServiceName& hub, const DeviceId& device,
                                                      const ModuleId& id, std::int64_t expected) {
  MUSTER_TRY(const auto held, find(hub, device, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->identity.version, expected)) return std::nullopt;
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::hub, hub));
  MUSTER_TRY(auto remove,
             connection_.prepare("DELETE FROM module WHERE hub_id = ? AND device_id = ? AND id = ?"));
  MUSTER_CHECK(remove.bind(owner.id).bind(device.str()).bind(id.str()).run());
  return std::optional{true};
}

Result<std::vector<ModuleRecord>> SqliteModules::list(const ServiceName& hub, const DeviceId& device) {
  std::vector<ModuleRecord> modules;
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::hub, hub));
  if (!owner) return modules;
  MUSTER_TRY(auto select, connection_.prepare(kListOfDevice));
  select.bind(owner->id).bind(device.str());
  while (true) {
    MUSTER_TRY(const bool found, select.step());
    if (!found) return modules;
    modules.push_back(read_record(owner->name, select));
  }
}

Result<Page<ModuleRecord>> SqliteModules::list_all(const ServiceName& hub, const std::string& after,
                                                   std::size_t limit) {
  Page<ModuleRecord> page;
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::hub, hub));
  if (!owner) return page;
  const std::size_t count = std::max<std::size_t>(limit, 1);
  const auto slash = after.find('/');
  const std::string module = slash == std::string::npos ? std::string{} : after.substr(slash + 1);
  MUSTER_TRY(auto select, connection_.prepare(kListAll));
  // One more than asked for tells whether there is a next page.
  select.bind(owner->id).bind(after.substr(0, slash)).bind(module).bind(static_cast<std::int64_t>(count + 1));
  while (true) {
    MUSTER_TRY(const bool found, select.step());
    if (!found) return page;
    if (page.items.size() == count) {
      const ModuleIdentity& last = page.items.back().identity;
      page.next = last.device.key() + '/' + last.id.key();
      return page;
    }
    page.items.push_back(read_record(owner->name, select));
  }
}

Result<std::optional<Twin>> SqliteModules::put_twin(const Twin& twin, std::int64_t expected_version) {
  std::optional<Twin> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write_twin(twin, expected_version));
    return {};
  }));
  return stored;
}

Result<std::optional<Twin>> SqliteModules::write_twin(const Twin& twin, std::int64_t expected_version) {
  const auto id = ModuleId::parse(twin.module);
  if (!id) return std::nullopt;
  MUSTER_TRY(const auto held, find(twin.hub, twin.device, *id));
  if (!held || !version_allows(held->twin.version, expected_version)) return std::nullopt;
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::hub, twin.hub));
  Twin next = twin;
  next.hub = owner.name;
  next.version = held->twin.version + 1;
  MUSTER_TRY(auto update, connection_.prepare(R"sql(
      UPDATE module SET
        tags_json = ?, desired_json = ?, desired_metadata_json = ?, desired_version = ?, reported_json = ?,
        reported_metadata_json = ?, reported_version = ?, model_id = ?, etag = ?, version = ?
      WHERE hub_id = ? AND device_id = ? AND id = ?)sql"));
  bind_documents(update, next);
  MUSTER_CHECK(update.bind(owner.id).bind(next.device.str()).bind(next.module).run());
  return next;
}

}  // namespace muster::registry::sqlite
