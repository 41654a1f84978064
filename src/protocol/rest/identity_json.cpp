#include "protocol/rest/identity_json.hpp"

#include "base/bytes.hpp"
#include "protocol/rest/device_json.hpp"
#include "protocol/rest/json_fields.hpp"
#include "protocol/rest/symmetric_keys_json.hpp"
#include "protocol/rest/timestamp.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace muster::rest {
namespace {

constexpr std::size_t kStatusReasonMax = 128, kManagedByMax = 128;

constexpr std::array<std::pair<DeviceAuthType, std::string_view>, 4> kAuthTypes{{
    {DeviceAuthType::none, "none"},
    {DeviceAuthType::sas, "sas"},
    {DeviceAuthType::self_signed, "selfSigned"},
    {DeviceAuthType::certificate_authority, "certificateAuthority"},
}};

/// Whose authentication it is: `none` is refused for devices and silently becomes sas for modules.
enum class Owner : std::uint8_t { device, module };

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Result<std::string> read_short_text(const Fields& fields, std::string_view name, std::size_t most) {
  MUSTER_TRY(auto text, fields.text(name));
  if (text && code_points(*text) > most)
    return failure(fields.invalid(name, fmt::format("is longer than {} characters", most)));
  return text.value_or("");
}

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

Result<void> read_thumbprints(const Fields& authentication, DeviceAuth& into) {
  MUSTER_TRY(auto thumbprints, authentication.object("x509Thumbprint"));
  if (!thumbprints) return {};
  MUSTER_TRY(into.primary_thumbprint, read_thumbprint(*thumbprints, "primaryThumbprint"));
  MUSTER_TRY(into.secondary_thumbprint, read_thumbprint(*thumbprints, "secondaryThumbprint"));
  return {};
}

/// Without a type: selfSigned when thumbprints are given, else sas.
Result<DeviceAuthType> read_type(const Fields& authentication, const DeviceAuth& given, Owner owner) {
  MUSTER_TRY(auto text, authentication.text("type"));
  const bool has_thumbprint = !given.primary_thumbprint.empty() || !given.secondary_thumbprint.empty();
  if (!text) return has_thumbprint ? DeviceAuthType::self_signed : DeviceAuthType::sas;
  for (const auto& [type, name] : kAuthTypes) {
    if (!equals_ignoring_case(*text, name)) continue;
    if (type == DeviceAuthType::none) {
      if (owner == Owner::module) return DeviceAuthType::sas;
      return failure(authentication.invalid("type", "none is not for devices"));
    }
    if (type == DeviceAuthType::self_signed && !has_thumbprint) {
      return failure(
          authentication.invalid("x509Thumbprint.primaryThumbprint", "is missing, and type is selfSigned"));
    }
    return type;
  }
  return failure(authentication.invalid(
      "type", fmt::format("\"{}\" found, sas, selfSigned or certificateAuthority wanted", *text)));
}

Result<DeviceAuth> read_authentication(const Fields& fields, Owner owner) {
  MUSTER_TRY(auto authentication, fields.object("authentication"));
  DeviceAuth auth;
  auth.type = DeviceAuthType::sas;
  if (!authentication) return auth;
  MUSTER_TRY(SymmetricKeys keys, read_symmetric_keys(*authentication));
  auth.primary_key = std::move(keys.primary);
  auth.secondary_key = std::move(keys.secondary);
  MUSTER_CHECK(read_thumbprints(*authentication, auth));
  MUSTER_TRY(auth.type, read_type(*authentication, auth, owner));
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
  MUSTER_TRY(into.status_reason, read_short_text(fields, "statusReason", kStatusReasonMax));
  return {};
}

/// At most one parent, as .NET's documentation of the member says; whether there is such a device is the
/// registry's to know.
Result<void> read_parents(const Fields& fields, DeviceIdentity& into) {
  const auto* parents = fields.find("parentScopes");
  if (!parents) return {};
  if (!parents->is_array()) return failure(fields.invalid("parentScopes", "an array is wanted"));
  if (parents->size() > 1) return failure(fields.invalid("parentScopes", "holds more than one scope"));
  for (const auto& scope : *parents) {
    if (!scope.is_string() || scope.get_ref<const std::string&>().empty())
      return failure(fields.invalid("parentScopes[0]", "a device scope is wanted"));
    into.parent_scopes.push_back(scope.get<std::string>());
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
  return read_parents(fields, into);
}

/// What clients send back as they read it, and nobody looks at.
Result<void> check_read_only(const Fields& fields) {
  for (const std::string_view name : {"etag", "generationId", "connectionState", "connectionStateUpdatedTime",
                                      "statusUpdatedTime", "lastActivityTime"}) {
    MUSTER_CHECK(fields.text(name));
  }
  const auto* count = fields.find("cloudToDeviceMessageCount");
  if (count && !count->is_number_integer())
    return failure(fields.invalid("cloudToDeviceMessageCount", "an integer is wanted"));
  return {};
}

}  // namespace

Result<void> check_named(const Fields& fields, std::string_view name, std::string_view wanted) {
  MUSTER_TRY(const std::string given, fields.required_text(name));
  if (given == wanted) return {};
  return failure(fields.invalid(name, fmt::format("\"{}\" found, \"{}\" of the path wanted", given, wanted)));
}

Result<DeviceIdentity> read_device(const Fields& fields, const ServiceName& hub, const DeviceId& id) {
  DeviceIdentity identity{.hub = hub, .id = id};
  MUSTER_CHECK(check_read_only(fields));
  MUSTER_CHECK(read_status(fields, identity));
  MUSTER_TRY(identity.auth, read_authentication(fields, Owner::device));
  MUSTER_CHECK(read_edge(fields, identity));
  return identity;
}

Result<ModuleIdentity> read_module(const Fields& fields, ModuleIdentity named) {
  MUSTER_CHECK(check_read_only(fields));
  MUSTER_TRY(named.managed_by, read_short_text(fields, "managedBy", kManagedByMax));
  MUSTER_TRY(named.auth, read_authentication(fields, Owner::module));
  return named;
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

nlohmann::ordered_json write_authentication(const DeviceAuth& auth) {
  return {
      {"symmetricKey",
       {{"primaryKey", text_or_null(auth.primary_key)}, {"secondaryKey", text_or_null(auth.secondary_key)}}},
      {"x509Thumbprint", write_thumbprints(auth)},
      {"type", auth_type_name(auth.type)}};
}

std::string_view auth_type_name(DeviceAuthType type) noexcept {
  for (const auto& [candidate, name] : kAuthTypes) {
    if (candidate == type) return name;
  }
  return "none";
}

}  // namespace muster::rest
