#include "registry/sqlite/services.hpp"

#include "base/assert.hpp"
#include "registry/put_rules.hpp"
#include "registry/sqlite/service_id.hpp"
#include "registry/sqlite/trust_log.hpp"
#include "registry/sqlite/words.hpp"

#include <algorithm>

namespace muster::registry::sqlite {
namespace {

std::string_view kind_word(ServiceKind kind) { return kind == ServiceKind::hub ? "hub" : "dps"; }

/// What hubs and DPS instances share, stored under `id`; a new one (no `id`) gets one.
struct ServiceFields {
  ServiceKind kind;
  const ServiceName& name;
  const std::string& location;
  WallTime created;
  std::int64_t version;
};

Result<std::int64_t> write_service(Connection& connection, const ServiceFields& fields) {
  MUSTER_TRY(auto upsert, connection.prepare(R"sql(
      INSERT INTO service (kind, key, name, location, created_us, version) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (kind, key) DO UPDATE SET location = excluded.location, version = excluded.version)sql"));
  upsert.bind(static_cast<std::uint8_t>(fields.kind)).bind(fields.name.key()).bind(fields.name.str());
  MUSTER_CHECK(upsert.bind(fields.location).bind(fields.created).bind(fields.version).run());
  MUSTER_TRY(auto row, require_service(connection, fields.kind, fields.name));
  return row.id;
}

Result<std::uint32_t> next_hub_number(Connection& connection) {
  MUSTER_TRY(const std::int64_t number,
             connection.number("SELECT value FROM meta WHERE name = 'next_hub_number'"));
  MUSTER_TRY(auto take,
             connection.prepare("UPDATE meta SET value = value + 1 WHERE name = 'next_hub_number'"));
  MUSTER_CHECK(take.run());
  return static_cast<std::uint32_t>(number);
}

}  // namespace

Result<std::vector<Hub>> SqliteServices::hubs() {
  MUSTER_TRY(auto select, connection_.prepare(R"sql(
      SELECT s.name, s.location, h.number, h.partition_count, s.created_us, s.version
      FROM hub h JOIN service s ON s.id = h.service_id ORDER BY h.number)sql"));
  std::vector<Hub> hubs;
  while (true) {
    MUSTER_TRY(const bool row, select.step());
    if (!row) return hubs;
    hubs.push_back(Hub{.name = select.service_name(),
                       .location = select.text(),
                       .number = static_cast<std::uint32_t>(select.integer()),
                       .partition_count = static_cast<std::uint32_t>(select.integer()),
                       .created = select.wall_time(),
                       .version = select.integer()});
  }
}

Result<std::vector<DpsInstance>> SqliteServices::dps_instances() {
  std::vector<DpsInstance> instances;
  std::vector<std::int64_t> ids;
  {
    MUSTER_TRY(auto select, connection_.prepare(R"sql(
        SELECT s.id, s.name, d.id_scope, s.location, d.allocation_policy, s.created_us, s.version
        FROM dps d JOIN service s ON s.id = d.service_id ORDER BY s.key)sql"));
    while (true) {
      MUSTER_TRY(const bool row, select.step());
      if (!row) break;
      ids.push_back(select.integer());
      instances.push_back(DpsInstance{.name = select.service_name(),
                                      .id_scope = select.text(),
                                      .location = select.text(),
                                      .allocation_policy = static_cast<AllocationPolicy>(select.integer()),
                                      .linked_hubs = {},
                                      .created = select.wall_time(),
                                      .version = select.integer()});
    }
  }
  for (std::size_t index = 0; index < ids.size(); ++index) {
    MUSTER_TRY(instances[index].linked_hubs, links_of(ids[index]));
  }
  return instances;
}

Result<std::vector<LinkedHub>> SqliteServices::links_of(std::int64_t dps_id) {
  MUSTER_TRY(auto select, connection_.prepare(R"sql(
      SELECT hub, location, allocation_weight, apply_allocation_policy
      FROM linked_hub WHERE dps_id = ? ORDER BY position)sql"));
  select.bind(dps_id);
  std::vector<LinkedHub> links;
  while (true) {
    MUSTER_TRY(const bool row, select.step());
    if (!row) return links;
    links.push_back(LinkedHub{.hub = select.service_name(),
                              .location = select.text(),
                              .allocation_weight = static_cast<std::uint32_t>(select.integer()),
                              .apply_allocation_policy = select.flag()});
  }
}

Result<std::optional<Hub>> SqliteServices::find_hub(const ServiceName& name) {
  MUSTER_TRY(auto all, hubs());  // A world has a handful.
  const auto found = std::ranges::find(all, name, &Hub::name);
  if (found == all.end()) return std::nullopt;
  return std::move(*found);
}

Result<std::optional<DpsInstance>> SqliteServices::find_dps(const ServiceName& name) {
  MUSTER_TRY(auto all, dps_instances());
  const auto found = std::ranges::find(all, name, &DpsInstance::name);
  if (found == all.end()) return std::nullopt;
  return std::move(*found);
}

Result<std::optional<Hub>> SqliteServices::put_hub(const Hub& hub, std::int64_t expected) {
  std::optional<Hub> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write_hub(hub, expected));
    return {};
  }));
  return stored;
}

Result<std::optional<Hub>> SqliteServices::write_hub(const Hub& hub, std::int64_t expected) {
  MUSTER_TRY(const auto held, find_hub(hub.name));
  if (!version_allows(held ? held->version : 0, expected)) return std::nullopt;
  Hub next = successor(held, hub);
  if (!held) {
    MUSTER_TRY(next.number, next_hub_number(connection_));
  }
  MUSTER_TRY(const std::int64_t id, write_service(connection_, {ServiceKind::hub, next.name, next.location,
                                                                next.created, next.version}));
  MUSTER_TRY(auto upsert, connection_.prepare(R"sql(
      INSERT INTO hub (service_id, number, partition_count) VALUES (?, ?, ?)
      ON CONFLICT (service_id) DO UPDATE SET partition_count = excluded.partition_count)sql"));
  MUSTER_CHECK(upsert.bind(id).bind(next.number).bind(next.partition_count).run());
  MUSTER_CHECK(record_trust_change(connection_, {.action = "put",
                                                 .kind = "hub",
                                                 .service = next.name.str(),
                                                 .name = {},
                                                 .version = next.version,
                                                 .at = held ? std::nullopt : std::optional{next.created}}));
  return next;
}

Result<std::optional<DpsInstance>> SqliteServices::put_dps(const DpsInstance& dps, std::int64_t expected) {
  std::optional<DpsInstance> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write_dps(dps, expected));
    return {};
  }));
  return stored;
}

Result<std::optional<DpsInstance>> SqliteServices::write_dps(const DpsInstance& dps, std::int64_t expected) {
  MUSTER_TRY(const auto held, find_dps(dps.name));
  if (!version_allows(held ? held->version : 0, expected)) return std::nullopt;
  const DpsInstance next = successor(held, dps);
  MUSTER_TRY(const std::int64_t id, write_service(connection_, {ServiceKind::dps, next.name, next.location,
                                                                next.created, next.version}));
  {
    MUSTER_TRY(auto upsert, connection_.prepare(R"sql(
        INSERT INTO dps (service_id, id_scope, allocation_policy) VALUES (?, ?, ?)
        ON CONFLICT (service_id) DO UPDATE
        SET id_scope = excluded.id_scope, allocation_policy = excluded.allocation_policy)sql"));
    upsert.bind(id).bind(next.id_scope).bind(static_cast<std::uint8_t>(next.allocation_policy));
    MUSTER_CHECK(upsert.run());
  }
  MUSTER_CHECK(write_links(id, next.linked_hubs));
  MUSTER_CHECK(record_trust_change(connection_, {.action = "put",
                                                 .kind = "dps",
                                                 .service = next.name.str(),
                                                 .name = {},
                                                 .version = next.version,
                                                 .at = held ? std::nullopt : std::optional{next.created}}));
  return next;
}

Result<void> SqliteServices::write_links(std::int64_t dps_id, const std::vector<LinkedHub>& links) {
  {
    MUSTER_TRY(auto clear, connection_.prepare("DELETE FROM linked_hub WHERE dps_id = ?"));
    MUSTER_CHECK(clear.bind(dps_id).run());
  }
  std::int64_t position = 0;
  for (const LinkedHub& link : links) {
    MUSTER_TRY(auto insert, connection_.prepare(R"sql(
        INSERT INTO linked_hub
          (dps_id, position, hub_key, hub, location, allocation_weight, apply_allocation_policy)
        VALUES (?, ?, ?, ?, ?, ?, ?))sql"));
    insert.bind(dps_id).bind(position++).bind(link.hub.key()).bind(link.hub.str()).bind(link.location);
    MUSTER_CHECK(insert.bind(link.allocation_weight).bind(link.apply_allocation_policy).run());
  }
  return {};
}

Result<bool> SqliteServices::remove(const ServiceRef& service) {
  bool removed = false;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(removed, remove_now(service));
    return {};
  }));
  return removed;
}

Result<bool> SqliteServices::remove_now(const ServiceRef& service) {
  MUSTER_TRY(const auto row, find_service(connection_, service.kind, service.name));
  if (!row) return false;
  {
    MUSTER_TRY(auto remove, connection_.prepare("DELETE FROM service WHERE id = ?"));
    MUSTER_CHECK(remove.bind(row->id).run());
  }
  if (service.kind == ServiceKind::hub) {
    MUSTER_CHECK(unlink(service.name));
  }
  MUSTER_CHECK(record_trust_change(
      connection_,
      {.action = "remove", .kind = kind_word(service.kind), .service = row->name.str(), .name = {}}));
  return true;
}

/// The instances that lose a link are changed by it: their versions move.
Result<void> SqliteServices::unlink(const ServiceName& hub) {
  {
    MUSTER_TRY(auto touch, connection_.prepare(R"sql(
        UPDATE service SET version = version + 1
        WHERE id IN (SELECT dps_id FROM linked_hub WHERE hub_key = ?))sql"));
    MUSTER_CHECK(touch.bind(hub.key()).run());
  }
  MUSTER_TRY(auto remove, connection_.prepare("DELETE FROM linked_hub WHERE hub_key = ?"));
  return remove.bind(hub.key()).run();
}

Result<std::vector<SasPolicy>> SqliteServices::policies(const ServiceRef& service) {
  std::vector<SasPolicy> policies;
  MUSTER_TRY(const auto owner, find_service(connection_, service.kind, service.name));
  if (!owner) return policies;
  MUSTER_TRY(auto select, connection_.prepare("SELECT name, primary_key, secondary_key, rights FROM policy "
                                              "WHERE service_id = ? ORDER BY name"));
  select.bind(owner->id);
  while (true) {
    MUSTER_TRY(const bool row, select.step());
    if (!row) return policies;
    SasPolicy policy;
    policy.name = select.text();
    policy.primary_key = select.text();
    policy.secondary_key = select.text();
    policy.rights = split_words(select.text());
    policies.push_back(std::move(policy));
  }
}

Result<void> SqliteServices::put_policy(const ServiceRef& service, const SasPolicy& policy) {
  return connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(const auto owner, require_service(connection_, service.kind, service.name));
    MUSTER_TRY(
        auto put,
        connection_.prepare("INSERT OR REPLACE INTO policy "
                            "(service_id, name, primary_key, secondary_key, rights) VALUES (?, ?, ?, ?, ?)"));
    put.bind(owner.id).bind(policy.name).bind(policy.primary_key).bind(policy.secondary_key);
    MUSTER_CHECK(put.bind(join_words(policy.rights)).run());
    return record_trust_change(
        connection_, {.action = "put", .kind = "policy", .service = owner.name.str(), .name = policy.name});
  });
}

}  // namespace muster::registry::sqlite
