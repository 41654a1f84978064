#include "gateway/rest/metrics.hpp"

#include <fmt/format.h>

#include <array>
#include <variant>

namespace muster::rest {
namespace {

/// What all metrics are read from, once a scrape.
struct Figures {
  eventlog::LogFigures log;
  ProcessFigures process;
  std::uint64_t sessions = 0;
  std::uint64_t refusals = 0;
};

using Number = std::variant<std::uint64_t, double>;

struct Metric {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  Number (*value)(const Figures&);
};

constexpr std::array kMetrics{
    Metric{"muster_events_appended_total", "counter", "Events taken by the log and on disk.",
           [](const Figures& f) -> Number { return f.log.events_appended; }},
    Metric{"muster_event_bytes_appended_total", "counter", "Bytes of their batches, padding included.",
           [](const Figures& f) -> Number { return f.log.bytes_appended; }},
    Metric{"muster_events_per_second_10s", "gauge",
           "Events made durable a second, over the last 10 whole seconds.",
           [](const Figures& f) -> Number { return f.log.events_per_second_10s; }},
    Metric{"muster_events_per_second_60s", "gauge",
           "Events made durable a second, over the last 60 whole seconds.",
           [](const Figures& f) -> Number { return f.log.events_per_second_60s; }},
    Metric{"muster_event_log_commits_total", "counter", "Commits, one fdatasync each.",
           [](const Figures& f) -> Number { return f.log.commits; }},
    Metric{"muster_event_log_commit_nanoseconds_total", "counter", "Time inside write and fdatasync.",
           [](const Figures& f) -> Number { return f.log.commit_ns_total; }},
    Metric{"muster_event_log_queue_bytes", "gauge", "Bytes waiting to be committed.",
           [](const Figures& f) -> Number { return f.log.queue_bytes; }},
    Metric{"muster_event_log_segments", "gauge", "Segments kept.",
           [](const Figures& f) -> Number { return f.log.segments; }},
    Metric{"muster_event_log_failed", "gauge", "1 from the first failed write or fsync on.",
           [](const Figures& f) -> Number { return std::uint64_t{f.log.failed}; }},
    Metric{"muster_event_log_waits_for_room", "gauge", "1 while telemetry waits for room on the disk.",
           [](const Figures& f) -> Number { return std::uint64_t{!f.log.room_missing.empty()}; }},
    Metric{"muster_devices_connected", "gauge", "Devices and modules connected now.",
           [](const Figures& f) -> Number { return f.sessions; }},
    Metric{"muster_connections", "gauge", "Connections open at the MQTT port.",
           [](const Figures& f) -> Number { return f.process.connections; }},
    Metric{"muster_connections_refused_total", "counter", "Connections closed at once for a limit's sake.",
           [](const Figures& f) -> Number { return f.process.connections_refused; }},
    Metric{"muster_registrations_running", "gauge", "DPS registrations under way.",
           [](const Figures& f) -> Number { return f.process.registrations_running; }},
    Metric{"muster_refusals_total", "counter", "Connections and requests refused.",
           [](const Figures& f) -> Number { return f.refusals; }},
    Metric{"muster_resident_bytes", "gauge", "Memory of the process that is resident.",
           [](const Figures& f) -> Number { return f.process.resident_bytes; }},
    Metric{"muster_resident_bytes_per_session", "gauge",
           "What it has grown by since it was ready, for each device connected; 0 without any.",
           [](const Figures& f) -> Number { return f.process.resident_bytes_per(f.sessions); }},
    Metric{"muster_uptime_seconds", "gauge", "Since the process started.",
           [](const Figures& f) -> Number { return f.process.uptime_s; }},
};

struct HistogramMetric {
  std::string_view name;
  std::string_view help;
  HistogramFigures eventlog::LogFigures::*figures;
  double per_unit;      ///< Of what is counted, in one of the metric's unit.
  unsigned bits_first;  ///< The first bound is 2^this, the last 2^bits_last, each twice the one before;
  unsigned bits_last;   ///< times below that bound are counted, and sizes up to one less.
  std::string_view buckets;
};

constexpr double kNanosecondsPerSecond = 1e9;
constexpr std::string_view kTimeBuckets =
    "32.768 us (2^15 ns) to 8.59 s (2^33 ns), each twice the one before";

constexpr std::array kHistograms{
    HistogramMetric{"muster_event_log_commit_seconds", "Time of a commit inside write and fdatasync.",
                    &eventlog::LogFigures::commit_ns, kNanosecondsPerSecond, 15, 33, kTimeBuckets},
    HistogramMetric{"muster_event_log_durable_seconds",
                    "Time from a batch's first event until the batch was on disk.",
                    &eventlog::LogFigures::durable_ns, kNanosecondsPerSecond, 15, 33, kTimeBuckets},
    HistogramMetric{"muster_event_log_batch_events", "Events of a commit.",
                    &eventlog::LogFigures::events_per_batch, 1, 1, 14,
                    "1, 3, 7 and so on to 16383 (2^14 - 1)"},
};

std::string head(std::string_view name, std::string_view type, std::string_view help) {
  return fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

std::string text_of(const Metric& metric, const Figures& figures) {
  return head(metric.name, metric.type, metric.help) +
         std::visit([&](auto value) { return fmt::format("{} {}\n", metric.name, value); },
                    metric.value(figures));
}

std::string text_of(const HistogramMetric& metric, const Figures& figures) {
  const HistogramFigures& held = figures.log.*metric.figures;
  std::string text = head(metric.name, "histogram", metric.help);
  for (unsigned bits = metric.bits_first; bits <= metric.bits_last; ++bits) {
    const std::uint64_t up_to = (std::uint64_t{1} << bits) - 1;
    const double bound =
        metric.per_unit == 1 ? static_cast<double>(up_to) : static_cast<double>(up_to + 1) / metric.per_unit;
    text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", metric.name, bound, held.count_up_to(up_to));
  }
  return text + fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", metric.name,
                            held.count, static_cast<double>(held.sum) / metric.per_unit);
}

}  // namespace

std::string metrics_text(const Services& services) {
  Figures figures{.log = services.log.figures(),
                  .process = services.process.figures ? services.process.figures() : ProcessFigures{},
                  .sessions = services.sessions.connected_count(),
                  .refusals = services.journal.refusals()};
  std::string text;
  for (const Metric& metric : kMetrics) text += text_of(metric, figures);
  for (const HistogramMetric& metric : kHistograms) text += text_of(metric, figures);
  return text;
}

std::string metrics_reference() {
  std::string text =
      "# Metrics\n\n"
      "Made by `muster reference metrics` from the tables in `src/gateway/rest/metrics.cpp`: change those, "
      "not "
      "this page.\n\n"
      "`GET /metrics` on the admin port (plain HTTP, loopback) answers in Prometheus' text format 0.0.4. "
      "`muster status` shows the\nsame figures, percentiles in place of buckets. What is measured on the way "
      "of "
      "a message is counted once a batch.\n\n"
      "| name | type | |\n|---|---|---|\n";
  for (const Metric& metric : kMetrics)
    text += fmt::format("| `{}` | {} | {} |\n", metric.name, metric.type, metric.help);
  text +=
      "\n## Histograms\n\n"
      "Each has `_bucket{le=...}` (cumulative, as Prometheus has them), `_sum` and `_count`.\n\n"
      "| name | | bounds of the buckets |\n|---|---|---|\n";
  for (const HistogramMetric& metric : kHistograms)
    text += fmt::format("| `{}` | {} | {} |\n", metric.name, metric.help, metric.buckets);
  return text;
}

}  // namespace muster::rest
