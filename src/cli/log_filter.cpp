#include "cli/log_filter.hpp"

#include "cli/event_view.hpp"
#include "muster/ids.hpp"
#include "protocol/rest/timestamp.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::cli {
namespace {

constexpr int kPartitionMax = 1023;  // Of all hubs, as many as a log has.

}  // namespace

void declare_log_filter(Flags& flags, LogFilterOptions& options) {
  flags.text("--hub-name,-n", options.hub, "NAME", "Only events of this hub");
  flags.text("--device-id,--device,-d", options.device, "ID",
             "Only events of this device; * and ? are wildcards");
  flags.number("--partition", options.partition, {0, kPartitionMax}, "N", "Only this partition");
  flags.text("--from", options.from, "WHERE",
             "Begin at a time like 2026-01-21T10:30:00Z or, with --partition, at an offset");
  flags.text("--to", options.to, "WHERE", "End before this time or offset");
}

Result<LogFilter::Bound> LogFilter::bound_of(const std::string& text, const char* flag, bool has_partition) {
  Bound bound;
  if (text.empty()) return bound;
  std::uint64_t offset = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), offset);
  if (code == std::errc{} && end == text.data() + text.size()) {
    if (!has_partition) {
      return failure(Error{ErrorCode::usage, "an offset is a position in one partition"}.with_remedy(
          fmt::format("Say which with --partition, as in --partition 0 {} {}.", flag, text)));
    }
    bound.offset = offset;
    return bound;
  }
  bound.time = rest::parse_utc(text);
  if (bound.time) return bound;
  return failure(
      ErrorCode::usage,
      fmt::format("{} wants an offset or a time like 2026-01-21T10:30:00Z, and got {}", flag, text));
}

Result<LogFilter> LogFilter::make(const LogFilterOptions& options) {
  LogFilter filter;
  filter.options_ = options;
  MUSTER_TRY(filter.from_, bound_of(options.from, "--from", options.partition >= 0));
  MUSTER_TRY(filter.to_, bound_of(options.to, "--to", options.partition >= 0));
  return filter;
}

bool LogFilter::wants(const eventlog::DumpedRecord& record) const {
  const StoredEvent& stored = record.event;
  if (options_.partition >= 0 && stored.partition != static_cast<std::uint32_t>(options_.partition)) {
    return false;
  }
  if (!options_.hub.empty() && !equals_ignoring_case(options_.hub, stored.event.hub)) return false;
  if (from_.offset && stored.offset < *from_.offset) return false;
  if (to_.offset && stored.offset >= *to_.offset) return false;
  if (from_.time && stored.enqueued < *from_.time) return false;
  if (to_.time && stored.enqueued >= *to_.time) return false;
  return options_.device.empty() || matches_device(options_.device, stored.event.device_id);
}

bool LogFilter::may_want(const eventlog::SegmentOverview& segment) const {
  // What stands in a damaged segment is found by reading it.
  if (!segment.damages.empty() || !segment.header_fault.empty()) return true;
  if (from_.time && segment.newest() < *from_.time) return false;
  return !to_.time || segment.oldest() < *to_.time;
}

}  // namespace muster::cli
