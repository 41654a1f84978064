#include "cli/commands.hpp"
#include "cli/event_stream.hpp"
#include "cli/event_view.hpp"
#include "cli/rest_error.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::cli {
namespace {

struct Options {
  std::string hub, device, from, enqueued_time, content_type;
  std::vector<std::string> properties;
  int timeout_seconds = 300;
  int count = 0;  ///< 0: without end.
  int partition = -1;
  bool yes = false;
};

constexpr int kTimeoutSecondsMax = 31'536'000;  // A year.
constexpr int kCountMax = 1'000'000'000;
constexpr int kPartitionMax = 31;

bool all_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// Where to begin, in the stream's words: "start", "latest", an offset, or a time of RFC 3339.
Result<std::string> starting_point(const Options& options) {
  if (!options.enqueued_time.empty()) {
    std::int64_t milliseconds = 0;
    const std::string& text = options.enqueued_time;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), milliseconds);
    constexpr std::int64_t kMillisecondsMax = 253'402'300'799'999;  // The end of the year 9999.
    if (code != std::errc{} || end != text.data() + text.size() || milliseconds < 0 ||
        milliseconds > kMillisecondsMax) {
      return failure(ErrorCode::usage, fmt::format("--enqueued-time wants milliseconds since 1970 and got {}",
                                                   options.enqueued_time));
    }
    return format_utc_7(WallTime{std::chrono::milliseconds{milliseconds}});
  }
  if (options.from.empty()) return std::string{"latest"};
  const bool is_time = options.from.find('T') != std::string::npos && options.from.front() >= '0' &&
                       options.from.front() <= '9';
  if (options.from == "start" || options.from == "latest" || is_time) return options.from;
  if (!all_digits(options.from)) {
    return failure(ErrorCode::usage, fmt::format("--from wants start, latest, an offset or a time like "
                                                 "2026-01-21T10:30:00Z, and got {}",
                                                 options.from));
  }
  if (options.partition < 0) {
    return failure(Error{ErrorCode::usage, "an offset is a position in one partition"}.with_remedy(
        fmt::format("Say which with --partition, as in --partition 0 --from {}.", options.from)));
  }
  return options.from;
}

Result<Request> stream_request(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string from, starting_point(options));
  MUSTER_TRY(const std::string hub, invocation.service_name(ServiceKind::hub, options.hub));
  std::string target =
      fmt::format("/muster/v1/hubs/{}/events?from={}", percent_encoded(hub), percent_encoded(from));
  if (options.partition >= 0) target += fmt::format("&partition={}", options.partition);
  const bool wildcard = options.device.find_first_of("*?") != std::string::npos;
  if (!options.device.empty() && !wildcard) target += "&device=" + percent_encoded(options.device);
  return Request{.host = std::string{kMusterHost},
                 .target = std::move(target),
                 .headers = {{"Accept", "text/event-stream"}}};
}

/// Prints what the stream brings, and counts.
class Printer {
 public:
  Printer(Invocation& invocation, const Options& options, const EventParts& parts)
      : out_{invocation.shell().out},
        options_{options},
        parts_{parts},
        coloured_{invocation.flags().output == "jsonc"} {}

  Heard take(std::string_view bytes) {
    auto events = reader_.push(bytes);
    if (!events) {
      problem_ = std::move(events).error();
      return Heard::enough;
    }
    Heard heard = Heard::nothing;
    for (const StreamEvent& event : *events) {
      if (!show(event)) continue;
      heard = Heard::event;
      if (options_.count > 0 && ++shown_ >= options_.count) return Heard::enough;
      if (problem_) return Heard::enough;
    }
    return heard;
  }

  const std::optional<Error>& problem() const { return problem_; }

 private:
  bool show(const StreamEvent& event) {
    const Json sent = Json::parse(event.data, nullptr, false);
    if (event.name == "error") {
      problem_ = error_of(Response{.status = 500, .headers = {}, .body = event.data});
      return true;
    }
    if (!sent.is_object()) return false;
    if (!options_.device.empty() && !matches_device(options_.device, text_at(sent, "event.origin")))
      return false;
    const Json view = event_view(sent, parts_, options_.content_type);
    out_ << (coloured_ ? coloured_json(view) : dump(view, 2)) << std::endl;  // Flushed: somebody is watching.
    return true;
  }

  std::ostream& out_;
  const Options& options_;
  EventParts parts_;
  bool coloured_;
  EventStreamReader reader_;
  int shown_ = 0;
  std::optional<Error> problem_;
};

Result<int> monitor(Invocation& invocation, const Options& options) {
  if (invocation.flags().output == "table" || invocation.flags().output == "tsv") {
    return failure(
        Error{ErrorCode::option_unsupported, "events have no table: they are JSON objects"}.with_remedy(
            "Leave -o out, or use -o jsonc for colours."));
  }
  MUSTER_TRY(const EventParts parts, parse_event_parts(options.properties));
  MUSTER_TRY(const Request request, stream_request(invocation, options));
  invocation.announce(request);
  const std::string filter =
      options.device.empty() ? std::string{} : fmt::format(", filtering on device: {}", options.device);
  invocation.shell().err << fmt::format("Starting event monitor{}, use ctrl-c to stop...\n", filter)
                         << std::flush;
  Printer printer{invocation, options, parts};
  const auto end = follow_stream(
      control_socket_path(invocation.folder()), request, std::chrono::seconds{options.timeout_seconds},
      [&printer](std::string_view bytes) { return printer.take(bytes); }, error_of);
  if (printer.problem()) return failure(*printer.problem());
  if (end) return 0;
  if (end.error().code() != ErrorCode::not_running) return failure(end.error());
  return failure(not_running(invocation.folder(), end.error().reason()));
}

void declare(Flags& flags, Options& options) {
  add_service_name(flags, ServiceKind::hub, options.hub);
  flags.text("--device-id,-d", options.device, "ID", "Only events of this device; * and ? are wildcards");
  flags.number("--timeout,--to,-t", options.timeout_seconds, {0, kTimeoutSecondsMax}, "SECONDS",
               "Seconds without an event after which it ends; 0 is never");
  flags.list("--properties,--props,-p", options.properties, "sys|app|anno|all...",
             "What to show beside the payload: sys, app, anno or all");
  flags.text("--content-type,--ct", options.content_type, "TYPE",
             "Take every payload as this; one that is not JSON's shows payloads as text");
  flags.text("--enqueued-time,--et", options.enqueued_time, "MS",
             "Begin with events enqueued after this time, in milliseconds since 1970");
  flags.number("--message-count,--mc,--count", options.count, {1, kCountMax}, "COUNT",
               "End after so many events");
  flags
      .text("--from", options.from, "WHERE",
            "Begin at start, latest, an offset, or a time like 2026-01-21T10:30:00Z")
      .excludes("--enqueued-time");
  flags.number("--partition", options.partition, {0, kPartitionMax}, "N", "Only this partition");
  flags.toggle("--yes,-y", options.yes, "Accepted as in az; nothing is asked");
}

}  // namespace

void add_hub_monitor_events(Commands& commands) {
  commands.verb<Options>(
      "hub monitor-events",
      {.line = "Watch the telemetry of a hub",
       .about = "Prints one JSON object an event as devices send, from now on unless --from says otherwise. "
                "Ends with 0 on "
                "Ctrl-C, after --message-count events, or after 300 seconds of silence.",
       .examples =
           "$ muster hub monitor-events --hub-name my-iot-hub-x509 --device-id my-device-001 --from start "
           "--count 1\n"
           "{\n  \"event\": {\n    \"origin\": \"my-device-001\",\n    \"payload\": {\n"
           "      \"temperature\": 24.3,\n      \"humidity\": 67.2,\n"
           "      \"timestamp\": \"2026-01-21T10:30:00Z\"\n    }\n  }\n}",
       .request = "GET /muster/v1/hubs/{hub}/events?from&partition&device   Host: muster, text/event-stream"},
      declare, monitor);
}

}  // namespace muster::cli
