#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "eventlog/event_log.hpp"
#include "hub/session_directory.hpp"
#include "hub/twins.hpp"
#include "journal/journal.hpp"
#include "registry/registry.hpp"

#include <functional>
#include <memory>
#include <string>

namespace muster::rest {

/// Who calls, and what that allows. The control socket has all rights; HTTPS (a later issue) brings SAS.
struct Caller {
  bool all_rights = false;
  std::string remote;
};

/// What the process itself answers: filled by server/compose.
struct ProcessFace {
  std::function<std::string()> status_json;  ///< The object of `muster status -o json`.
  std::function<std::string()> config_json;  ///< The effective configuration with origins.
  std::function<void()> stop;                ///< Begins an orderly stop; returns at once.
  std::function<void()> services_changed;    ///< Hubs or DPS instances came or went.
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
  ProcessFace process;
  std::string subscription_id, resource_group;
};

}  // namespace muster::rest
