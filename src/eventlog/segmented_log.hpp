#pragma once

#include "base/clock.hpp"
#include "disk/file.hpp"
#include "eventlog/event_log.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace muster::eventlog {

/// Limits and habits of the log. Checked with the rest of the configuration; here they are facts.
struct SegmentedLogConfig {
  std::string directory;
  std::uint64_t segment_bytes = 64u << 20;   ///< A segment is sealed when the next batch would pass this.
  std::uint64_t batch_bytes_max = 1u << 20;  ///< A batch is written when it is this large,
  std::chrono::microseconds flush_interval{1'000};  ///< or this old; 0: as soon as the disk is free.
  std::uint64_t queue_bytes_max = 64u << 20;        ///< Waiting for the disk; beyond it append() refuses.
  std::chrono::hours retention{24};         ///< Whole segments whose newest event is older are deleted.
  std::uint64_t reserve_bytes = 64u << 20;  ///< Left free for the registry: appends stop before it is used.
};

/// Opens (and recovers) or makes the log in `config.directory`. One appender thread; retention runs by the
/// clock's timers. Failures: log_newer, log_corrupt (a damaged record before the tail, named by file and
/// position), io_failed, disk_full.
Result<std::unique_ptr<EventLog>> open_segmented_log(disk::Disk& disk, Clock& clock,
                                                     SegmentedLogConfig config);

}  // namespace muster::eventlog
