#include "protocol/hub/topic.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::hub {
namespace {

constexpr std::string_view kTwinGetPrefix = "$iothub/twin/GET/?";
constexpr std::string_view kTwinPatchPrefix = "$iothub/twin/PATCH/properties/reported/?";
constexpr std::string_view kDesiredPrefix = "$iothub/twin/PATCH/properties/desired/";
constexpr std::string_view kCredentialRequestPrefix = "$iothub/credentials/POST/issueCertificate/?";
constexpr std::string_view kMethodResponsePrefix = "$iothub/methods/res/";
constexpr std::string_view kMethodRequestPrefix = "$iothub/methods/POST/";

/// Removes `prefix` from the front of `text` if it is there.
bool take(std::string_view& text, std::string_view prefix) noexcept {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// The value of the first `key=value` in an '&'-separated text, as it stands; nullopt when there is none.
std::optional<std::string_view> query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=') {
      return pair.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> find_rid(std::string_view query) {
  const auto rid = query_value(query, "$rid");
  if (!rid || rid->empty() || rid->size() > kRidSizeMax) return std::nullopt;
  return rid;
}

/// Takes `devices/{id}/` or `devices/{id}/modules/{m}/` off the front of `topic`. Ids are not
/// percent-encoded.
bool take_identity(std::string_view& topic, std::string_view device_id, std::string_view module_id) noexcept {
  if (!take(topic, "devices/") || !take(topic, device_id) || !take(topic, "/")) return false;
  return module_id.empty() || (take(topic, "modules/") && take(topic, module_id) && take(topic, "/"));
}

/// Whether `text`, what is left of a user name after some '/', is its query and not one more id.
bool is_query(std::string_view text) noexcept {
  return text.starts_with('?') || text.starts_with("api-version=");
}

/// Takes one id off the front of `rest`, up to a '/' or to a "?api-version=" that follows it without one.
/// Device ids may hold '?' and '=', so nothing shorter than that ends them.
std::string_view take_id(std::string_view& rest) noexcept {
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::size_t query = std::min(rest.find("?api-version="), rest.size());
  const std::string_view id = rest.substr(0, std::min(slash, query));
  rest.remove_prefix(id.size());
  if (rest.starts_with('/')) rest.remove_prefix(1);
  return id;
}

}  // namespace

std::optional<UserName> parse_user_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  UserName user_name;
  user_name.hub_host = text.substr(0, slash);
  std::string_view rest = text.substr(slash + 1);
  user_name.device_id = take_id(rest);
  if (user_name.device_id.empty()) return std::nullopt;
  if (!rest.empty() && !is_query(rest)) {
    user_name.module_id = take_id(rest);
    if (user_name.module_id.empty()) return std::nullopt;
  }
  if (rest.empty()) return user_name;  // Old clients send no api-version (protocol/device/04 section 2).
  if (!is_query(rest)) return std::nullopt;

  take(rest, "?");
  user_name.api_version = query_value(rest, "api-version").value_or("");
  user_name.client_type = query_value(rest, "DeviceClientType").value_or("");
  user_name.model_id = percent_decode(query_value(rest, "model-id").value_or(""));
  return user_name;
}

std::string format_user_name(std::string_view hub_host, std::string_view device_id,
                             std::string_view api_version, std::string_view client_type) {
  std::string text = fmt::format("{}/{}/?api-version={}", hub_host, device_id, api_version);
  if (!client_type.empty()) text += "&DeviceClientType=" + percent_encode(client_type);
  return text;
}

std::string client_id_of(std::string_view device_id, std::string_view module_id) {
  return module_id.empty() ? std::string{device_id} : fmt::format("{}/{}", device_id, module_id);
}

std::optional<TelemetryTopic> parse_telemetry_topic(std::string_view topic, std::string_view device_id,
                                                    std::string_view module_id) {
  if (!take_identity(topic, device_id, module_id) || !take(topic, "messages/events")) return std::nullopt;
  if (topic.empty()) return TelemetryTopic{device_id, module_id, {}};
  if (!take(topic, "/")) return std::nullopt;
  // Everything else is the bag, for the C SDK leaves '/' in values as it is; C#, Node and Java end some bags
  // in one (protocol/device/04 section 5).
  if (topic.ends_with('/')) topic.remove_suffix(1);
  return TelemetryTopic{device_id, module_id, topic};
}

std::optional<TwinGetTopic> parse_twin_get_topic(std::string_view topic) {
  if (!take(topic, kTwinGetPrefix)) return std::nullopt;
  const auto rid = find_rid(topic);
  return rid ? std::optional{TwinGetTopic{*rid}} : std::nullopt;
}

std::optional<TwinPatchTopic> parse_twin_patch_topic(std::string_view topic) {
  if (!take(topic, kTwinPatchPrefix)) return std::nullopt;
  const auto rid = find_rid(topic);
  return rid ? std::optional{TwinPatchTopic{*rid}} : std::nullopt;
}

std::optional<CredentialRequestTopic> parse_credential_request_topic(std::string_view topic) {
  if (!take(topic, kCredentialRequestPrefix)) return std::nullopt;
  const auto rid = find_rid(topic);
  return rid ? std::optional{CredentialRequestTopic{*rid}} : std::nullopt;
}

std::optional<MethodResponseTopic> parse_method_response_topic(std::string_view topic) {
  if (!take(topic, kMethodResponsePrefix)) return std::nullopt;
  MethodResponseTopic response;
  const char* const end = topic.data() + topic.size();
  const auto [at, error] = std::from_chars(topic.data(), end, response.status);  // Any integer (section 9).
  if (error != std::errc{}) return std::nullopt;
  topic.remove_prefix(static_cast<std::size_t>(at - topic.data()));
  if (!take(topic, "/?")) return std::nullopt;
  const auto rid = find_rid(topic);
  if (!rid) return std::nullopt;
  response.rid = *rid;
  return response;
}

std::string format_telemetry_topic(std::string_view device_id, std::string_view properties) {
  return fmt::format("devices/{}/messages/events/{}", device_id, properties);
}

std::string format_credential_response_topic(int status, std::string_view rid) {
  return fmt::format("$iothub/credentials/res/{}/?$rid={}", status, rid);
}

std::string format_twin_response_topic(int status, std::string_view rid,
                                       std::optional<std::int64_t> version) {
  std::string topic = fmt::format("$iothub/twin/res/{}/?$rid={}", status, rid);
  if (version) topic += fmt::format("&$version={}", *version);  // After $rid: Java (section 8).
  return topic;
}

std::string format_twin_get_topic(std::string_view rid) {
  return fmt::format("{}$rid={}", kTwinGetPrefix, rid);
}

std::string format_twin_patch_topic(std::string_view rid) {
  return fmt::format("{}$rid={}", kTwinPatchPrefix, rid);
}

std::string format_desired_topic(std::int64_t version) {
  return fmt::format("{}?$version={}", kDesiredPrefix, version);
}

std::optional<TwinResponseTopic> parse_twin_response_topic(std::string_view topic) {
  if (!take(topic, "$iothub/twin/res/")) return std::nullopt;
  TwinResponseTopic response;
  const auto [at, error] = std::from_chars(topic.data(), topic.data() + topic.size(), response.status);
  if (error != std::errc{}) return std::nullopt;
  topic.remove_prefix(static_cast<std::size_t>(at - topic.data()));
  if (!take(topic, "/?")) return std::nullopt;
  const auto rid = find_rid(topic);
  if (!rid) return std::nullopt;
  response.rid = *rid;
  if (const auto text = query_value(topic, "$version")) {
    std::int64_t version = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), version);
    if (parsed.ec == std::errc{} && parsed.ptr == text->data() + text->size()) response.version = version;
  }
  return response;
}

bool is_desired_topic(std::string_view topic) { return topic.starts_with(kDesiredPrefix); }

std::optional<Subscription> parse_subscription(std::string_view filter, std::string_view device_id,
                                               std::string_view module_id) {
  if (filter == kTwinResponseFilter) return Subscription::twin_responses;
  if (filter == kDesiredFilter) return Subscription::desired_changes;
  if (filter == "$iothub/credentials/res/#") return Subscription::credential_responses;
  if (take(filter, kMethodRequestPrefix)) {
    // Everything, or one method by name with or without what follows it.
    const std::string_view name = filter.ends_with("/#") ? filter.substr(0, filter.size() - 2) : filter;
    const bool one = !name.empty() && name.find_first_of("/+#") == std::string_view::npos;
    return filter == "#" || one ? std::optional{Subscription::methods} : std::nullopt;
  }

  std::string_view rest = filter;
  // '+' in place of the id can only be the session's own: embedded C subscribes so.
  if (!take_identity(rest, device_id, module_id)) {
    rest = filter;
    if (!take_identity(rest, "+", module_id)) return std::nullopt;
  }
  if (rest == "messages/devicebound/#") return Subscription::cloud_to_device;
  const bool to_module = !module_id.empty() && (rest == "inputs/#" || rest == "#");
  return to_module ? std::optional{Subscription::module_inputs} : std::nullopt;
}

}  // namespace muster::hub
