#include "base/random.hpp"
#include "disk/lossy.hpp"
#include "log_fixture.hpp"

#include <gtest/gtest.h>

namespace muster::eventlog {
namespace {

/// Promise R3 in small: ./check runs this many; the simulator of issue C runs 10 000.
constexpr std::uint64_t kSeeds = 400;
constexpr int kLivesPerSeed = 4;
constexpr std::uint32_t kPartitions = 3;

/// One log living through power cuts, and what it must hold.
class Lives {
 public:
  explicit Lives(std::uint64_t seed)
      : random_{make_seeded_random(seed)}, disk_{std::make_unique<disk::LossyDisk>(seed * 7919 + 1)} {
    config_ = small_config();
    config_.segment_bytes = 6000 + random_->below(20'000);
    config_.batch_bytes_max = 600 + random_->below(8000);
    for (std::uint32_t partition = 0; partition < kPartitions; ++partition) {
      devices_.push_back(device_in(partition, kPartitions));
    }
  }

  void live(int life) {
    // The power goes at some operation: often during the opening, else while it works.
    disk_->cut_power_at(random_->below(2) == 0 ? random_->below(40) : random_->below(400));
    appended_.assign(kPartitions, {});
    acknowledged_.assign(kPartitions, 0);
    run(life);
    disk_ = disk_->crash();
    check();
  }

 private:
  struct Waiting {
    Ticket ticket;
    std::uint32_t partition;
  };

  void run(int life) {
    auto opened = CommitStream::open(*disk_, clock_, config_, Drive::by_hand);
    if (!opened) {
      ASSERT_EQ(opened.error().code(), ErrorCode::io_failed) << opened.error().reason();
      return;
    }
    CommitStream& log = **opened;
    const bool added = log.add_hub("hub", kPartitions).has_value();
    ASSERT_TRUE(added || !hub_durable_ || log.partition_count("hub")) << "a durable hub is gone";
    hub_durable_ = hub_durable_ || added;
    std::vector<Waiting> waiting;
    for (int step = 0; added && step < 300 && !log.failed(); ++step) {
      const std::uint64_t dice = random_->below(10);
      if (dice < 6) {
        append(log, life, step, waiting);
      } else if (dice < 9) {
        log.run_once();
      } else {
        clock_.advance(std::chrono::milliseconds{random_->below(100)});
      }
      note(log, waiting);
    }
    if (random_->below(4) == 0) log.stop();
    note(log, waiting);
  }

  void append(CommitStream& log, int life, int step, std::vector<Waiting>& waiting) {
    const auto partition = static_cast<std::uint32_t>(random_->below(kPartitions));
    const std::string body = std::to_string(life) + "." + std::to_string(step) + "." +
                             std::string(static_cast<std::size_t>(random_->below(1500)), 'x');
    EventView event = event_of(devices_[partition], body);
    event.hub = "hub";
    const auto ticket = log.append(event);
    if (!ticket) return;
    appended_[partition].push_back(body);
    waiting.push_back({*ticket, partition});
  }

  /// What a session would do: send PUBACKs.
  void note(const CommitStream& log, std::vector<Waiting>& waiting) {
    const Ticket durable = log.durable_ticket();
    std::erase_if(waiting, [&](const Waiting& one) {
      if (one.ticket > durable) return false;
      ++acknowledged_[one.partition];
      return true;
    });
  }

  /// Everything that was durable before is there, then all that was acknowledged, then perhaps more, in
  /// order, once.
  void check() {
    // On a copy (all that is on the disk is durable now): this opening and its end must not tidy up for the
    // next life.
    const auto copy = disk_->crash();
    const auto opened = CommitStream::open(*copy, clock_, config_, Drive::by_hand);
    ASSERT_TRUE(opened) << opened.error().reason();
    if (!hub_durable_) return;
    for (std::uint32_t partition = 0; partition < kPartitions; ++partition) {
      auto reader = (*opened)->open_reader("hub", partition, FromStart{});
      ASSERT_TRUE(reader) << reader.error().reason();
      const ReadOut out = read_out(**reader, 20'000);
      ASSERT_FALSE(out.error) << out.error->reason();
      std::vector<std::string>& held = held_[partition];
      const std::size_t before = held.size();
      held.insert(held.end(), appended_[partition].begin(), appended_[partition].end());
      ASSERT_GE(out.bodies.size(), before + acknowledged_[partition]) << "acknowledged and lost";
      ASSERT_LE(out.bodies.size(), held.size()) << "more than was ever sent";
      held.resize(out.bodies.size());
      ASSERT_EQ(out.bodies, held);
      for (std::size_t i = 0; i < out.sequences.size(); ++i) ASSERT_EQ(out.sequences[i], i);
    }
  }

  std::unique_ptr<Random> random_;
  std::unique_ptr<disk::LossyDisk> disk_;
  TestClock clock_{kStart};
  SegmentedLogConfig config_;
  std::vector<std::string> devices_;
  bool hub_durable_ = false;
  std::vector<std::vector<std::string>> held_{kPartitions};
  std::vector<std::vector<std::string>> appended_;
  std::vector<std::size_t> acknowledged_;
};

class PowerCut : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(PowerCut, LosesNothingThatWasAcknowledged) {
  constexpr std::uint64_t kSeedsPerTest = kSeeds / 8;
  for (std::uint64_t i = 0; i < kSeedsPerTest; ++i) {
    const std::uint64_t seed = GetParam() * kSeedsPerTest + i;
    Lives lives{seed};
    for (int life = 0; life < kLivesPerSeed; ++life) {
      lives.live(life);
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << ", life " << life;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PowerCut, ::testing::Range<std::uint64_t>(0, 8));

// Promise R6 for the log: every operation of a scripted life fails in turn.
TEST(EveryOperation, MayFailWithoutAFalseAcknowledgement) {
  for (const ErrorCode code : {ErrorCode::io_failed, ErrorCode::disk_full}) {
    // The last round fails nothing within reach, and proves that all operations had their turn.
    std::uint64_t count = 0;
    for (std::uint64_t nth = 0; nth <= count; ++nth) {
      disk::LossyDisk disk{nth};
      TestClock clock{kStart};
      SegmentedLogConfig config = small_config();
      config.segment_bytes = 4096;
      disk.fail_operation(nth, code);
      std::vector<std::string> sent;
      std::size_t acknowledged = 0;
      {
        auto log = CommitStream::open(disk, clock, config, Drive::by_hand);
        if (log && (*log)->add_hub(kHub, 1)) {
          for (int i = 0; i < 12; ++i) {
            const std::string body = std::to_string(i) + std::string(600, 'x');
            if (!(*log)->append(event_of("d", body))) continue;
            sent.push_back(body);
            clock.advance(std::chrono::seconds{2});
            drain(**log);
          }
          acknowledged = static_cast<std::size_t>((*log)->durable_ticket());
          const ReadOut live = read_partition(**log, 0);
          ASSERT_LE(live.bodies.size(), acknowledged);
        }
      }
      // A failure cuts the script short: it is longer than what this round has met.
      if (disk.operation_count() > nth) count = nth + 1;
      disk.set_fault(nullptr);
      const auto crashed = disk.crash();
      const auto again = CommitStream::open(*crashed, clock, config, Drive::by_hand);
      ASSERT_TRUE(again) << "operation " << nth << ": " << again.error().reason();
      if (sent.empty()) continue;
      const ReadOut out = read_partition(**again, 0);
      ASSERT_FALSE(out.error) << "operation " << nth;
      ASSERT_GE(out.bodies.size(), acknowledged) << "operation " << nth;
      sent.resize(std::min(sent.size(), out.bodies.size()));
      ASSERT_EQ(out.bodies, sent) << "operation " << nth;
    }
    EXPECT_GT(count, 50u);
  }
}

}  // namespace
}  // namespace muster::eventlog
