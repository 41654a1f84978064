#include "registry/sqlite/device_row.hpp"

#include "registry/sqlite/words.hpp"

namespace muster::registry::sqlite {
void bind_documents(Statement& statement, const Twin& twin) {
  statement.bind(twin.tags_json).bind(twin.desired_json).bind(twin.desired_metadata_json);
  statement.bind(twin.desired_version).bind(twin.reported_json).bind(twin.reported_metadata_json);
  statement.bind(twin.reported_version).bind(twin.model_id).bind(twin.etag).bind(twin.version);
}

DeviceIdentity read_device(const ServiceName& hub, Statement& row) {
  return DeviceIdentity{.hub = hub,
                        .id = row.device_id(),
                        .generation_id = row.text(),
                        .enabled = row.flag(),
                        .status_reason = row.text(),
                        .status_updated = row.wall_time(),
                        .auth = {.type = static_cast<DeviceAuthType>(row.integer()),
                                 .primary_thumbprint = row.text(),
                                 .secondary_thumbprint = row.text(),
                                 .primary_key = row.text(),
                                 .secondary_key = row.text(),
                                 .attested_ca_id = row.integer()},
                        .iot_edge = row.flag(),
                        .device_scope = row.text(),
                        .parent_scopes = split_lines(row.text()),
                        .created = row.wall_time(),
                        .version = row.integer()};
}

Twin read_twin(const ServiceName& hub, const DeviceId& device, Statement& row) {
  return Twin{.hub = hub,
              .device = device,
              .module = {},
              .tags_json = row.text(),
              .desired_json = row.text(),
              .desired_metadata_json = row.text(),
              .desired_version = row.integer(),
              .reported_json = row.text(),
              .reported_metadata_json = row.text(),
              .reported_version = row.integer(),
              .model_id = row.text(),
              .etag = row.integer(),
              .version = row.integer()};
}

DeviceRecord read_device_record(const ServiceName& hub, Statement& row) {
  DeviceIdentity identity = read_device(hub, row);
  Twin twin = read_twin(hub, identity.id, row);
  return {std::move(identity), std::move(twin)};
}

Result<void> write_device(Connection& connection, std::int64_t hub_id, const DeviceIdentity& identity) {
  // Not INSERT OR REPLACE: that deletes the old row first, and its twin with it.
  MUSTER_TRY(auto upsert, connection.prepare(R"sql(
      INSERT INTO device
        (hub_id, id, generation_id, enabled, status_reason, status_updated_us, auth_type, primary_thumbprint,
         secondary_thumbprint, primary_key, secondary_key, attested_ca_id, iot_edge, device_scope, parent_scopes,
         created_us, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (hub_id, id) DO UPDATE SET
        enabled = excluded.enabled, status_reason = excluded.status_reason,
        status_updated_us = excluded.status_updated_us, auth_type = excluded.auth_type,
        primary_thumbprint = excluded.primary_thumbprint,
        secondary_thumbprint = excluded.secondary_thumbprint,
        primary_key = excluded.primary_key, secondary_key = excluded.secondary_key,
        attested_ca_id = excluded.attested_ca_id, iot_edge = excluded.iot_edge,
        device_scope = excluded.device_scope, parent_scopes = excluded.parent_scopes,
        version = excluded.version)sql"));
  upsert.bind(hub_id).bind(identity.id.str()).bind(identity.generation_id).bind(identity.enabled);
  upsert.bind(identity.status_reason).bind(identity.status_updated);
  const DeviceAuth& auth = identity.auth;
  upsert.bind(static_cast<std::uint8_t>(auth.type))
      .bind(auth.primary_thumbprint)
      .bind(auth.secondary_thumbprint);
  upsert.bind(auth.primary_key).bind(auth.secondary_key).bind(auth.attested_ca_id);
  upsert.bind(identity.iot_edge).bind(identity.device_scope).bind(join_lines(identity.parent_scopes));
  upsert.bind(identity.created);
  return upsert.bind(identity.version).run();
}

Result<void> insert_twin(Connection& connection, std::int64_t hub_id, const Twin& twin) {
  MUSTER_TRY(auto insert, connection.prepare(R"sql(
      INSERT INTO twin
        (hub_id, device_id, tags_json, desired_json, desired_metadata_json, desired_version, reported_json,
         reported_metadata_json, reported_version, model_id, etag, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"));
  insert.bind(hub_id).bind(twin.device.str());
  bind_documents(insert, twin);
  return insert.run();
}

Result<void> update_twin(Connection& connection, std::int64_t hub_id, const Twin& twin) {
  MUSTER_TRY(auto update, connection.prepare(R"sql(
      UPDATE twin SET
        tags_json = ?, desired_json = ?, desired_metadata_json = ?, desired_version = ?, reported_json = ?,
        reported_metadata_json = ?, reported_version = ?, model_id = ?, etag = ?, version = ?
      WHERE hub_id = ? AND device_id = ?)sql"));
  bind_documents(update, twin);
  return update.bind(hub_id).bind(twin.device.str()).run();
}

}  // namespace muster::registry::sqlite
