#include "protocol/rest/device_json.hpp"

#include "protocol/rest/etag.hpp"
#include "protocol/rest/identity_json.hpp"
#include "protocol/rest/json_fields.hpp"
#include "protocol/rest/timestamp.hpp"

#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

constexpr std::size_t kQueryMax = 8192;

/// What an earlier device of the same name did is not this one's: the event log keeps what it sent.
std::string last_activity_of(WallTime created, const Connectivity& connectivity) {
  const auto& seen = connectivity.last_activity;
  return time_or_never(seen && *seen >= created ? seen : std::nullopt);
}

/// A section of `properties`: the stored object with its bookkeeping put in.
nlohmann::ordered_json write_properties(const std::string& stored, const std::string& metadata,
                                        std::int64_t version, WallTime created) {
  auto section = stored_json(stored);
  auto& shown = section["$metadata"] = stored_json(metadata);
  if (!shown.contains("$lastUpdated")) shown["$lastUpdated"] = format_utc_7(created);
  section["$version"] = version;
  return section;
}

/// What a twin shows of its owner, a device or a module, besides ids and etags.
struct TwinOwner {
  const DeviceAuth& auth;
  const Connectivity& connectivity;
  TwinShape shape;
  WallTime created;
  RowParts parts{};
};

/// Everything behind the etags. Status, edge and scope are the device's, for a module too.
void write_twin(nlohmann::ordered_json& body, const DeviceIdentity& device, const TwinOwner& owner,
                const Twin& twin) {
  body["status"] = device.enabled ? "enabled" : "disabled";
  body["statusReason"] = text_or_null(device.status_reason);
  body["statusUpdateTime"] = format_utc_7(device.status_updated);
  body["connectionState"] = owner.connectivity.connected ? "Connected" : "Disconnected";
  body["lastActivityTime"] = last_activity_of(owner.created, owner.connectivity);
  body["cloudToDeviceMessageCount"] = 0;
  body["authenticationType"] = auth_type_name(owner.auth.type);
  if (owner.shape == TwinShape::query_row) body["authentication"]["type"] = auth_type_name(owner.auth.type);
  body["x509Thumbprint"] = write_thumbprints(owner.auth);
  body["modelId"] = twin.model_id;
  body["version"] = twin.version;
  if (owner.parts.tags) body["tags"] = stored_json(twin.tags_json);
  if (owner.parts.desired) {
    body["properties"]["desired"] =
        write_properties(twin.desired_json, twin.desired_metadata_json, twin.desired_version, owner.created);
  }
  if (owner.parts.reported) {
    body["properties"]["reported"] = write_properties(twin.reported_json, twin.reported_metadata_json,
                                                      twin.reported_version, owner.created);
  }
  body["capabilities"]["iotEdge"] = device.iot_edge;
  if (!device.device_scope.empty()) body["deviceScope"] = device.device_scope;
  if (owner.shape == TwinShape::query_row) body["parentScopes"] = device.parent_scopes;
}

nlohmann::ordered_json device_twin(const DeviceRecord& record, const TwinOwner& owner) {
  nlohmann::ordered_json body{{"deviceId", record.identity.id.str()},
                              {"etag", twin_etag(record.twin)},
                              {"deviceEtag", device_etag(record.identity)}};
  write_twin(body, record.identity, owner, record.twin);
  return body;
}

nlohmann::ordered_json module_twin(const ModuleRecord& record, const DeviceIdentity& device,
                                   const TwinOwner& owner) {
  nlohmann::ordered_json body{{"deviceId", record.identity.device.str()},
                              {"moduleId", record.identity.id.str()},
                              {"etag", twin_etag(record.twin)},
                              {"deviceEtag", module_etag(record.identity)}};
  write_twin(body, device, owner, record.twin);
  return body;
}

}  // namespace

Result<DeviceIdentity> parse_device(std::string_view body, const ServiceName& hub, const DeviceId& id) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_CHECK(check_named(fields, "deviceId", id.str()));
  return read_device(fields, hub, id);
}

std::string format_device(const DeviceIdentity& identity, const Connectivity& connectivity) {
  return write_json({{"deviceId", identity.id.str()},
                     {"generationId", identity.generation_id},
                     {"etag", device_etag(identity)},
                     {"connectionState", connectivity.connected ? "Connected" : "Disconnected"},
                     {"status", identity.enabled ? "enabled" : "disabled"},
                     {"statusReason", text_or_null(identity.status_reason)},
                     {"connectionStateUpdatedTime", time_or_never(connectivity.updated)},
                     {"statusUpdatedTime", format_utc_7(identity.status_updated)},
                     {"lastActivityTime", last_activity_of(identity.created, connectivity)},
                     {"cloudToDeviceMessageCount", 0},
                     {"authentication", write_authentication(identity.auth)},
                     {"capabilities", {{"iotEdge", identity.iot_edge}}},
                     {"deviceScope", text_or_null(identity.device_scope)},
                     {"parentScopes", identity.parent_scopes}});
}

Result<ModuleIdentity> parse_module(std::string_view body, const ServiceName& hub, const DeviceId& device,
                                    const ModuleId& id) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_CHECK(check_named(fields, "deviceId", device.str()));
  MUSTER_CHECK(check_named(fields, "moduleId", id.str()));
  return read_module(fields, {.hub = hub, .device = device, .id = id});
}

std::string format_module(const ModuleIdentity& identity, const Connectivity& connectivity) {
  return write_json({{"moduleId", identity.id.str()},
                     {"managedBy", text_or_null(identity.managed_by)},
                     {"deviceId", identity.device.str()},
                     {"generationId", identity.generation_id},
                     {"etag", module_etag(identity)},
                     {"connectionState", connectivity.connected ? "Connected" : "Disconnected"},
                     {"connectionStateUpdatedTime", time_or_never(connectivity.updated)},
                     {"lastActivityTime", last_activity_of(identity.created, connectivity)},
                     {"cloudToDeviceMessageCount", 0},
                     {"authentication", write_authentication(identity.auth)}});
}

std::string format_purge(const DeviceId& device, std::uint64_t purged) {
  return write_json({{"deviceId", device.str()}, {"moduleId", nullptr}, {"totalMessagesPurged", purged}});
}

std::string format_twin(const DeviceRecord& record, const Connectivity& connectivity, TwinShape shape) {
  const auto& identity = record.identity;
  return write_json(device_twin(record, {identity.auth, connectivity, shape, identity.created}));
}

std::string format_module_twin(const ModuleRecord& record, const DeviceIdentity& device,
                               const Connectivity& connectivity, TwinShape shape) {
  const auto& identity = record.identity;
  return write_json(module_twin(record, device, {identity.auth, connectivity, shape, identity.created}));
}

nlohmann::ordered_json twin_row(const DeviceRecord& record, const Connectivity& connectivity,
                                RowParts parts) {
  const auto& identity = record.identity;
  return device_twin(record, {identity.auth, connectivity, TwinShape::query_row, identity.created, parts});
}

nlohmann::ordered_json module_twin_row(const ModuleRecord& record, const DeviceIdentity& device,
                                       const Connectivity& connectivity, RowParts parts) {
  const auto& identity = record.identity;
  return module_twin(record, device,
                     {identity.auth, connectivity, TwinShape::query_row, identity.created, parts});
}

std::string format_device_statistics(const DeviceCounts& counts) {
  return write_json({{"totalDeviceCount", counts.total},
                     {"enabledDeviceCount", counts.enabled},
                     {"disabledDeviceCount", counts.disabled}});
}

std::string format_service_statistics(std::uint64_t connected) {
  return write_json({{"connectedDeviceCount", connected}});
}

Result<std::string> parse_query_body(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_TRY(auto query, fields.required_text("query"));
  if (query.size() > kQueryMax) return failure(fields.invalid("query", "is longer than 8192 characters"));
  return query;
}

}  // namespace muster::rest
