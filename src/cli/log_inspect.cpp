#include "cli/commands.hpp"
#include "cli/list_writer.hpp"
#include "cli/log_filter.hpp"
#include "cli/log_record.hpp"
#include "cli/log_source.hpp"
#include "disk/path.hpp"
#include "eventlog/log_overview.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string where;
  LogFilterOptions filter;
  int limit = 0;  ///< 0: without end.
};

constexpr int kLimitMax = 1'000'000'000;

std::string state_of(const eventlog::SegmentOverview& segment) {
  if (!segment.header_fault.empty()) return "unreadable";
  if (segment.live && segment.damages.size() == 1 && segment.damages.front().torn) return "torn";
  if (!segment.damages.empty()) return "damaged";
  return segment.live ? "live" : "sealed";
}

Json range_json(const eventlog::PartitionRange& range) {
  const eventlog::Extent& extent = range.extent;
  return {{"hub", range.hub},
          {"partition", extent.id.partition},
          {"events", range.events},
          {"bytes", range.bytes},
          {"firstSequenceNumber", extent.first_sequence},
          {"lastSequenceNumber", extent.next_sequence - 1},
          {"firstOffset", extent.first_offset},
          {"nextOffset", extent.next_offset},
          {"oldest", format_utc_7(extent.first_time)},
          {"newest", format_utc_7(extent.last_time)}};
}

Json segment_json(const eventlog::SegmentOverview& segment) {
  Json json{{"segment", segment.number},
            {"file", segment.path},
            {"state", state_of(segment)},
            {"fileBytes", segment.file_bytes}};
  if (!segment.header_fault.empty()) {
    json["fault"] = segment.header_fault;
    return json;
  }
  json["usedBytes"] = segment.end;
  json["created"] = format_utc_7(segment.created);
  json["firstBatch"] = segment.first_batch;
  json["batches"] = segment.batches;
  json["events"] = segment.events();
  json["bytes"] = segment.bytes();
  const bool any = segment.events() > 0;
  json["oldest"] = any ? Json(format_utc_7(segment.oldest())) : Json(nullptr);
  json["newest"] = any ? Json(format_utc_7(segment.newest())) : Json(nullptr);
  json["partitions"] = Json::array();
  for (const auto& range : segment.partitions) json["partitions"].push_back(range_json(range));
  for (const auto& damage : segment.damages) json["damages"].push_back(damage.what);
  return json;
}

/// One row a segment and partition; what concerns the segment stands in its first.
Json table_rows(const std::vector<eventlog::SegmentOverview>& segments) {
  Json rows = Json::array();
  for (const auto& segment : segments) {
    Json row{{"segment", segment.number}, {"state", state_of(segment)}, {"batches", segment.batches}};
    for (const auto& range : segment.partitions) {
      const Json json = range_json(range);
      for (const auto& [name, value] : json.items()) row[name] = value;
      row["sequence"] = fmt::format("{}-{}", range.extent.first_sequence, range.extent.next_sequence - 1);
      rows.push_back(row);
      row = {{"segment", ""}, {"state", ""}, {"batches", ""}};
    }
    if (segment.partitions.empty()) rows.push_back(row);
  }
  return rows;
}

Result<int> inspect_log(Invocation& invocation, const LogSource& source) {
  MUSTER_TRY(const auto segments, eventlog::log_overview(*source.disk, source.directory));
  if (invocation.format() == Format::table) {
    invocation.print(table_rows(segments), {{"Segment", "segment"},
                                            {"State", "state"},
                                            {"Batches", "batches"},
                                            {"Hub", "hub"},
                                            {"Partition", "partition"},
                                            {"Events", "events"},
                                            {"Sequence", "sequence"},
                                            {"Oldest", "oldest"},
                                            {"Newest", "newest"}});
    return 0;
  }
  Json list = Json::array();
  for (const auto& segment : segments) list.push_back(segment_json(segment));
  invocation.print(list);
  return 0;
}

Result<int> inspect_segment(Invocation& invocation, const LogSource& source, const Options& options) {
  MUSTER_TRY(const LogFilter filter, LogFilter::make(options.filter));
  if (invocation.format() == Format::tsv) {
    return failure(Error{ErrorCode::option_unsupported, "records have no tsv: they are objects"}.with_remedy(
        "Use -o table for words or -o json."));
  }
  const bool words = invocation.format() == Format::table;
  ListWriter writer{invocation.shell().out, words};
  const auto wanted = static_cast<std::size_t>(options.limit);
  const auto show = [&](const eventlog::DumpedRecord& record) {
    if (!filter.wants(record)) return true;
    Json json = record_json(record);
    if (words && json.contains("payload")) json["payload"] = one_line(json["payload"]);
    writer.add(json);
    return wanted == 0 || writer.count() < wanted;
  };
  MUSTER_TRY(const eventlog::DumpEnd end, eventlog::dump_segment(*source.disk, source.segment, show));
  writer.end();
  if (end.damages.empty()) return 0;
  return failure(damaged_segment(source.segment, end));
}

Result<int> inspect(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const LogSource source, find_log(invocation, options.where));
  if (!source.segment.empty()) return inspect_segment(invocation, source, options);
  const LogFilterOptions& filter = options.filter;
  if (filter.partition >= 0 || options.limit > 0 ||
      !(filter.hub + filter.device + filter.from + filter.to).empty()) {
    return failure(Error{ErrorCode::usage, "the list of segments takes none of the flags that choose records"}
                       .with_remedy("Name a segment, as in `muster log inspect 1`, or use `muster log "
                                    "export` for records of all."));
  }
  return inspect_log(invocation, source);
}

}  // namespace

void add_log_inspect(Commands& commands) {
  commands.verb<Options>(
      "log inspect",
      {.line = "Show what is in the event log, or each record of a segment",
       .about =
           "Lists the segments with what each holds of which partition; with a segment, its records in the "
           "order of the file. Works while the service runs, and then shows what is durable; nothing is "
           "changed.",
       .examples = "$ muster log inspect -o table\n"
                   "Segment  State  Batches  Hub              Partition  Events  Sequence  "
                   "Oldest                        Newest\n"
                   "-------  -----  -------  ---------------  ---------  ------  --------  "
                   "----------------------------  ----------------------------\n"
                   "1        live   2        my-iot-hub-x509  0          2       0-1       "
                   "2026-01-21T10:30:00.1234560Z  2026-01-21T10:30:01.1234560Z\n"
                   "$ muster log inspect 1 --limit 1 -o table\n"
                   "position          560\n"
                   "...\n"
                   "hub               my-iot-hub-x509\n"
                   "partition         0\n"
                   "sequenceNumber    0\n"
                   "offset            0\n"
                   "enqueuedTimeUtc   2026-01-21T10:30:00.1234560Z\n"
                   "deviceId          my-device-001\n"
                   "...",
       .request = ""},
      [](Flags& flags, Options& options) {
        flags.text("SEGMENT", options.where, "SEGMENT",
                   "A segment's number, a .segment file, or the folder of a world or log; else --data's log");
        declare_log_filter(flags, options.filter);
        flags.number("--limit", options.limit, {1, kLimitMax}, "COUNT", "Show so many records at most");
      },
      inspect);
}

}  // namespace muster::cli
