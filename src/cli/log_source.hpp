#pragma once

#include "cli/invocation.hpp"
#include "eventlog/durable_view.hpp"

#include <memory>
#include <optional>
#include <string>

namespace muster::cli {

/// An event log to look into, whoever writes to it meanwhile.
struct LogSource {
  std::string directory;
  std::string segment;  ///< The path of the one segment that is meant; empty for the whole log.
  /// What to read it through: as far as the running service says that it is durable, or as it is on the disk
  /// when no service runs.
  std::unique_ptr<eventlog::DurableView> view;
  disk::Disk* disk = nullptr;
  bool service_runs = false;
};

/// `where` is empty for the world's own log, a segment's number in it, a world's folder, a log's directory,
/// or a segment's file. world_missing when there is no log there.
Result<LogSource> find_log(Invocation& invocation, const std::string& where);

}  // namespace muster::cli
