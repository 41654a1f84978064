#include "trust/verdict_cache.hpp"

#include "trust/judge.hpp"
#include "trust/tests/fixtures.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace muster::trust {
namespace {

using fixtures::anchors_of;
using fixtures::kDps;
using fixtures::kHub;
using pki::Chain;
using pki::forge::day;
using pki::forge::forge;
using pki::forge::tutorial;
using std::chrono::microseconds;
using std::chrono::seconds;

/// The tutorial's device, valid from 2026-01-01 to 2027-01-01, at a service on the test clock.
class VerdictCaches : public ::testing::Test {
 protected:
  std::shared_ptr<const Judgement> ask(const Chain& chain) {
    const WallTime now = clock_.wall();
    return cache_.find_or_judge(VerdictKey::for_groups(chain.hash(), *anchors_), now, [&] {
      ++judged_;
      return judge_for_groups(chain, *anchors_, now);
    });
  }

  TestClock clock_{day(2026, 6, 1)};
  Chain device_{{tutorial().device.certificate}};
  std::shared_ptr<const Anchors> anchors_ = anchors_of(kDps, {{"inter", tutorial().intermediate.certificate}},
                                                       {{.id = "g", .ca_primary = "inter"}});
  VerdictCache cache_;
  int judged_ = 0;
};

TEST_F(VerdictCaches, JudgesADeviceOnce) {
  const auto first = ask(device_);
  EXPECT_TRUE(first->accepted());
  clock_.jump_wall(std::chrono::hours{24 * 30});
  const auto again = ask(device_);
  EXPECT_EQ(judged_, 1);
  EXPECT_TRUE(again->accepted());
  EXPECT_EQ(again->group(), first->group());
  EXPECT_EQ(again->anchor()->ca_id, first->anchor()->ca_id);
}

TEST_F(VerdictCaches, NotPastTheEarliestNotAfter) {
  EXPECT_TRUE(ask(device_)->accepted());
  clock_.jump_wall(day(2027, 1, 1) - clock_.wall() - microseconds{1});
  EXPECT_TRUE(ask(device_)->accepted());
  EXPECT_EQ(judged_, 1);
  clock_.jump_wall(microseconds{1});
  const auto expired = ask(device_);
  EXPECT_EQ(judged_, 2);
  ASSERT_TRUE(expired->failure());
  EXPECT_EQ(expired->failure()->code(), ErrorCode::certificate_expired);
}

TEST_F(VerdictCaches, NotBeforeTheLatestNotBeforeWhenTheClockIsSetBack) {
  EXPECT_TRUE(ask(device_)->accepted());
  clock_.jump_wall(day(2026, 1, 1) - clock_.wall() - seconds{1});
  EXPECT_FALSE(ask(device_)->accepted());
  clock_.jump_wall(seconds{1});
  EXPECT_TRUE(ask(device_)->accepted()) << "and the refusal was not kept";
}

TEST_F(VerdictCaches, RefusalsThatDependOnTimeAreNotKept) {
  for (const bool expired : {true, false}) {
    const auto shape =
        expired ? pki::forge::Shape{.until = day(2026, 3, 1)} : pki::forge::Shape{.from = day(2026, 9, 1)};
    const Chain chain{{forge(shape, &tutorial().intermediate).certificate}};
    judged_ = 0;
    EXPECT_FALSE(ask(chain)->accepted());
    EXPECT_FALSE(ask(chain)->accepted());
    EXPECT_EQ(judged_, 2) << (expired ? "expired" : "not yet valid");
  }
  EXPECT_EQ(cache_.size(), 0u);
}

TEST_F(VerdictCaches, OtherRefusalsAreKeptForAMinute) {
  const Chain stranger{{forge(pki::forge::Shape{}).certificate}};
  const auto refused = ask(stranger);
  EXPECT_EQ(refused->failure()->code(), ErrorCode::ca_unknown);
  clock_.jump_wall(seconds{59});
  EXPECT_EQ(ask(stranger), refused);
  clock_.jump_wall(seconds{1});
  EXPECT_NE(ask(stranger), refused);
  EXPECT_EQ(judged_, 2);
  clock_.jump_wall(seconds{-1});
  ask(stranger);
  EXPECT_EQ(judged_, 3) << "nor for the time before it was made";
}

TEST_F(VerdictCaches, AChangeOfTrustIsANewQuestion) {
  EXPECT_TRUE(ask(device_)->accepted());
  anchors_ = anchors_of(kDps, {{"inter", tutorial().intermediate.certificate, false}},
                        {{.id = "g", .ca_primary = "inter"}}, 2);
  const auto refused = ask(device_);
  ASSERT_TRUE(refused->failure());
  EXPECT_EQ(refused->failure()->code(), ErrorCode::ca_not_verified);
}

TEST_F(VerdictCaches, KeysTellQuestionsApart) {
  const std::string hash = device_.hash();
  const auto hub = anchors_of(kHub, {});
  const auto same_name_hub = anchors_of({ServiceKind::hub, kDps.name}, {});
  const auto later = anchors_of(kDps, {}, {}, 2);
  std::set<std::string> keys{
      VerdictKey::for_groups(hash, *anchors_).text(),
      VerdictKey::for_groups(Chain{{tutorial().root.certificate}}.hash(), *anchors_).text(),
      VerdictKey::for_groups(hash, *later).text(),
      VerdictKey::for_groups(hash, *same_name_hub).text(),
      VerdictKey::for_anchor(hash, *anchors_, 0).text(),
      VerdictKey::for_anchor(hash, *anchors_, 1).text(),
      VerdictKey::for_anchor(hash, *anchors_, 11).text(),
      VerdictKey::for_anchor(hash, *hub, 1).text()};
  EXPECT_EQ(keys.size(), 8u);
}

TEST_F(VerdictCaches, TheLeastRecentlyUsedGoesFirst) {
  VerdictCache small{{.entries_max = 2}};
  const auto judgement =
      std::make_shared<const Judgement>(judge_for_groups(device_, *anchors_, clock_.wall()));
  const auto key = [&](std::int64_t id) { return VerdictKey::for_anchor("chain", *anchors_, id); };
  const WallTime now = clock_.wall();
  small.put(key(1), judgement, now);
  small.put(key(2), judgement, now);
  EXPECT_NE(small.find(key(1), now), nullptr);
  small.put(key(3), judgement, now);
  EXPECT_EQ(small.size(), 2u);
  EXPECT_NE(small.find(key(1), now), nullptr);
  EXPECT_EQ(small.find(key(2), now), nullptr);
  EXPECT_NE(small.find(key(3), now), nullptr);
  small.put(key(3), judgement, now);
  EXPECT_EQ(small.size(), 2u) << "the same question is one entry";

  VerdictCache none{{.entries_max = 0}};
  none.put(key(1), judgement, now);
  EXPECT_EQ(none.size(), 0u);
}

TEST_F(VerdictCaches, AreSafeFromManyThreads) {
  VerdictCache small{{.entries_max = 16}};
  const auto judgement =
      std::make_shared<const Judgement>(judge_for_groups(device_, *anchors_, clock_.wall()));
  const WallTime now = clock_.wall();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2'000; ++i) {
        const auto key = VerdictKey::for_anchor("chain", *anchors_, (i * 7 + thread) % 40);
        const auto held = small.find(key, now);
        EXPECT_TRUE(held == nullptr || held->accepted());
        small.put(key, judgement, now);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(small.size(), 16u);
}

}  // namespace
}  // namespace muster::trust
