#include "net/signal.hpp"

#include "net/tests/loop.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <gtest/gtest.h>

namespace muster::net {
namespace {

TEST(SignalTest, WakesAllWhoWaitAndRemembersNothing) {
  Loop loop;
  Signal signal{loop.shard};
  signal.notify();
  const auto a = loop.start(signal.wait());
  const auto b = loop.start(signal.wait());
  loop.shard.poll();
  EXPECT_EQ(signal.waiting(), 2U);
  EXPECT_FALSE(a->done() || b->done());
  signal.notify();
  EXPECT_FALSE(a->done()) << "not within notify()";
  loop.shard.poll();
  ASSERT_TRUE(a->done() && b->done());
  EXPECT_TRUE(*a->result && *b->result);
  EXPECT_EQ(signal.waiting(), 0U);
}

TEST(SignalTest, CloseCancelsThoseWhoWaitAndThoseWhoCome) {
  Loop loop;
  Signal signal{loop.shard};
  const auto before = loop.start(signal.wait());
  loop.shard.poll();
  signal.close();
  signal.close();
  loop.shard.poll();
  ASSERT_TRUE(before->done());
  EXPECT_EQ(before->result->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(loop.run(signal.wait()).error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(signal.closed());
}

TEST(SignalTest, MayGoWhileSomebodyWaits) {
  Loop loop;
  auto signal = std::make_unique<Signal>(loop.shard);
  const auto waiting = loop.start(signal->wait());
  loop.shard.poll();
  signal.reset();
  loop.shard.poll();
  ASSERT_TRUE(waiting->done());
  EXPECT_EQ(waiting->result->error().code(), ErrorCode::cancelled);
}

TEST(SignalTest, MayGoBetweenNotifyAndWaking) {
  Loop loop;
  auto signal = std::make_unique<Signal>(loop.shard);
  const auto waiting = loop.start(signal->wait());
  loop.shard.poll();
  signal->notify();
  signal.reset();
  loop.shard.poll();
  ASSERT_TRUE(waiting->done());
  EXPECT_TRUE(*waiting->result);
}

TEST(SignalTest, CoroutinesThatAreCancelledWaitNoMore) {
  Loop loop;
  Signal signal{loop.shard};
  asio::cancellation_signal cancel;
  bool ended = false;
  asio::co_spawn(
      loop.shard.io(), signal.wait(),
      asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr, const Result<void>& result) {
        ended = true;
        EXPECT_FALSE(result);
      }));
  const auto other = loop.start(signal.wait());
  loop.shard.poll();
  EXPECT_EQ(signal.waiting(), 2U);
  cancel.emit(asio::cancellation_type::terminal);
  loop.shard.poll();
  EXPECT_TRUE(ended);
  EXPECT_EQ(signal.waiting(), 1U);
  EXPECT_FALSE(other->done());
}

TEST(SignalTest, ShardMayEndWhileSomebodyWaits) {
  auto loop = std::make_unique<Loop>();
  auto signal = std::make_unique<Signal>(loop->shard);
  const auto waiting = loop->start(signal->wait());
  loop->shard.poll();
  signal.reset();
  loop.reset();
  EXPECT_FALSE(waiting->done());
}

}  // namespace
}  // namespace muster::net
