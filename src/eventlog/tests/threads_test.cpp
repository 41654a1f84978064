#include "log_fixture.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

namespace muster::eventlog {
namespace {

/// Waits, without sleeping, for something that the log brings about: looks again whenever it has made
/// progress.
class Progress {
 public:
  explicit Progress(EventLog& log) : log_{log} {
    handle_ = log_.on_progress([this] {
      const std::lock_guard lock{mutex_};
      changed_.notify_all();
    });
  }
  ~Progress() { log_.remove_on_progress(handle_); }
  template <typename Done>
  void wait_until(Done done) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return done(); });
  }

 private:
  EventLog& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t handle_ = 0;
};

constexpr int kAppenders = 3;
constexpr int kEventsEach = 1500;
constexpr std::uint32_t kPartitions = 2;

TEST(Threads, ManyAppendersAndReadersAtOnce) {
  const auto disk = disk::make_memory_disk();
  TestClock clock{kStart};
  SegmentedLogConfig config = small_config();
  config.queue_bytes_max = 32u << 10;  // Met often: back-pressure is part of the test.
  auto log = std::move(*open_segmented_log(*disk, clock, config));
  ASSERT_TRUE(log->add_hub(kHub, kPartitions));

  std::vector<std::thread> threads;
  for (int appender = 0; appender < kAppenders; ++appender) {
    threads.emplace_back([&log, appender] {
      Progress progress{*log};
      Ticket last = 0;
      for (int i = 0; i < kEventsEach; ++i) {
        const std::string device = "device-" + std::to_string(appender);
        const std::string body = std::to_string(i);
        Result<Ticket> ticket = log->append(event_of(device, body));
        while (!ticket && ticket.error().code() == ErrorCode::event_log_full) {
          progress.wait_until([&] { return log->figures().queue_bytes < (16u << 10); });
          ticket = log->append(event_of(device, body));
        }
        ASSERT_TRUE(ticket) << ticket.error().reason();
        ASSERT_GT(*ticket, last);
        last = *ticket;
      }
      progress.wait_until([&] { return log->durable_ticket() >= last; });
    });
  }
  std::vector<std::map<std::string, std::vector<std::string>>> seen(kPartitions * 2);
  for (std::size_t reader = 0; reader < seen.size(); ++reader) {
    threads.emplace_back([&log, &seen, reader] {
      Progress progress{*log};
      const auto partition = static_cast<std::uint32_t>(reader % kPartitions);
      std::uint64_t expected = 0;
      for (int appender = 0; appender < kAppenders; ++appender) {
        const std::string device = "device-" + std::to_string(appender);
        if (partition_of(device, kPartitions) == partition) expected += kEventsEach;
      }
      auto from = log->open_reader(kHub, partition, FromStart{});
      ASSERT_TRUE(from);
      while ((*from)->next_sequence_number() < expected) {
        const auto batch = (*from)->read(3000);
        ASSERT_TRUE(batch) << batch.error().reason();
        for (const StoredEvent& event : batch->events) {
          seen[reader][std::string{event.event.device_id}].emplace_back(as_text(event.event.body));
        }
        if (!batch->at_end) continue;
        progress.wait_until([&] {
          return log->partition_info(kHub, partition)->next_sequence_number >
                     (*from)->next_sequence_number() ||
                 (*from)->next_sequence_number() >= expected;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(log->figures().events_appended, static_cast<std::uint64_t>(kAppenders * kEventsEach));
  EXPECT_GT(log->figures().segments, 3u);
  for (const auto& partition : seen) {
    for (const auto& [device, bodies] : partition) {
      ASSERT_EQ(bodies.size(), static_cast<std::size_t>(kEventsEach)) << device;
      for (int i = 0; i < kEventsEach; ++i)
        ASSERT_EQ(bodies[static_cast<std::size_t>(i)], std::to_string(i)) << device;
    }
  }
  log->stop();
}

TEST(Threads, RetentionDeletesUnderReaders) {
  const auto disk = disk::make_memory_disk();
  TestClock clock{kStart};
  auto log = std::move(*open_segmented_log(*disk, clock, small_config()));
  ASSERT_TRUE(log->add_hub(kHub, 1));
  Progress progress{*log};
  std::atomic<bool> done{false};
  std::thread reader{[&] {
    auto from = std::move(*log->open_reader(kHub, 0, FromStart{}));
    while (!done || from->next_sequence_number() < log->partition_info(kHub, 0)->next_sequence_number) {
      const auto batch = from->read(2000);
      if (!batch) {
        ASSERT_EQ(batch.error().code(), ErrorCode::offset_expired) << batch.error().reason();
      }
    }
  }};
  for (int i = 0; i < 200; ++i) {
    const auto ticket = log->append(event_of("d", std::string(5000, 'x')));
    ASSERT_TRUE(ticket);
    progress.wait_until([&] { return log->durable_ticket() >= *ticket; });
    clock.advance(std::chrono::hours{1});
  }
  done = true;
  reader.join();
  progress.wait_until([&] { return log->partition_info(kHub, 0)->first_sequence_number > 100; });
}

TEST(Threads, TheFlushIntervalWakesTheAppender) {
  const auto disk = disk::make_memory_disk();
  TestClock clock{kStart};
  SegmentedLogConfig config = small_config();
  config.flush_interval = std::chrono::milliseconds{1};
  auto log = std::move(*open_segmented_log(*disk, clock, config));
  ASSERT_TRUE(log->add_hub(kHub, 1));
  {
    Progress progress{*log};
    for (int i = 0; i < 50; ++i) {
      const Ticket ticket = *log->append(event_of("d", "x"));
      EXPECT_LT(log->durable_ticket(), ticket);
      clock.advance(std::chrono::milliseconds{1});
      progress.wait_until([&] { return log->durable_ticket() >= ticket; });
    }
  }
  ASSERT_TRUE(log->append(event_of("d", "last")));
  log.reset();  // Commits what is queued, whatever the time.
  log = std::move(*open_segmented_log(*disk, clock, config));
  EXPECT_EQ(log->partition_info(kHub, 0)->next_sequence_number, 51u);
}

TEST(Threads, OnTheSystemClock) {
  const auto disk = disk::make_memory_disk();
  const auto clock = make_system_clock();
  SegmentedLogConfig config = small_config();
  config.flush_interval = std::chrono::microseconds{200};
  auto log = std::move(*open_segmented_log(*disk, *clock, config));
  ASSERT_TRUE(log->add_hub(kHub, 1));
  Progress progress{*log};
  for (int i = 0; i < 20; ++i) {
    const Ticket ticket = *log->append(event_of("d", "x"));
    progress.wait_until([&] { return log->durable_ticket() >= ticket; });
  }
  EXPECT_EQ(read_partition(*log, 0).bodies.size(), 20u);
}

}  // namespace
}  // namespace muster::eventlog
