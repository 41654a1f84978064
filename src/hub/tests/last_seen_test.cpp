#include "hub/last_seen.hpp"

#include "eventlog/tests/log_fixture.hpp"

#include <gtest/gtest.h>

namespace muster::hub {
namespace {

using namespace std::chrono_literals;
using eventlog::device_in;
using eventlog::kStart;

const std::vector<ServiceName> kHubs{*ServiceName::parse(eventlog::kHub)};

class LastSeen : public testing::Test {
 protected:
  void sends(std::string_view device, WallTime at, std::string_view module = {}) {
    clock_.advance(at - clock_.wall());
    auto event = eventlog::event_of(device, "about a hundred bytes with what stands around it");
    event.module_id = module;
    ASSERT_TRUE(log_->append(event));
    eventlog::drain(*log_);
  }
  void restarts() {
    log_->stop();
    log_.reset();
    log_ = eventlog::open_by_hand(*disk_, clock_);
  }
  LastSeenFound recalls(const LastSeenLimits& limits = {}) {
    return recall_last_seen(*log_, sessions_, kHubs, limits, [this] { return stopped_; });
  }
  std::optional<ConnectionState> state(std::string_view device, std::string_view module = {}) const {
    return sessions_.state({kHubs[0], *DeviceId::parse(device), std::string{module}});
  }

  TestClock clock_{kStart};
  std::unique_ptr<disk::Disk> disk_ = disk::make_memory_disk();
  std::unique_ptr<eventlog::CommitStream> log_ = eventlog::open_by_hand(*disk_, clock_);
  SessionDirectory sessions_{clock_};
  bool stopped_ = false;
};

TEST_F(LastSeen, IsTheNewestEventOfEachDeviceAndModule) {
  const std::string here = device_in(0);
  const std::string there = device_in(1);
  sends(here, kStart + 1s);
  sends(there, kStart + 2s);
  sends(here, kStart + 3s);
  sends(here, kStart + 4s, "camera");
  restarts();
  const LastSeenFound found = recalls();
  EXPECT_EQ(found.devices, 3u);
  EXPECT_TRUE(found.whole);
  EXPECT_EQ(state(here)->last_activity, kStart + 3s);
  EXPECT_EQ(state(there)->last_activity, kStart + 2s);
  EXPECT_EQ(state(here, "camera")->last_activity, kStart + 4s);
  EXPECT_FALSE(state(here)->connected);
  EXPECT_EQ(state(here)->updated, std::nullopt) << "it has not connected since";
  EXPECT_EQ(state("somebody-else"), std::nullopt);
}

TEST_F(LastSeen, IsFoundWhateverTheWindowCuts) {
  for (int second = 1; second <= 500; ++second) {
    sends(second == 2 ? device_in(0) + "-once" : device_in(0), kStart + std::chrono::seconds{second});
  }
  ASSERT_GT(log_->figures().segments, 1u);
  restarts();
  for (const std::uint64_t window : {100u, 4'096u, 1u << 20}) {
    SessionDirectory sessions{clock_};
    const LastSeenFound found =
        recall_last_seen(*log_, sessions, kHubs, {.window_bytes = window}, [] { return false; });
    EXPECT_EQ(found.devices, 2u) << window;
    const auto newest = sessions.state({kHubs[0], *DeviceId::parse(device_in(0)), ""});
    ASSERT_TRUE(newest) << window;
    EXPECT_EQ(newest->last_activity, kStart + 500s) << window;
  }
}

TEST_F(LastSeen, DoesNotMoveBackWhatTheServiceKnowsByNow) {
  sends(device_in(0), kStart + 1s);
  restarts();
  ASSERT_TRUE(sessions_.note_seen({kHubs[0], *DeviceId::parse(device_in(0)), ""}, kStart + 9s));
  EXPECT_EQ(recalls().devices, 0u);
  EXPECT_EQ(state(device_in(0))->last_activity, kStart + 9s);
}

TEST_F(LastSeen, EndsAtItsLimitsWithTheOldestLeftOut) {
  struct Row {
    const char* name;
    LastSeenLimits limits;
    bool stopped;
    std::size_t devices;
  };
  for (int i = 1; i <= 10; ++i) sends("device-" + std::to_string(i), kStart + std::chrono::seconds{i});
  restarts();
  const std::vector<Row> rows{
      {"as many devices as it may remember", {.window_bytes = 1, .devices_max = 4}, false, 4},
      {"as much of the log as it may read", {.window_bytes = 200, .log_bytes_max = 300}, false, 2},
      {"the service stops", {}, true, 0}};
  for (const Row& row : rows) {
    SessionDirectory sessions{clock_};
    const LastSeenFound found =
        recall_last_seen(*log_, sessions, kHubs, row.limits, [&row] { return row.stopped; });
    EXPECT_FALSE(found.whole) << row.name;
    EXPECT_EQ(found.devices, row.devices) << row.name;
    const auto oldest = sessions.state({kHubs[0], *DeviceId::parse("device-1"), ""});
    EXPECT_FALSE(oldest.has_value()) << row.name;
  }
}

}  // namespace
}  // namespace muster::hub
