#pragma once

#include "model/device.hpp"
#include "registry/sqlite/connection.hpp"

/// Rows of the device and twin tables. The column lists are macros so that statements stay literals.
namespace muster::registry::sqlite {

#define MUSTER_DEVICE_COLUMNS                                                                              \
  "d.id, d.generation_id, d.enabled, d.status_reason, d.status_updated_us, d.auth_type, "                  \
  "d.primary_thumbprint, "                                                                                 \
  "d.secondary_thumbprint, d.primary_key, d.secondary_key, d.attested_ca_id, d.iot_edge, d.device_scope, " \
  "d.parent_scopes, d.created_us, d.version"
#define MUSTER_TWIN_COLUMNS                                                                    \
  "t.tags_json, t.desired_json, t.desired_metadata_json, t.desired_version, t.reported_json, " \
  "t.reported_metadata_json, t.reported_version, t.model_id, t.etag, t.version"

/// Read MUSTER_DEVICE_COLUMNS or MUSTER_TWIN_COLUMNS from the statement's row.
DeviceIdentity read_device(const ServiceName& hub, Statement& row);
Twin read_twin(const ServiceName& hub, const DeviceId& device, Statement& row);

/// Reads the columns of both, in that order.
DeviceRecord read_device_record(const ServiceName& hub, Statement& row);

/// Binds the ten columns of MUSTER_TWIN_COLUMNS, in their order.
void bind_documents(Statement& statement, const Twin& twin);

/// Inserts, or overwrites all but what is given once.
Result<void> write_device(Connection& connection, std::int64_t hub_id, const DeviceIdentity& identity);
Result<void> insert_twin(Connection& connection, std::int64_t hub_id, const Twin& twin);
Result<void> update_twin(Connection& connection, std::int64_t hub_id, const Twin& twin);

}  // namespace muster::registry::sqlite
