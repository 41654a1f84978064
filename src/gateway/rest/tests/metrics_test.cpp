#include "gateway/rest/metrics.hpp"

#include "disk/lossy.hpp"
#include "eventlog/commit_stream.hpp"
#include "gateway/rest/tests/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <set>
#include <sstream>

namespace muster::rest {
namespace {

using testing::HasSubstr;

/// The services of a world over a log that is driven by hand on a disk that can be made to fail.
class ByHand {
 public:
  ByHand() {
    eventlog::SegmentedLogConfig config;
    config.directory = "events";
    config.flush_interval = std::chrono::microseconds{0};
    config.reserve_bytes = 0;
    log = *eventlog::CommitStream::open(disk, world.loop.clock, config, eventlog::Drive::by_hand);
    EXPECT_TRUE(log->add_hub("my-hub", 2));
  }

  Services services(ProcessFigures process = {}) {
    const Services own = world.services();
    ProcessFace face;
    face.figures = [process] { return process; };
    return {own.clock,     own.random,      own.registry,        *log,
            own.journal,   own.sessions,    own.twins,           own.names,
            own.throttles, std::move(face), own.subscription_id, own.resource_group};
  }

  bool append() {
    EventView event;
    event.hub = "my-hub";
    event.device_id = "d";
    event.body = as_bytes("x");
    const bool taken = log->append(event).has_value();
    while (log->run_once()) {
    }
    return taken;
  }

  World world;
  disk::LossyDisk disk{1};
  std::unique_ptr<eventlog::CommitStream> log;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Metrics, EveryLineIsPrometheusText) {
  ByHand hand;
  ASSERT_TRUE(hand.append());
  std::set<std::string> names;
  std::string current;
  for (const std::string& line : lines_of(metrics_text(hand.services()))) {
    SCOPED_TRACE(line);
    if (line.starts_with("# HELP ")) {
      current = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(current.starts_with("muster_"));
      EXPECT_TRUE(names.insert(current).second) << "twice";
      EXPECT_TRUE(line.ends_with('.'));
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      EXPECT_EQ(line.substr(7, current.size()), current);
      const bool counter = line.ends_with(" counter");
      EXPECT_EQ(counter, current.ends_with("_total")) << "counters, and only they, end in _total";
      continue;
    }
    EXPECT_TRUE(line.starts_with(current));
    const std::string number = line.substr(line.find_last_of(' ') + 1);
    double value = -1;
    const auto [end, code] = std::from_chars(number.data(), number.data() + number.size(), value);
    EXPECT_EQ(code, std::errc{});
    EXPECT_EQ(end, number.data() + number.size());
    EXPECT_GE(value, 0);
  }
  EXPECT_GE(names.size(), 19u);
}

TEST(Metrics, HistogramsAreCumulativeAndEndInTheCount) {
  ByHand hand;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(hand.append());
  const std::string text = metrics_text(hand.services());
  for (const std::string name : {"muster_event_log_commit_seconds", "muster_event_log_durable_seconds",
                                 "muster_event_log_batch_events"}) {
    std::uint64_t before = 0;
    std::size_t buckets = 0;
    for (const std::string& line : lines_of(text)) {
      if (!line.starts_with(name + "_bucket{le=")) continue;
      const std::uint64_t count = std::stoull(line.substr(line.find_last_of(' ') + 1));
      EXPECT_GE(count, before) << line;
      before = count;
      ++buckets;
    }
    EXPECT_GE(buckets, 14u) << name;
    EXPECT_EQ(before, 3u) << name;
    EXPECT_THAT(text, HasSubstr(name + "_count 3\n"));
  }
  EXPECT_THAT(text, HasSubstr("muster_event_log_batch_events_bucket{le=\"1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("muster_event_log_batch_events_sum 3\n"));
}

TEST(Metrics, MemoryIsToldPerSession) {
  ProcessFigures process{.resident_bytes = 3'000, .resident_bytes_at_start = 1'000};
  EXPECT_EQ(process.resident_bytes_per(0), 0u);
  EXPECT_EQ(process.resident_bytes_per(4), 500u);
  process.resident_bytes = 900;
  EXPECT_EQ(process.resident_bytes_per(4), 0u) << "it has shrunk";
  ByHand hand;
  EXPECT_THAT(metrics_text(hand.services({.uptime_s = 1.5, .resident_bytes = 77})),
              HasSubstr("muster_uptime_seconds 1.5\n"));
}

/// Promise R4: from the first failed fsync on nothing is acknowledged, and whoever asks is told.
TEST(Readiness, IsFalseFromTheFirstFailedSync) {
  for (const disk::OperationKind kind : {disk::OperationKind::sync, disk::OperationKind::write}) {
    ByHand hand;
    const AdminGateway admin{hand.services(), {[] { return false; }, Bytes{}}, HttpLimits{}};
    const auto get = [&](const char* target) { return admin.answer({"GET", target, {}, ""}); };
    ASSERT_TRUE(hand.append());
    EXPECT_EQ(get("/readyz").status, 200u);
    bool once = false;
    hand.disk.set_fault([&](const disk::Operation& operation) -> std::optional<ErrorCode> {
      if (once || operation.kind != kind) return std::nullopt;
      once = true;
      return ErrorCode::io_failed;
    });
    EXPECT_TRUE(hand.append()) << "it was taken before the disk failed, and is never acknowledged";
    EXPECT_EQ(hand.log->durable_ticket(), 1u);
    EXPECT_EQ(get("/readyz").status, 503u);
    EXPECT_TRUE(get("/readyz").body.starts_with("MU-5003: ")) << get("/readyz").body;
    EXPECT_EQ(get("/healthz").status, 200u) << "it lives, and readers go on";
    EXPECT_THAT(get("/metrics").body, HasSubstr("muster_event_log_failed 1\n"));
    EXPECT_FALSE(hand.append());
    EXPECT_EQ(get("/readyz").status, 503u) << "for good, though the disk works again";
  }
}

}  // namespace
}  // namespace muster::rest
