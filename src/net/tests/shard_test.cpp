#include "net/shard.hpp"

#include "net/tests/loop.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <future>

namespace muster::net {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class DeadlineTest : public testing::Test {
 protected:
  SteadyTime in(int ms) const { return loop.clock.steady() + milliseconds{ms}; }
  Shard::DeadlineId note(int ms, std::string name) {
    return loop.shard.at(in(ms), [this, name] { ran.push_back(name); });
  }
  void pass(int ms) {
    loop.clock.advance(milliseconds{ms});
    loop.shard.poll();
  }

  Loop loop;
  std::vector<std::string> ran;
};

TEST_F(DeadlineTest, RunInOrderOfTimeAndThenOfAsking) {
  note(30, "c");
  note(10, "a");
  note(20, "b1");
  note(20, "b2");
  pass(9);
  EXPECT_THAT(ran, ElementsAre());
  pass(1);
  EXPECT_THAT(ran, ElementsAre("a"));
  pass(100);
  EXPECT_THAT(ran, ElementsAre("a", "b1", "b2", "c"));
}

TEST_F(DeadlineTest, RunOnTheShardAndNotOnTheClock) {
  note(10, "a");
  loop.clock.advance(milliseconds{10});
  EXPECT_THAT(ran, ElementsAre());
  loop.shard.poll();
  EXPECT_THAT(ran, ElementsAre("a"));
}

TEST_F(DeadlineTest, CancelledOnesNeverRun) {
  const auto first = note(10, "first");
  const auto second = note(20, "second");
  note(30, "third");
  loop.shard.cancel(first);
  loop.clock.advance(milliseconds{20});
  loop.shard.cancel(second);  // Due, and the clock has called already.
  loop.shard.cancel(12345);
  loop.shard.poll();
  EXPECT_THAT(ran, ElementsAre());
  pass(10);
  EXPECT_THAT(ran, ElementsAre("third"));
}

TEST_F(DeadlineTest, ActionsMayAskAndCancel) {
  Shard::DeadlineId victim = 0;
  loop.shard.at(in(10), [&] {
    ran.push_back("one");
    loop.shard.cancel(victim);
    note(5, "three");
    note(0, "two");
  });
  victim = note(10, "victim");
  pass(10);
  EXPECT_THAT(ran, ElementsAre("one", "two"));
  pass(5);
  EXPECT_THAT(ran, ElementsAre("one", "two", "three"));
}

TEST_F(DeadlineTest, OneThatIsDueAlreadyNeedsNoTime) {
  note(0, "now");
  note(-1000, "before");
  loop.shard.poll();
  EXPECT_THAT(ran, ElementsAre("before", "now"));
}

TEST_F(DeadlineTest, EarlierOneMovesTheClocksTimer) {
  note(1000, "late");
  note(10, "early");
  pass(10);
  EXPECT_THAT(ran, ElementsAre("early"));
  pass(990);
  EXPECT_THAT(ran, ElementsAre("early", "late"));
}

TEST_F(DeadlineTest, ScopedOneGoesWithItsScope) {
  {
    const ScopedDeadline deadline{loop.shard, in(10), [this] { ran.push_back("scoped"); }};
  }
  pass(10);
  EXPECT_THAT(ran, ElementsAre());
}

TEST(ShardTest, MayEndWithDeadlinesAndClockCallsPending) {
  TestClock clock{kStart};
  const auto kept = std::make_shared<int>(1);
  {
    Shard shard{clock, 7};
    EXPECT_EQ(shard.index(), 7U);
    shard.at(clock.steady() + milliseconds{1}, [kept] {});
    shard.at(clock.steady() + milliseconds{2}, [kept] {});
    clock.advance(milliseconds{1});  // Posted to the shard, which never gets to it.
  }
  EXPECT_EQ(kept.use_count(), 1);
  clock.advance(milliseconds{10});
}

TEST(ShardTest, ThreadRunsDeadlinesOfTheRealClock) {
  const auto clock = make_system_clock();
  Shard shard{*clock, 0};
  shard.start();
  std::promise<std::thread::id> ran;
  boost::asio::post(shard.io(), [&] {
    shard.at(clock->steady() + milliseconds{1}, [&] { ran.set_value(std::this_thread::get_id()); });
  });
  EXPECT_NE(ran.get_future().get(), std::this_thread::get_id());
  shard.stop();
  shard.stop();
}

TEST(ShardTest, StopRunsWhatIsReadyFirst) {
  TestClock clock{kStart};
  Shard shard{clock, 0};
  shard.start();
  std::atomic<int> steps = 0;
  for (int i = 0; i < 10; ++i) {
    boost::asio::post(shard.io(), [&] {
      boost::asio::post(shard.io(), [&] {
        ++steps;
        boost::asio::post(shard.io(), [&] { ++steps; });
      });
    });
  }
  shard.stop();
  EXPECT_EQ(steps, 20);
}

TEST(ShardTest, ManyThreadsMayPostWhileDeadlinesMove) {
  const auto clock = make_system_clock();
  Shard shard{*clock, 0};
  shard.start();
  constexpr int kEach = 500;
  std::atomic<int> fired = 0;
  std::promise<void> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        boost::asio::post(shard.io(), [&, i] {
          const auto gone = shard.at(clock->steady() + std::chrono::microseconds{i}, [] { ADD_FAILURE(); });
          shard.at(clock->steady() + std::chrono::microseconds{1000 - i}, [&] {
            if (++fired == 3 * kEach) all.set_value();
          });
          shard.cancel(gone);
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  all.get_future().get();
  shard.stop();
  EXPECT_EQ(fired, 3 * kEach);
}

}  // namespace
}  // namespace muster::net
