#include "cli/commands.hpp"
#include "cli/list_writer.hpp"
#include "cli/log_source.hpp"
#include "eventlog/verify.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

using eventlog::LogFinding;

struct Options {
  std::string where;
};

/// What a finding costs, in words.
std::string cost_of(const LogFinding& finding) {
  if (finding.weight == LogFinding::Weight::harmless) {
    return "nothing that was acknowledged; the next start sets it right";
  }
  if (finding.lost.empty()) return "no event is missing from the sequence numbers behind it";
  std::uint64_t count = 0;
  std::string where;
  for (const eventlog::LostEvents& lost : finding.lost) {
    count += lost.count();
    where += fmt::format("{}{} partition {}: {} to {}", where.empty() ? "" : "; ", lost.hub, lost.partition,
                         lost.first_sequence, lost.last_sequence);
  }
  return fmt::format("at most {} events, by sequence number: {}", count, where);
}

Json finding_json(const LogFinding& finding) {
  Json lost = Json::array();
  for (const eventlog::LostEvents& events : finding.lost) {
    lost.push_back({{"hub", events.hub},
                    {"partition", events.partition},
                    {"firstSequenceNumber", events.first_sequence},
                    {"lastSequenceNumber", events.last_sequence}});
  }
  const bool damage = finding.weight == LogFinding::Weight::damage;
  return {{"weight", damage ? "damage" : "harmless"},
          {"file", finding.file},
          {"position", finding.position},
          {"what", finding.what},
          {"costs", cost_of(finding)},
          {"lost", std::move(lost)}};
}

void say(std::ostream& out, const LogSource& source, const eventlog::LogReport& report) {
  const std::string_view verdict = !report.sound()           ? "damaged"
                                   : report.findings.empty() ? "sound"
                                                             : "sound, with findings that are harmless";
  const std::vector<std::pair<std::string, std::string>> lines{
      {"log", source.directory},
      {"read", source.service_runs ? "what is durable; the service runs" : "all of it; no service runs"},
      {"segments", std::to_string(report.segments)},
      {"batches", std::to_string(report.batches)},
      {"events", std::to_string(report.events)},
      {"bytes", std::to_string(report.bytes)},
      {"verdict", std::string{verdict}}};
  write_labels(out, lines);
  for (const LogFinding& finding : report.findings) {
    const bool damage = finding.weight == LogFinding::Weight::damage;
    const std::vector<std::pair<std::string, std::string>> told{
        {damage ? "damage" : "harmless", finding.what},
        {"file", finding.file},
        {"byte", std::to_string(finding.position)},
        {"costs", cost_of(finding)}};
    out << '\n';
    write_labels(out, told);
  }
}

Result<int> verify(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const LogSource source, find_log(invocation, options.where));
  if (!source.segment.empty()) {
    return failure(
        Error{ErrorCode::usage, "a segment alone cannot be verified: its place in the chain is part of it"}
            .with_remedy("Give the folder of the log, or leave it out for the world's own."));
  }
  MUSTER_TRY(const eventlog::LogReport report, eventlog::verify_log(*source.disk, source.directory));
  if (invocation.wants_data()) {
    Json findings = Json::array();
    for (const LogFinding& finding : report.findings) findings.push_back(finding_json(finding));
    invocation.print(Json{{"sound", report.sound()},
                          {"log", source.directory},
                          {"serviceRuns", source.service_runs},
                          {"segments", report.segments},
                          {"batches", report.batches},
                          {"events", report.events},
                          {"bytes", report.bytes},
                          {"findings", std::move(findings)}});
  } else {
    say(invocation.shell().out, source, report);
  }
  if (report.sound()) return 0;
  const auto first = std::ranges::find(report.findings, LogFinding::Weight::damage, &LogFinding::weight);
  return failure(Error{ErrorCode::log_corrupt, fmt::format("{}, byte {}: {}; it costs {}", first->file,
                                                           first->position, first->what, cost_of(*first))}
                     .with_remedy("Restore the file from a backup, or take what is whole with `muster log "
                                  "export`."));
}

}  // namespace

void add_log_verify(Commands& commands) {
  commands.verb<Options>(
      "log verify",
      {.line = "Read every byte of the event log, and say where it is damaged",
       .about =
           "Checks checksums, the chain of batches, sequence numbers and offsets, indexes and the zeros "
           "between. Ends with 0 when the log is sound and with 1 when something is damaged: each finding "
           "has its file, its byte and what it costs.",
       .examples = "$ muster log verify\n"
                   "log       ./muster-data/events\n"
                   "read      what is durable; the service runs\n"
                   "segments  1\n"
                   "batches   2\n"
                   "events    2\n"
                   "...\n"
                   "verdict   sound",
       .request = "GET /muster/v1/status   Host: muster, for what is durable"},
      [](Flags& flags, Options& options) {
        flags.text("LOG", options.where, "LOG", "The folder of a world or log; else --data's");
      },
      verify);
}

}  // namespace muster::cli
