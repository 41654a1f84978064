#include "cli/commands.hpp"
#include "cli/log_filter.hpp"
#include "cli/log_record.hpp"
#include "cli/log_source.hpp"
#include "eventlog/log_overview.hpp"
#include "protocol/hub/event_json.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string where;
  LogFilterOptions filter;
};

constexpr hub::EventJsonOptions kEverything{
    .system = true, .application = true, .annotations = true, .position = true};

/// monitor-events' object on one line, with the hub's name before it: a log has all hubs of its world.
std::string line_of(const eventlog::DumpedRecord& record) {
  const std::string event = hub::format_event_json(record.event, kEverything);
  return fmt::format("{{\"hub\":{},{}\n", dump(Json(std::string{record.event.event.hub})), event.substr(1));
}

Result<std::vector<eventlog::SegmentOverview>> segments_of(const LogSource& source) {
  MUSTER_TRY(auto segments, eventlog::log_overview(*source.disk, source.directory));
  if (!source.segment.empty()) {
    std::erase_if(segments, [&](const auto& segment) { return segment.path != source.segment; });
  }
  return segments;
}

/// The error that the command ends with, after everything that is whole has been written.
struct Remembered {
  std::optional<Error> error;
  void note(Error next) {
    if (!error) error = std::move(next);
  }
};

Result<int> export_events(Invocation& invocation, const Options& options) {
  const std::string& output = invocation.flags().output;
  if (!output.empty() && output != "json") {
    return failure(
        Error{ErrorCode::option_unsupported, "an export is JSON lines and has no other form"}.with_remedy(
            "Leave -o out; jq makes of it what you need."));
  }
  MUSTER_TRY(const LogFilter filter, LogFilter::make(options.filter));
  MUSTER_TRY(const LogSource source, find_log(invocation, options.where));
  MUSTER_TRY(const auto segments, segments_of(source));
  std::ostream& out = invocation.shell().out;
  const auto write = [&](const eventlog::DumpedRecord& record) {
    if (filter.wants(record)) out << line_of(record);
    return out.good();
  };
  Remembered damage;
  for (const auto& segment : segments) {
    if (!segment.header_fault.empty()) damage.note({ErrorCode::log_corrupt, segment.header_fault});
    if (!segment.header_fault.empty() || !filter.may_want(segment)) continue;
    const auto end = eventlog::dump_segment(*source.disk, segment.path, write);
    if (!end) return failure(end.error());
    if (end->stopped) {
      return failure(Error{ErrorCode::io_failed, "standard output takes no more"}.with_remedy(
          "Look at the disk, or at the program that reads it; nothing of the log was changed."));
    }
    const bool torn_tail = segment.live && end->damages.size() == 1 && end->damages.front().torn;
    if (!end->damages.empty() && !torn_tail) damage.note(damaged_segment(segment.path, *end));
  }
  if (damage.error) return failure(*std::move(damage.error));
  return 0;
}

}  // namespace

void add_log_export(Commands& commands) {
  commands.verb<Options>(
      "log export",
      {.line = "Write the events of the log as JSON lines",
       .about =
           "One object a line, as `muster hub monitor-events --properties all` has them, with hub, "
           "partition, "
           "offset and sequenceNumber; in the order of the log, which within a partition is that of the "
           "sequence numbers. What is damaged is left out, and the command then ends with 1 and says where.",
       .examples = "$ muster log export --device my-device-001 | wc -l\n2\n"
                   "$ muster log export --from 2026-01-21T10:30:00Z --to 2026-01-21T11:00:00Z",
       .request = "GET /muster/v1/status   Host: muster, for what is durable"},
      [](Flags& flags, Options& options) {
        flags.text("LOG", options.where, "LOG",
                   "A segment's number, a .segment file, or the folder of a world or log; else --data's log");
        declare_log_filter(flags, options.filter);
      },
      export_events);
}

}  // namespace muster::cli
