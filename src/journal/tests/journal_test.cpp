#include "journal/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace muster::journal {
namespace {

using namespace std::chrono_literals;

class JournalTest : public testing::Test {
 protected:
  static Entry refusal(std::string subject, std::string reason = "why",
                       std::string remote = "127.0.0.1:5000") {
    Entry entry;
    entry.subject = std::move(subject);
    entry.reason = std::move(reason);
    entry.remote = std::move(remote);
    entry.code = ErrorCode::ca_unknown;
    return entry;
  }

  TestClock clock_{WallTime{} + 1h};
  std::unique_ptr<Random> random_ = make_seeded_random(1);
  Journal journal_{clock_, *random_, {.entries_max = 5, .entries_per_subject_max = 3, .text_bytes_max = 16}};
};

TEST_F(JournalTest, CollapsesWhatDiffersOnlyInTimeAndPort) {
  journal_.write(refusal("a", "why", "127.0.0.1:5000"));
  clock_.advance(1s);
  journal_.write(refusal("b"));
  journal_.write(refusal("a", "why", "127.0.0.1:6000"));
  const auto kept = journal_.newest(10, "a");
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].count, 2u);
  EXPECT_EQ(kept[0].last - kept[0].first, 1s);
  EXPECT_EQ(kept[0].entry.remote, "127.0.0.1:6000");
  EXPECT_EQ(journal_.refusals(), 3u);
}

TEST_F(JournalTest, KeepsWhatDiffersInReasonOrAddress) {
  journal_.write(refusal("a"));
  journal_.write(refusal("a", "other"));
  journal_.write(refusal("a", "other", "127.0.0.2:1"));
  EXPECT_EQ(journal_.newest(10).size(), 3u);
}

TEST_F(JournalTest, OneSubjectCannotPushTheOthersOut) {
  journal_.write(refusal("quiet"));
  for (int i = 0; i < 100; ++i) journal_.write(refusal("noisy", std::to_string(i)));
  EXPECT_EQ(journal_.newest(10, "quiet").size(), 1u);
  EXPECT_EQ(journal_.newest(10, "noisy").size(), 3u);
  EXPECT_EQ(journal_.newest(1)[0].entry.reason, "99");
}

TEST_F(JournalTest, ForgetsTheOldestWhenFull) {
  for (int i = 0; i < 7; ++i) journal_.write(refusal("s" + std::to_string(i)));
  EXPECT_EQ(journal_.newest(10).size(), 5u);
  EXPECT_TRUE(journal_.newest(10, "s0").empty());
}

TEST_F(JournalTest, CutsTextsAndFindsByTrackingId) {
  Entry entry = refusal(std::string(1000, 'x'));
  entry.tracking_id = "t1";
  journal_.write(entry);
  ASSERT_TRUE(journal_.find_tracking_id("t1"));
  EXPECT_EQ(journal_.find_tracking_id("t1")->entry.subject.size(), 16u);
  EXPECT_FALSE(journal_.find_tracking_id("t2"));
}

TEST_F(JournalTest, TrackingIdsDiffer) {
  EXPECT_EQ(journal_.new_tracking_id().size(), 36u);
  EXPECT_NE(journal_.new_tracking_id(), journal_.new_tracking_id());
}

}  // namespace
}  // namespace muster::journal
