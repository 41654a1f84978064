#include "cli/decode_text.hpp"

#include "base/bytes.hpp"
#include "base/percent.hpp"
#include "protocol/dps/topic.hpp"
#include "protocol/hub/sas_token.hpp"
#include "protocol/hub/topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::cli {
namespace {

constexpr std::size_t kQuotedMax = 80;

/// A name that comes twice has both its values.
void add_property(Json& into, const std::string& name, const Json& value) {
  if (!into.contains(name)) {
    into[name] = value;
  } else if (into[name].is_array()) {
    into[name].push_back(value);
  } else {
    into[name] = Json::array({into[name], value});
  }
}

/// Escapes that are none: they stand as they are, which few devices mean.
Json bad_escapes(std::string_view text) {
  Json list = Json::array();
  for (std::size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (from_hex(text.substr(at + 1, 2)) && at + 2 < text.size()) continue;
    list.push_back(
        fmt::format("byte {}: {} is no escape and stands as it is", at, in_quotes(text.substr(at, 3))));
  }
  return list;
}

struct Unit {
  std::string_view name;
  std::int64_t seconds;
};
constexpr std::array kUnits{Unit{"year", 31'557'600}, Unit{"day", 86'400}, Unit{"hour", 3'600},
                            Unit{"minute", 60}, Unit{"second", 1}};

/// What is wrong with a token that parse_sas_token does not take, and at which byte.
struct TokenFault {
  std::size_t position = 0;
  std::string what;
};

TokenFault fault_of_token(std::string_view text) {
  constexpr std::string_view kScheme = "SharedAccessSignature ";
  if (!text.starts_with(kScheme)) {
    const auto differs = std::ranges::mismatch(text, kScheme).in1 - text.begin();
    return {static_cast<std::size_t>(differs), "it does not begin with \"SharedAccessSignature \""};
  }
  struct Field {
    std::string_view name;
    std::size_t value_at = 0;
    std::string_view value;
  };
  std::array<Field, 3> fields{Field{"sr"}, Field{"sig"}, Field{"se"}};
  for (std::size_t at = kScheme.size(); at < text.size();) {
    const std::string_view pair = text.substr(at, text.find('&', at) - at);
    const std::size_t equals = pair.find('=');
    for (Field& field : fields) {
      if (equals == std::string_view::npos || pair.substr(0, equals) != field.name) continue;
      field = {field.name, at + equals + 1, pair.substr(equals + 1)};
    }
    at += pair.size() + 1;
  }
  for (const Field& field : fields) {
    if (field.value_at == 0) return {text.size(), fmt::format("it has no {}", field.name)};
    if (field.value.empty()) return {field.value_at, fmt::format("its {} is empty", field.name)};
  }
  return {fields[2].value_at,
          fmt::format("its se, {}, is no number of seconds since 1970", in_quotes(fields[2].value))};
}

/// What a token's resource gives access to.
std::string resource_in_words(const std::string& resource) {
  const std::size_t slash = resource.find('/');
  const std::string host = resource.substr(0, slash);
  const std::string rest = slash == std::string::npos ? "" : resource.substr(slash);
  constexpr std::string_view kDevices = "/devices/";
  constexpr std::string_view kModules = "/modules/";
  constexpr std::string_view kRegistrations = "/registrations/";
  if (rest.starts_with(kRegistrations)) {
    return fmt::format("registration {} in id scope {}", rest.substr(kRegistrations.size()), host);
  }
  if (rest.starts_with(kDevices)) {
    const std::string id = rest.substr(kDevices.size());
    const std::size_t module = id.find(kModules);
    if (module == std::string::npos) return fmt::format("device {} at {}", id, host);
    return fmt::format("module {} of device {} at {}", id.substr(module + kModules.size()),
                       id.substr(0, module), host);
  }
  return rest.empty() ? fmt::format("all of {}", host) : fmt::format("{} at {}", rest, host);
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string shown = "\"";
  const bool utf8 = is_valid_utf8(as_bytes(text.substr(0, kQuotedMax)));
  for (const char c : text.substr(0, kQuotedMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown + (text.size() > kQuotedMax ? "...\"" : "\"");
}

std::string relative_time(std::chrono::seconds from_now) {
  const std::int64_t seconds = from_now.count() < 0 ? -from_now.count() : from_now.count();
  if (seconds == 0) return "now";
  const auto unit = std::ranges::find_if(kUnits, [&](const Unit& row) { return seconds >= row.seconds; });
  const std::int64_t count = seconds / unit->seconds;
  const std::string length = fmt::format("{} {}{}", count, unit->name, count == 1 ? "" : "s");
  return from_now.count() < 0 ? length + " ago" : "in " + length;
}

Json decode_properties(std::string_view bag) {
  Json system = Json::object(), application = Json::object();
  for (const hub::Property& property : hub::decode_property_bag(bag)) {
    const auto name = hub::system_property_name(property.name);
    const Json value = property.value ? Json(*property.value) : Json(nullptr);
    add_property(name ? system : application, name ? std::string{*name} : property.name, value);
  }
  Json json{{"kind", "properties"}, {"system", std::move(system)}, {"application", std::move(application)}};
  if (Json malformed = bad_escapes(bag); !malformed.empty()) json["malformed"] = std::move(malformed);
  return json;
}

Result<Json> decode_user_name(std::string_view text) {
  if (const auto dps = dps::parse_user_name(text)) {
    return Json{{"kind", "userName"},
                {"means", "a device that registers at DPS"},
                {"idScope", std::string{dps->id_scope}},
                {"registrationId", std::string{dps->registration_id}},
                {"apiVersion", std::string{dps->api_version}},
                {"clientVersion", percent_decode(dps->client_version)}};
  }
  if (const auto hub = hub::parse_user_name(text)) {
    Json json{{"kind", "userName"},
              {"means", hub->module_id.empty() ? "a device at a hub" : "a module at a hub"},
              {"hubHost", std::string{hub->hub_host}},
              {"deviceId", std::string{hub->device_id}}};
    if (!hub->module_id.empty()) json["moduleId"] = std::string{hub->module_id};
    json["apiVersion"] = std::string{hub->api_version};
    json["clientType"] = percent_decode(hub->client_type);
    if (!hub->model_id.empty()) json["modelId"] = hub->model_id;
    return json;
  }
  const std::size_t slash = text.find('/');
  const std::size_t at = slash == std::string_view::npos ? text.size() : slash;
  const std::string_view what = slash == std::string_view::npos ? "a '/' and a device id should follow"
                                : slash == 0 ? "an id scope or host name should stand before the '/'"
                                             : "what follows is neither a registration nor a device";
  return failure(ErrorCode::malformed_user_name, fmt::format("{}, byte {}: {}", in_quotes(text), at, what));
}

Result<Json> decode_token(std::string_view text, WallTime now) {
  const auto token = hub::parse_sas_token(text);
  if (!token) {
    const TokenFault fault = fault_of_token(text);
    return failure(ErrorCode::token_malformed, fmt::format("byte {}: {}", fault.position, fault.what));
  }
  const std::string resource = percent_decode(token->resource);
  Json json{{"kind", "token"}, {"resource", resource}, {"for", resource_in_words(resource)}};
  constexpr std::int64_t kSecondsMax = 253'402'300'799;  // The end of the year 9999.
  if (token->expiry_s <= kSecondsMax) {
    const WallTime expiry{std::chrono::seconds{token->expiry_s}};
    const auto left = std::chrono::floor<std::chrono::seconds>(expiry - now);
    json["expiry"] = format_utc(expiry);
    json["expires"] = relative_time(left);
    json["expired"] = left.count() <= 0;
  } else {
    json["expiry"] = token->expiry_s;
    json["expires"] = "after the year 9999: perhaps milliseconds were given for seconds";
    json["expired"] = false;
  }
  const auto names = hub::key_name_candidates(*token);
  json["policy"] = names.empty() ? Json(nullptr) : Json(names.back());
  // The SDKs name a policy "registration" where there is none.
  const bool registers = resource.find("/registrations/") != std::string::npos;
  json["signedWith"] = registers       ? "a key of the device's enrollment"
                       : names.empty() ? "a key of the device itself"
                                       : "a key of the policy";
  const auto signature = from_base64(token->signature);
  const bool whole = signature && signature->size() == 32;
  json["signature"] = whole ? "32 bytes, as HMAC-SHA256 has; not shown" : "malformed: not base64 of 32 bytes";
  return json;
}

}  // namespace muster::cli
