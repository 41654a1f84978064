#include "server/config_keys.hpp"
#include "server/service_parts.hpp"
#include "server/version.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cstdio>

namespace muster::server {
namespace {

using Json = nlohmann::ordered_json;

/// It is made once a start, and nothing on it ever changes: as long as a process may run.
constexpr std::chrono::hours kCrlLifetime{24 * 3650};

/// Of this process, from the kernel; 0 where it does not say.
std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%lu %lu", &pages, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Json log_figures(const eventlog::EventLog& log) {
  const eventlog::LogFigures figures = log.figures();
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
  }
  if (!figures.room_missing.empty()) json["waitsForRoom"] = figures.room_missing;
  if (figures.failed) json["failure"] = figures.failure;
  return json;
}

}  // namespace

std::string status_json(const Service::Parts& parts) {
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
      {"state", parts.log->failed() ? "failed" : "ready"},
      {"version", kVersion},
      {"pid", ::getpid()},
      {"started", format_utc_7(parts.started)},
      {"world", parts.paths.folder},
      {"endpoints",
       {{"mqtt", parts.ready.mqtt_endpoints},
        {"https", parts.ready.https_endpoints},
        {"admin", parts.ready.admin_endpoint}}},
      {"dps", std::move(dps)},
      {"identities", {{"type", parts.ready.identity_type}, {"origin", parts.ready.identity_type_origin}}},
      {"hubs", std::move(hubs)},
      {"connections", parts.connections->open()},
      {"connectionsRefused", parts.connections->refused()},
      {"registrationsRunning", parts.operations->running()},
      {"refusals", parts.journal.refusals()},
      {"residentBytes", resident_bytes()},
      {"eventLog", log_figures(*parts.log)},
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
