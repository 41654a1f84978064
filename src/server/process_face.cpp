#include "server/config_keys.hpp"
#include "server/service_parts.hpp"
#include "server/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace muster::server {
namespace {

using Json = nlohmann::ordered_json;

/// It is made once a start, and nothing on it ever changes: as long as a process may run.
constexpr std::chrono::hours kCrlLifetime{24 * 3650};

/// Times as people read them off: microseconds, and never lower than they were.
Json quantiles_us(const HistogramFigures& figures) {
  const auto us = [](std::uint64_t ns) { return (ns + 999) / 1000; };
  return {{"p50", us(figures.quantile(0.5))}, {"p99", us(figures.quantile(0.99))}, {"max", us(figures.max)}};
}

double rounded(double value) { return std::round(value * 10) / 10; }

Json log_figures(const eventlog::LogFigures& figures) {
  Json json{{"eventsAppended", figures.events_appended},
            {"bytesAppended", figures.bytes_appended},
            {"commits", figures.commits},
            {"queueBytes", figures.queue_bytes},
            {"segments", figures.segments},
            {"failed", figures.failed}};
  if (figures.commits > 0) {
    json["commitMicrosecondsMean"] = figures.commit_ns_total / figures.commits / 1000;
    json["eventsPerCommitMean"] =
        static_cast<double>(figures.events_appended) / static_cast<double>(figures.commits);
    json["commitMicroseconds"] = quantiles_us(figures.commit_ns);
    json["durableMicroseconds"] = quantiles_us(figures.durable_ns);
    json["eventsPerCommit"] = {{"p50", figures.events_per_batch.quantile(0.5)},
                               {"max", figures.events_per_batch.max}};
  }
  json["durableEnd"] = {{"segment", figures.durable_end.segment}, {"position", figures.durable_end.position}};
  if (!figures.room_missing.empty()) json["waitsForRoom"] = figures.room_missing;
  if (figures.failed) json["failure"] = figures.failure;
  return json;
}

}  // namespace

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%lu %lu", &pages, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

rest::ProcessFigures process_figures(const Service::Parts& parts) {
  const std::chrono::duration<double> up = parts.injected.clock.steady() - parts.started_steady;
  return {.uptime_s = rounded(up.count()),
          .resident_bytes = resident_bytes(),
          .resident_bytes_at_start = parts.resident_at_start,
          .connections = parts.connections->open(),
          .connections_refused = parts.connections->refused(),
          .registrations_running = parts.operations->running()};
}

std::string status_json(const Service::Parts& parts) {
  const eventlog::LogFigures log = parts.log->figures();
  const rest::ProcessFigures process = process_figures(parts);
  const std::uint64_t sessions = parts.sessions.connected_count();
  const auto services = parts.front_door->table();
  Json hubs = Json::array();
  for (const auto& entry : services->hubs) {
    hubs.push_back({{"name", entry.hub.name.str()},
                    {"host", hub_host_name(entry.hub.name)},
                    {"address", hub_address(parts, entry.address)},
                    {"connected", parts.sessions.connected_count(entry.hub.name)}});
  }
  Json dps = Json::array();
  for (const DpsInstance& instance : services->dps) {
    dps.push_back({{"name", instance.name.str()},
                   {"idScope", instance.id_scope},
                   {"host", dps_host_name(instance.name)}});
  }
  const Json whole{
      {"state", log.failed ? "failed" : "ready"},
      {"version", kVersion},
      {"pid", ::getpid()},
      {"started", format_utc_7(parts.started)},
      {"uptimeSeconds", static_cast<std::uint64_t>(process.uptime_s)},
      {"world", parts.paths.folder},
      {"endpoints",
       {{"mqtt", parts.ready.mqtt_endpoints},
        {"https", parts.ready.https_endpoints},
        {"admin", parts.ready.admin_endpoint}}},
      {"dps", std::move(dps)},
      {"identities", {{"type", parts.ready.identity_type}, {"origin", parts.ready.identity_type_origin}}},
      {"hubs", std::move(hubs)},
      {"sessions", sessions},
      {"connections", process.connections},
      {"connectionsRefused", process.connections_refused},
      {"registrationsRunning", process.registrations_running},
      {"refusals", parts.journal.refusals()},
      {"residentBytes", process.resident_bytes},
      {"residentBytesPerSession", process.resident_bytes_per(sessions)},
      {"eventsPerSecond",
       {{"last10s", rounded(log.events_per_second_10s)}, {"last60s", rounded(log.events_per_second_60s)}}},
      {"eventLog", log_figures(log)},
      {"limits", limits_json(parts)}};
  return whole.dump();
}

std::string config_json(const LoadedConfig& loaded) {
  Json keys = Json::object();
  for (const ConfigKey& key : config_keys()) {
    keys[key.name] = {{"value", key.get(loaded.config)}, {"origin", origin_name(loaded.origin_of(key.name))}};
  }
  return keys.dump();
}

Result<Bytes> server_crl(const Service::Parts& parts) {
  const WallTime now = parts.injected.clock.wall();
  const auto number = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return pki::issue_empty_crl(parts.tls->ca, now, kCrlLifetime, static_cast<std::uint64_t>(number));
}

}  // namespace muster::server
