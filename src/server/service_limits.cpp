#include "server/config_keys.hpp"
#include "server/limits_reference.hpp"
#include "server/service_parts.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <filesystem>

/// The limits of a running service: what the configuration says made into what each part takes, and how much
/// of each is used.

namespace muster::server {
namespace {

using Json = nlohmann::ordered_json;

/// Descriptors for what is no connection of a stranger's: the log, the registry, admin and control sockets.
/// A process that has none left cannot begin a segment, and then its log has failed.
constexpr std::uint64_t kDescriptorsKeptMin = 64;
constexpr std::uint64_t kDescriptorsKeptMax = 1'024;

/// An eighth, within the two.
std::uint64_t descriptors_kept(std::uint64_t descriptors) {
  return std::clamp(descriptors / 8, kDescriptorsKeptMin, kDescriptorsKeptMax);
}

std::uint32_t https_connections_max(const LimitsConfig& limits, std::uint64_t descriptors) {
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(descriptors / 8, 1, limits.http_connections_max));
}

std::uint32_t mqtt_connections_max(const LimitsConfig& limits, std::uint64_t descriptors) {
  const std::uint64_t others = descriptors_kept(descriptors) + https_connections_max(limits, descriptors);
  const std::uint64_t left = descriptors > others ? descriptors - others : 1;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(left, limits.connections_max));
}

net::ConnectionCaps caps_of(const LimitsConfig& limits, std::uint32_t connections_max, std::size_t shards) {
  return {.connections_max = connections_max,
          .connections_per_address_max = limits.connections_per_address_max,
          .openings = {.openings_max = limits.openings_max,
                       .openings_per_address_max = limits.openings_per_address_max},
          .shards = static_cast<std::uint32_t>(shards)};
}

std::size_t descriptors_open() {
  std::error_code ignored;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd", ignored}) {
    static_cast<void>(entry);
    ++count;
  }
  return count;
}

Json usage_of(const net::ConnectionLimits& limits) {
  const net::ConnectionCaps& caps = limits.caps();
  const net::OpeningFigures& openings = limits.openings();
  return {{"max", caps.connections_max},
          {"open", limits.open()},
          {"perAddressMax", caps.connections_per_address_max},
          {"openOfOneAddress", limits.open_of_one_address_max()},
          {"refused", limits.refused()},
          {"openings",
           {{"max", caps.openings.openings_max},
            {"perAddressMax", caps.openings.openings_per_address_max},
            {"open", openings.open.load()},
            {"waiting", openings.waiting.load()},
            {"refused", openings.refused.load()}}}};
}

/// Of each listener: the label `listener` is mqtt or https.
struct LimitMetric {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::uint64_t (*value)(const net::ConnectionLimits&);
};

constexpr std::array kLimitMetrics{
    LimitMetric{"muster_connections", "gauge", "Connections open now.",
                [](const net::ConnectionLimits& l) -> std::uint64_t { return l.open(); }},
    LimitMetric{"muster_connections_max", "gauge", "How many there may be.",
                [](const net::ConnectionLimits& l) -> std::uint64_t { return l.caps().connections_max; }},
    LimitMetric{"muster_connections_refused_total", "counter", "Connections closed at once, over a limit.",
                [](const net::ConnectionLimits& l) -> std::uint64_t { return l.refused(); }},
    LimitMetric{"muster_openings", "gauge", "Connections between their first byte and an accepted CONNECT.",
                [](const net::ConnectionLimits& l) -> std::uint64_t { return l.openings().open; }},
    LimitMetric{
        "muster_openings_max", "gauge", "How many there may be.",
        [](const net::ConnectionLimits& l) -> std::uint64_t { return l.caps().openings.openings_max; }},
    LimitMetric{"muster_openings_waiting", "gauge", "Connections that wait for their turn to be opened.",
                [](const net::ConnectionLimits& l) -> std::uint64_t { return l.openings().waiting; }},
    LimitMetric{"muster_openings_refused_total", "counter",
                "Connections that ended before it was their turn.",
                [](const net::ConnectionLimits& l) -> std::uint64_t { return l.openings().refused; }},
};

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kDescriptorsKeptMin;
  const rlim_t soft = std::exchange(limit.rlim_cur, limit.rlim_max);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : soft;
}

rest::HttpLimits http_limits(const LimitsConfig& limits) {
  return {.head_bytes_max = limits.http_head_bytes_max,
          .body_bytes_max = limits.http_body_bytes_max,
          .handshake_timeout = std::chrono::seconds{limits.handshake_seconds},
          .idle_timeout = std::chrono::seconds{limits.http_idle_seconds},
          .request_timeout = std::chrono::seconds{limits.http_request_seconds},
          .write_timeout = std::chrono::seconds{limits.http_write_seconds},
          .event_streams_max = limits.event_streams_max};
}

void make_connection_limits(Service::Parts& parts) {
  const LimitsConfig& limits = parts.config().limits;
  const std::uint64_t descriptors = raise_descriptor_limit();
  const std::uint32_t mqtt_max = mqtt_connections_max(limits, descriptors);
  parts.connections = std::make_unique<net::ConnectionLimits>(caps_of(limits, mqtt_max, parts.shards.size()));
  parts.https_connections = std::make_unique<net::ConnectionLimits>(
      caps_of(limits, https_connections_max(limits, descriptors), parts.shards.size()));
  parts.descriptors_max = descriptors;
  // By default there is no promise to be broken, and `muster status` shows the figure.
  const bool asked = parts.loaded.origin_of("limits.connections_max") != Origin::default_value;
  if (asked && mqtt_max < limits.connections_max) {
    parts.ready.talk.push_back(fmt::format(
        "limits.connections_max is {}, and with {} descriptors this process takes {} connections: raise its "
        "hard limit (ulimit -Hn, LimitNOFILE= in a unit)",
        limits.connections_max, descriptors, mqtt_max));
  }
}

/// Every key of limits.* by its own name, and beside it what is used of those of which something is.
Json limits_json(const Service::Parts& parts) {
  Json json{
      {"connections", usage_of(*parts.connections)},
      {"httpsConnections", usage_of(*parts.https_connections)},
      {"descriptors", {{"max", parts.descriptors_max}, {"open", descriptors_open()}}},
      {"operations", {{"max", parts.config().limits.operations_max}, {"open", parts.operations->running()}}}};
  constexpr std::string_view kPrefix = "limits.";
  Json configured = Json::object();
  for (const ConfigKey& key : config_keys()) {
    if (key.name.starts_with(kPrefix)) configured[key.name.substr(kPrefix.size())] = key.get(parts.config());
  }
  json["configured"] = std::move(configured);
  return json;
}

std::string limits_metrics(const Service::Parts& parts) {
  std::string text;
  for (const LimitMetric& metric : kLimitMetrics) {
    text += fmt::format(
        "# HELP {0} {2}\n# TYPE {0} {1}\n{0}{{listener=\"mqtt\"}} {3}\n{0}{{listener=\"https\"}} {4}\n",
        metric.name, metric.type, metric.help, metric.value(*parts.connections),
        metric.value(*parts.https_connections));
  }
  return text;
}

std::string limits_metrics_reference() {
  std::string text =
      "\n## Limits of connections\n\n"
      "Each for `listener=\"mqtt\"` and `listener=\"https\"`.\n\n"
      "| name | type | |\n|---|---|---|\n";
  for (const LimitMetric& metric : kLimitMetrics)
    text += fmt::format("| `{}` | {} | {} |\n", metric.name, metric.type, metric.help);
  return text;
}

}  // namespace muster::server
