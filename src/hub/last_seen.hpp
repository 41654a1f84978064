#pragma once

#include "eventlog/event_log.hpp"
#include "hub/session_directory.hpp"
#include "model/service.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace muster::hub {

/// How far a start looks back. What lies beyond is unknown, and shown as never.
struct LastSeenLimits {
  std::uint64_t window_bytes = 1u << 20;  ///< Read at once, of one partition; the pass holds no more.
  std::uint64_t log_bytes_max = std::uint64_t{4} << 30;  ///< Of the log's newest end.
  std::size_t devices_max = 200'000;                     ///< Remembered, about 200 bytes each.
};

struct LastSeenFound {
  std::uint64_t bytes = 0;  ///< Of the log that were read.
  std::size_t devices = 0;  ///< That the directory had not known.
  bool whole = true;        ///< False when a limit, a stop or damage ended it before the log's beginning.
};

/// Tells the directory when devices and modules were last there before this start: the enqueued time of the
/// newest event of each that the log still has. Backwards through the partitions in turn, so that what a
/// limit leaves out is the oldest. Blocks on files: for a thread of its own, beside the running service.
/// `stopped` is asked before each window.
LastSeenFound recall_last_seen(eventlog::EventLog& log, SessionDirectory& sessions,
                               const std::vector<ServiceName>& hubs, const LastSeenLimits& limits,
                               const std::function<bool()>& stopped);

}  // namespace muster::hub
