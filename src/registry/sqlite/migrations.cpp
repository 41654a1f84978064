#include "registry/sqlite/device_tags.hpp"
#include "registry/sqlite/schema.hpp"

#include <array>

namespace muster::registry::sqlite {
namespace {

// Conventions: times are microseconds since 1970 in UTC (`_us`); `key` columns hold an id folded to lower
// case beside the column with its first spelling; enumerations hold the values of src/model. All tables are
// STRICT.
constexpr const char* kVersion1 = R"sql(
-- The numbers that the registry hands out and never takes back. One row each, so that a change of trust and
-- the generation it makes are one transaction.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value)
VALUES ('trust_generation', 1), ('next_hub_number', 0), ('next_certificate_id', 1);

-- What hubs and DPS instances have in common, because certificates and policies belong to either.
-- Everything else refers to `id`, which is never reused: a later service of the same name inherits nothing.
CREATE TABLE service (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  location TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (kind, key)
) STRICT;

-- device_count is kept by triggers, because counting a million rows takes longer than a request may.
CREATE TABLE hub (
  service_id INTEGER PRIMARY KEY REFERENCES service ON DELETE CASCADE,
  number INTEGER NOT NULL UNIQUE,
  partition_count INTEGER NOT NULL,
  device_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE dps (
  service_id INTEGER PRIMARY KEY REFERENCES service ON DELETE CASCADE,
  id_scope TEXT NOT NULL,
  allocation_policy INTEGER NOT NULL
) STRICT;

-- The hubs of a DPS instance, in the order given. Names a hub without requiring it: a link may be made
-- first.
CREATE TABLE linked_hub (
  dps_id INTEGER NOT NULL REFERENCES dps ON DELETE CASCADE,
  position INTEGER NOT NULL,
  hub_key TEXT NOT NULL,
  hub TEXT NOT NULL,
  location TEXT NOT NULL,
  allocation_weight INTEGER NOT NULL,
  apply_allocation_policy INTEGER NOT NULL,
  PRIMARY KEY (dps_id, position)
) STRICT, WITHOUT ROWID;

-- Shared access policies. `rights` are words joined by commas: they are never searched for.
CREATE TABLE policy (
  service_id INTEGER NOT NULL REFERENCES service ON DELETE CASCADE,
  name TEXT NOT NULL,
  primary_key TEXT NOT NULL,
  secondary_key TEXT NOT NULL,
  rights TEXT NOT NULL,
  PRIMARY KEY (service_id, name)
) STRICT, WITHOUT ROWID;

-- Uploaded CA certificates. `id` changes with the DER: what an identity was attested by is one certificate,
-- not a name.
CREATE TABLE certificate (
  id INTEGER PRIMARY KEY,
  service_id INTEGER NOT NULL REFERENCES service ON DELETE CASCADE,
  key TEXT NOT NULL,
  name TEXT NOT NULL,
  der BLOB NOT NULL,
  subject TEXT NOT NULL,
  sha1_thumbprint TEXT NOT NULL,
  sha256_thumbprint TEXT NOT NULL,
  not_before_us INTEGER NOT NULL,
  not_after_us INTEGER NOT NULL,
  verified INTEGER NOT NULL,
  verification_code TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  version INTEGER NOT NULL,
  UNIQUE (service_id, key)
) STRICT;

-- Individual enrollments (kind 0) and groups (kind 1): one table, since they differ in two columns of
-- thirty-four. The certificates' thumbprints are columns because devices are matched by them. `hubs` are
-- names joined by commas.
CREATE TABLE enrollment (
  dps_id INTEGER NOT NULL REFERENCES dps ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  device_id TEXT NOT NULL,
  device_information_json TEXT NOT NULL,
  attestation_type INTEGER NOT NULL,
  client_primary_der BLOB, client_primary_sha1 TEXT, client_primary_sha256 TEXT,
  client_secondary_der BLOB, client_secondary_sha1 TEXT, client_secondary_sha256 TEXT,
  signing_primary_der BLOB, signing_primary_sha1 TEXT, signing_primary_sha256 TEXT,
  signing_secondary_der BLOB, signing_secondary_sha1 TEXT, signing_secondary_sha256 TEXT,
  ca_primary TEXT NOT NULL,
  ca_secondary TEXT NOT NULL,
  primary_key TEXT NOT NULL,
  secondary_key TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  iot_edge INTEGER NOT NULL,
  update_hub_assignment INTEGER NOT NULL,
  migrate_device_data INTEGER NOT NULL,
  allocation INTEGER,
  hubs TEXT NOT NULL,
  webhook_url TEXT NOT NULL,
  webhook_api_version TEXT NOT NULL,
  initial_twin_json TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (dps_id, kind, key)
) STRICT, WITHOUT ROWID;

-- What DPS remembers of each device that registered. Survives its enrollment and its identity.
CREATE TABLE registration (
  dps_id INTEGER NOT NULL REFERENCES dps ON DELETE CASCADE,
  key TEXT NOT NULL,
  id TEXT NOT NULL,
  group_key TEXT NOT NULL,
  group_id TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  substatus INTEGER NOT NULL,
  device_id TEXT NOT NULL,
  assigned_hub TEXT NOT NULL,
  attestation INTEGER NOT NULL,
  payload_json TEXT NOT NULL,
  error_code INTEGER NOT NULL,
  error_message TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (dps_id, key)
) STRICT, WITHOUT ROWID;
-- Listing a group's registrations, and polling an operation.
CREATE INDEX registration_of_group ON registration (dps_id, group_key, key);
CREATE INDEX registration_of_operation ON registration (dps_id, operation_id);
-- latest_of_device: status 2 is `assigned`.
CREATE INDEX registration_of_device ON registration (device_id, updated_us) WHERE status = 2;

-- Device identities. Case matters in device ids, so there is no folded key.
CREATE TABLE device (
  hub_id INTEGER NOT NULL REFERENCES hub ON DELETE CASCADE,
  id TEXT NOT NULL,
  generation_id TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  status_reason TEXT NOT NULL,
  status_updated_us INTEGER NOT NULL,
  auth_type INTEGER NOT NULL,
  primary_thumbprint TEXT NOT NULL,
  secondary_thumbprint TEXT NOT NULL,
  primary_key TEXT NOT NULL,
  secondary_key TEXT NOT NULL,
  attested_ca_id INTEGER NOT NULL,
  iot_edge INTEGER NOT NULL,
  device_scope TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (hub_id, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER device_added AFTER INSERT ON device BEGIN
  UPDATE hub SET device_count = device_count + 1 WHERE service_id = new.hub_id;
END;
CREATE TRIGGER device_removed AFTER DELETE ON device BEGIN
  UPDATE hub SET device_count = device_count - 1 WHERE service_id = old.hub_id;
END;

-- Twins apart from identities: a CONNECT reads the one and not the other, and their documents are the only
-- JSON that queries look into.
CREATE TABLE twin (
  hub_id INTEGER NOT NULL,
  device_id TEXT NOT NULL,
  tags_json TEXT NOT NULL,
  desired_json TEXT NOT NULL,
  desired_metadata_json TEXT NOT NULL,
  desired_version INTEGER NOT NULL,
  reported_json TEXT NOT NULL,
  reported_metadata_json TEXT NOT NULL,
  reported_version INTEGER NOT NULL,
  model_id TEXT NOT NULL,
  etag INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (hub_id, device_id),
  FOREIGN KEY (hub_id, device_id) REFERENCES device ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Who may be trusted was changed: one row for each generation, appended in the transaction of the change.
-- Text and no references, since it outlives what it tells of. `at_us` is the changed thing's own time of
-- update, NULL where it has none.
CREATE TABLE audit (
  generation INTEGER PRIMARY KEY,
  at_us INTEGER,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  service TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  detail TEXT NOT NULL
) STRICT;
)sql";

// Modules, edge hierarchies, and how many devices are enabled.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE device ADD COLUMN parent_scopes TEXT NOT NULL DEFAULT '';

-- Kept by triggers, as device_count is.
ALTER TABLE hub ADD COLUMN enabled_count INTEGER NOT NULL DEFAULT 0;
UPDATE hub SET enabled_count =
  (SELECT COUNT(*) FROM device WHERE device.hub_id = hub.service_id AND device.enabled = 1);
DROP TRIGGER device_added;
DROP TRIGGER device_removed;
CREATE TRIGGER device_added AFTER INSERT ON device BEGIN
  UPDATE hub SET device_count = device_count + 1, enabled_count = enabled_count + new.enabled
  WHERE service_id = new.hub_id;
END;
CREATE TRIGGER device_removed AFTER DELETE ON device BEGIN
  UPDATE hub SET device_count = device_count - 1, enabled_count = enabled_count - old.enabled
  WHERE service_id = old.hub_id;
END;
CREATE TRIGGER device_switched AFTER UPDATE OF enabled ON device WHEN old.enabled <> new.enabled BEGIN
  UPDATE hub SET enabled_count = enabled_count + new.enabled - old.enabled WHERE service_id = new.hub_id;
END;

-- Modules of devices. One row holds identity and twin: no fleet has a module for each device that connects.
CREATE TABLE module (
  hub_id INTEGER NOT NULL,
  device_id TEXT NOT NULL,
  id TEXT NOT NULL,
  generation_id TEXT NOT NULL,
  managed_by TEXT NOT NULL,
  auth_type INTEGER NOT NULL,
  primary_thumbprint TEXT NOT NULL,
  secondary_thumbprint TEXT NOT NULL,
  primary_key TEXT NOT NULL,
  secondary_key TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  identity_version INTEGER NOT NULL,
  tags_json TEXT NOT NULL,
  desired_json TEXT NOT NULL,
  desired_metadata_json TEXT NOT NULL,
  desired_version INTEGER NOT NULL,
  reported_json TEXT NOT NULL,
  reported_metadata_json TEXT NOT NULL,
  reported_version INTEGER NOT NULL,
  model_id TEXT NOT NULL,
  etag INTEGER NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (hub_id, device_id, id),
  FOREIGN KEY (hub_id, device_id) REFERENCES device ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A change of an individual enrollment is audited without a new generation: a fleet that is enrolled one by
-- one must not make every other device's registration start over. `assign` looks at its version instead.
ALTER TABLE audit RENAME TO audit_1;
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  at_us INTEGER,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  service TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  detail TEXT NOT NULL
) STRICT;
INSERT INTO audit (generation, at_us, action, kind, service, name, version, detail)
  SELECT generation, at_us, action, kind, service, name, version, detail FROM audit_1 ORDER BY generation;
DROP TABLE audit_1;
)sql";

// What queries over devices are answered by.
constexpr const char* kVersion3 = R"sql(
-- One row for each string, number and boolean in a twin's tags: the names that lead to it and its value, as
-- src/registry/tag_index.cpp writes them. Kept with the twin; the device is last, so that one lookup gives the
-- devices in order.
CREATE TABLE device_tag (
  hub_id INTEGER NOT NULL REFERENCES hub ON DELETE CASCADE,
  path TEXT NOT NULL,
  value TEXT NOT NULL,
  device_id TEXT NOT NULL,
  PRIMARY KEY (hub_id, path, value, device_id)
) STRICT, WITHOUT ROWID;

-- Nearly all devices are enabled: those are found by going through all.
CREATE INDEX device_disabled ON device (hub_id, id) WHERE enabled = 0;
CREATE INDEX device_of_auth_type ON device (hub_id, auth_type, id);
)sql";

constexpr std::array kMigrations{Migration{1, kVersion1}, Migration{2, kVersion2},
                                 Migration{3, kVersion3, index_all_tags}};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

}  // namespace muster::registry::sqlite
