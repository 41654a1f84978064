#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "eventlog/event_log.hpp"
#include "gateway/rest/service_names.hpp"
#include "hub/session_directory.hpp"
#include "hub/twins.hpp"
#include "journal/journal.hpp"
#include "provisioning/allocation.hpp"
#include "registry/registry.hpp"
#include "throttle/throttles.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace muster::rest {

/// Who calls. The control socket has all rights; over HTTPS each call shows its own, by SAS.
struct Caller {
  bool all_rights = false;
  std::string remote;
};

/// What only the process knows of itself.
struct ProcessFigures {
  double uptime_s = 0;
  std::uint64_t resident_bytes = 0;           ///< 0 where the kernel does not say.
  std::uint64_t resident_bytes_at_start = 0;  ///< When it was ready, with nobody connected.
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t registrations_running = 0;

  /// What each of so many sessions has added to the memory; 0 without any.
  std::uint64_t resident_bytes_per(std::uint64_t sessions) const noexcept {
    if (sessions == 0 || resident_bytes <= resident_bytes_at_start) return 0;
    return (resident_bytes - resident_bytes_at_start) / sessions;
  }
};

/// What the process itself answers: filled by server/compose.
struct ProcessFace {
  std::function<std::string()> status_json;  ///< The object of `muster status -o json`.
  std::function<std::string()> config_json;  ///< The effective configuration with origins.
  std::function<void()> stop;                ///< Begins an orderly stop; returns at once.
  /// Hubs or DPS instances came or went: completes once the process has followed, as far as it can (what it
  /// cannot is logged). Call on a shard.
  std::function<asio::awaitable<void>()> services_changed;
  std::function<ProcessFigures()> figures{};  ///< For /metrics; without it they are 0.
};

/// Everything that the REST handlers stand on. Borrowed; outlives them.
struct Services {
  Clock& clock;
  Random& random;
  registry::Registry& registry;
  eventlog::EventLog& log;
  journal::Journal& journal;
  hub::SessionDirectory& sessions;
  hub::Twins& twins;
  const ServiceNames& names;
  throttle::Throttles& throttles;
  ProcessFace process;
  std::string subscription_id, resource_group;
  std::chrono::seconds sas_clock_skew{300};        ///< For so long an expired token is taken still.
  provisioning::Allocation* allocation = nullptr;  ///< For the dry run; without one there is none.
};

}  // namespace muster::rest
