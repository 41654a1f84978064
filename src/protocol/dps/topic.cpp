#include "protocol/dps/topic.hpp"

#include "base/percent.hpp"
#include "protocol/dps/query.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::dps {
namespace {

constexpr std::string_view kRegistrations = "/registrations/";
constexpr std::string_view kApiVersion = "api-version=";
constexpr std::string_view kRegisterPrefix = "$dps/registrations/PUT/iotdps-register/?";
constexpr std::string_view kPollPrefix = "$dps/registrations/GET/iotdps-get-operationstatus/?";
constexpr std::string_view kResponsePrefix = "$dps/registrations/res/";

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Where the registration id ends in `text`, which follows "/registrations/"; npos when there is no such
/// place.
std::size_t end_of_registration_id(std::string_view text) {
  const std::size_t api_version = text.find(kApiVersion);
  if (api_version == std::string_view::npos) return std::min(text.find('/'), text.size());
  // The agent that follows may hold slashes of its own (the C SDK sends it raw), so look back, not forth.
  return api_version == 0 ? std::string_view::npos : text.rfind('/', api_version - 1);
}

/// $rid anywhere in the query, textually.
std::optional<std::string_view> find_rid(std::string_view query) {
  const auto rid = query_value(query, "$rid");
  if (!rid || rid->empty() || rid->size() > kRidSizeMax) return std::nullopt;
  return rid;
}

}  // namespace

std::optional<UserName> parse_user_name(std::string_view text) {
  const std::size_t at = text.find(kRegistrations);
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  const std::string_view rest = text.substr(at + kRegistrations.size());
  const std::size_t end = end_of_registration_id(rest);
  if (end == std::string_view::npos || end == 0) return std::nullopt;

  std::string_view query = rest.substr(std::min(end + 1, rest.size()));
  if (query.starts_with('?')) query.remove_prefix(1);  // No SDK sends it here; the hub's user names have it.
  return UserName{text.substr(0, at), rest.substr(0, end), query_value(query, "api-version").value_or(""),
                  query_value(query, "ClientVersion").value_or("")};
}

std::string format_user_name(std::string_view id_scope, std::string_view registration_id,
                             std::string_view api_version, std::string_view client_version) {
  std::string text =
      fmt::format("{}/registrations/{}/api-version={}", id_scope, registration_id, api_version);
  if (!client_version.empty()) text += "&ClientVersion=" + percent_encode(client_version);
  return text;
}

std::optional<Request> parse_request_topic(std::string_view topic) {
  const bool is_register = topic.starts_with(kRegisterPrefix);
  if (!is_register && !topic.starts_with(kPollPrefix)) return std::nullopt;
  const std::string_view query = topic.substr(is_register ? kRegisterPrefix.size() : kPollPrefix.size());
  const auto rid = find_rid(query);
  if (!rid) return std::nullopt;
  if (is_register) return Request{Request::Kind::register_, *rid, {}};

  const auto operation_id = query_value(query, "operationId");
  if (!operation_id || operation_id->empty()) return std::nullopt;
  return Request{Request::Kind::poll, *rid, percent_decode(*operation_id)};
}

std::string format_register_topic(std::string_view rid) {
  return fmt::format("{}$rid={}", kRegisterPrefix, rid);
}

std::string format_poll_topic(std::string_view rid, std::string_view operation_id) {
  return fmt::format("{}$rid={}&operationId={}", kPollPrefix, rid, percent_encode(operation_id));
}

std::string format_response_topic(int status, std::string_view rid, std::optional<int> retry_after_s) {
  std::string topic = fmt::format("{}{}/?$rid={}", kResponsePrefix, status, rid);
  if (retry_after_s) topic += fmt::format("&retry-after={}", *retry_after_s);
  return topic;
}

std::optional<ResponseTopic> parse_response_topic(std::string_view topic) {
  if (!topic.starts_with(kResponsePrefix)) return std::nullopt;
  topic.remove_prefix(kResponsePrefix.size());
  const std::size_t query_at = topic.find("/?");
  if (query_at == std::string_view::npos) return std::nullopt;
  const auto status = parse_int(topic.substr(0, query_at));
  const std::string_view query = topic.substr(query_at + 2);
  const auto rid = find_rid(query);
  if (!status || *status < 0 || !rid) return std::nullopt;

  ResponseTopic response{*status, *rid, std::nullopt};
  if (const auto retry_after = query_value(query, "retry-after")) {
    const auto seconds = parse_int(*retry_after);
    if (seconds && *seconds >= 0) response.retry_after_s = seconds;
  }
  return response;
}

}  // namespace muster::dps
