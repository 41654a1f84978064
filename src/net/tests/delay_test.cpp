#include "net/delay.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <memory>

namespace muster::net {
namespace {

using namespace std::chrono_literals;

asio::awaitable<void> wait(Shard& shard, std::chrono::nanoseconds by, std::shared_ptr<int> turns) {
  co_await delay(shard, by);
  ++*turns;
}

TEST(Delay, EndsWhenTheClockSaysSo) {
  TestClock clock{WallTime{}};
  Shard shard{clock, 0};
  const auto turns = std::make_shared<int>(0);
  asio::co_spawn(shard.io(), wait(shard, 50ms, turns), asio::detached);
  asio::co_spawn(shard.io(), wait(shard, 0ms, turns), asio::detached);
  shard.poll();
  EXPECT_EQ(*turns, 1) << "no time at all is not waited for";
  clock.advance(49ms);
  shard.poll();
  EXPECT_EQ(*turns, 1);
  clock.advance(1ms);
  shard.poll();
  EXPECT_EQ(*turns, 2);
}

TEST(Delay, ThatTheShardsEndCutsOffLetsGoOfWhatWaited) {
  TestClock clock{WallTime{}};
  const auto turns = std::make_shared<int>(0);
  {
    Shard shard{clock, 0};
    asio::co_spawn(shard.io(), wait(shard, 50ms, turns), asio::detached);
    shard.poll();
    EXPECT_EQ(turns.use_count(), 2);
  }
  EXPECT_EQ(turns.use_count(), 1);
  EXPECT_EQ(*turns, 0);
}

}  // namespace
}  // namespace muster::net
