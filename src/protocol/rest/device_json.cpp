#include "protocol/rest/device_json.hpp"

#include "base/bytes.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/json_fields.hpp"
#include "protocol/rest/timestamp.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace muster::rest {
namespace {

constexpr std::size_t kStatusReasonMax = 128;
constexpr std::size_t kQueryMax = 8192;
constexpr std::size_t kKeyBytesMin = 16, kKeyBytesMax = 64;

constexpr std::array<std::pair<DeviceAuthType, std::string_view>, 4> kAuthTypes{{
    {DeviceAuthType::none, "none"},
    {DeviceAuthType::sas, "sas"},
    {DeviceAuthType::self_signed, "selfSigned"},
    {DeviceAuthType::certificate_authority, "certificateAuthority"},
}};

Result<std::string> read_thumbprint(const Fields& fields, std::string_view name) {
  MUSTER_TRY(auto text, fields.text(name));
  if (!text || text->empty()) return std::string{};
  const auto bytes = from_hex(*text);
  if (!bytes || (bytes->size() != 20 && bytes->size() != 32)) {
    return failure(
        fields.invalid(name, "40 (SHA-1) or 64 (SHA-256) hex digits without separators are wanted"));
  }
  return to_hex_upper(*bytes);
}

Result<std::string> read_key(const Fields& fields, std::string_view name) {
  MUSTER_TRY(auto text, fields.text(name));
  if (!text || text->empty()) return std::string{};
  const auto bytes = from_base64(*text);
  if (!bytes || bytes->size() < kKeyBytesMin || bytes->size() > kKeyBytesMax) {
    return failure(fields.invalid(name, "base64 of 16 to 64 bytes is wanted"));
  }
  return *std::move(text);
}

Result<void> read_keys(const Fields& authentication, DeviceAuth& into) {
  MUSTER_TRY(auto keys, authentication.object("symmetricKey"));
  if (!keys) return {};
  MUSTER_TRY(into.primary_key, read_key(*keys, "primaryKey"));
  MUSTER_TRY(into.secondary_key, read_key(*keys, "secondaryKey"));
  if (into.primary_key.empty() != into.secondary_key.empty()) {
    return failure(keys->invalid(into.primary_key.empty() ? "primaryKey" : "secondaryKey",
                                 "both keys or neither are wanted"));
  }
  return {};
}

Result<void> read_thumbprints(const Fields& authentication, DeviceAuth& into) {
  MUSTER_TRY(auto thumbprints, authentication.object("x509Thumbprint"));
  if (!thumbprints) return {};
  MUSTER_TRY(into.primary_thumbprint, read_thumbprint(*thumbprints, "primaryThumbprint"));
  MUSTER_TRY(into.secondary_thumbprint, read_thumbprint(*thumbprints, "secondaryThumbprint"));
  return {};
}

/// Without a type: selfSigned when thumbprints are given, else sas.
Result<DeviceAuthType> read_type(const Fields& authentication, const DeviceAuth& given) {
  MUSTER_TRY(auto text, authentication.text("type"));
  const bool has_thumbprint = !given.primary_thumbprint.empty() || !given.secondary_thumbprint.empty();
  if (!text) return has_thumbprint ? DeviceAuthType::self_signed : DeviceAuthType::sas;
  for (const auto& [type, name] : kAuthTypes) {
    if (!equals_ignoring_case(*text, name)) continue;
    if (type == DeviceAuthType::none)
      return failure(authentication.invalid("type", "none is not for devices"));
    if (type == DeviceAuthType::self_signed && !has_thumbprint) {
      return failure(
          authentication.invalid("x509Thumbprint.primaryThumbprint", "is missing, and type is selfSigned"));
    }
    return type;
  }
  return failure(authentication.invalid(
      "type", fmt::format("\"{}\" found, sas, selfSigned or certificateAuthority wanted", *text)));
}

Result<DeviceAuth> read_authentication(const Fields& fields) {
  MUSTER_TRY(auto authentication, fields.object("authentication"));
  DeviceAuth auth;
  auth.type = DeviceAuthType::sas;
  if (!authentication) return auth;
  MUSTER_CHECK(read_keys(*authentication, auth));
  MUSTER_CHECK(read_thumbprints(*authentication, auth));
  MUSTER_TRY(auth.type, read_type(*authentication, auth));
  // What does not belong to the type is not kept: a later change of type must not bring it back.
  if (auth.type != DeviceAuthType::sas) auth.primary_key = auth.secondary_key = "";
  if (auth.type != DeviceAuthType::self_signed) auth.primary_thumbprint = auth.secondary_thumbprint = "";
  return auth;
}

Result<void> read_status(const Fields& fields, DeviceIdentity& into) {
  MUSTER_TRY(auto status, fields.text("status"));
  if (status) {
    into.enabled = equals_ignoring_case(*status, "enabled");
    if (!into.enabled && !equals_ignoring_case(*status, "disabled")) {
      return failure(
          fields.invalid("status", fmt::format("\"{}\" found, enabled or disabled wanted", *status)));
    }
  }
  MUSTER_TRY(auto reason, fields.text("statusReason"));
  into.status_reason = reason.value_or("");
  if (into.status_reason.size() > kStatusReasonMax) {
    return failure(fields.invalid("statusReason", "is longer than 128 characters"));
  }
  return {};
}

Result<void> read_edge(const Fields& fields, DeviceIdentity& into) {
  MUSTER_TRY(auto capabilities, fields.object("capabilities"));
  if (capabilities) {
    MUSTER_TRY(auto edge, capabilities->boolean("iotEdge"));
    into.iot_edge = edge.value_or(false);
  }
  MUSTER_TRY(auto scope, fields.text("deviceScope"));
  into.device_scope = scope.value_or("");
  if (const auto* parents = fields.find("parentScopes")) {
    if (!parents->is_array()) return failure(fields.invalid("parentScopes", "an array is wanted"));
    if (!parents->empty()) {
      return failure(fields.refused(ErrorCode::not_implemented, "parentScopes",
                                    "nested edge devices are not supported"));
    }
  }
  return {};
}

nlohmann::ordered_json text_or_null(std::string_view text) {
  return text.empty() ? nlohmann::ordered_json{} : nlohmann::ordered_json(std::string{text});
}

std::string time_or_never(const std::optional<WallTime>& time) {
  return time ? format_utc_7(*time) : std::string{kNever};
}

nlohmann::ordered_json write_thumbprints(const DeviceAuth& auth) {
  return {{"primaryThumbprint", text_or_null(auth.primary_thumbprint)},
          {"secondaryThumbprint", text_or_null(auth.secondary_thumbprint)}};
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
  body["lastActivityTime"] = time_or_never(owner.connectivity.last_activity);
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
  MUSTER_TRY(const std::string given, fields.required_text("deviceId"));
  if (given != id.str()) {
    return failure(
        fields.invalid("deviceId", fmt::format("\"{}\" found, \"{}\" of the path wanted", given, id.str())));
  }
  DeviceIdentity identity{.hub = hub, .id = id};
  MUSTER_CHECK(read_status(fields, identity));
  MUSTER_TRY(identity.auth, read_authentication(fields));
  MUSTER_CHECK(read_edge(fields, identity));
  return identity;
}

std::string format_device(const DeviceIdentity& identity, const Connectivity& connectivity) {
  const auto& auth = identity.auth;
  return write_json({{"deviceId", identity.id.str()},
                     {"generationId", identity.generation_id},
                     {"etag", device_etag(identity)},
                     {"connectionState", connectivity.connected ? "Connected" : "Disconnected"},
                     {"status", identity.enabled ? "enabled" : "disabled"},
                     {"statusReason", text_or_null(identity.status_reason)},
                     {"connectionStateUpdatedTime", time_or_never(connectivity.updated)},
                     {"statusUpdatedTime", format_utc_7(identity.status_updated)},
                     {"lastActivityTime", time_or_never(connectivity.last_activity)},
                     {"cloudToDeviceMessageCount", 0},
                     {"authentication",
                      {{"symmetricKey",
                        {{"primaryKey", text_or_null(auth.primary_key)},
                         {"secondaryKey", text_or_null(auth.secondary_key)}}},
                       {"x509Thumbprint", write_thumbprints(auth)},
                       {"type", auth_type_name(auth.type)}}},
                     {"capabilities", {{"iotEdge", identity.iot_edge}}},
                     {"deviceScope", text_or_null(identity.device_scope)},
                     {"parentScopes", nlohmann::ordered_json::array()}});
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

std::string_view auth_type_name(DeviceAuthType type) noexcept {
  for (const auto& [candidate, name] : kAuthTypes) {
    if (candidate == type) return name;
  }
  return "none";
}

}  // namespace muster::rest
