#pragma once

#include "cli/flags.hpp"
#include "eventlog/log_overview.hpp"
#include "eventlog/segment_dump.hpp"
#include "muster/result.hpp"

#include <optional>
#include <string>

namespace muster::cli {

/// What `muster log inspect` and `export` are asked to show.
struct LogFilterOptions {
  std::string hub, device, from, to;
  int partition = -1;
};

void declare_log_filter(Flags& flags, LogFilterOptions& options);

/// Which records are wanted.
class LogFilter {
 public:
  /// usage when a bound is neither a time nor an offset, or an offset and no partition is said.
  static Result<LogFilter> make(const LogFilterOptions& options);

  bool wants(const eventlog::DumpedRecord& record) const;
  /// False when nothing of the segment can be wanted, as far as is known of it without reading it.
  bool may_want(const eventlog::SegmentOverview& segment) const;

 private:
  struct Bound {
    std::optional<std::uint64_t> offset;
    std::optional<WallTime> time;
  };
  static Result<Bound> bound_of(const std::string& text, const char* flag, bool has_partition);

  LogFilterOptions options_;
  Bound from_, to_;
};

}  // namespace muster::cli
