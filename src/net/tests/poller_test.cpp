#include "net/poller.hpp"

#include "net/tests/loop.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

namespace muster::net {
namespace {

/// One end of a connection, whose other end the test writes to.
class Recorder final : public Pollable {
 public:
  Recorder(Poller& poller, std::vector<int>& told, int number, bool takes_long)
      : poller_{poller}, told_{told}, number_{number}, takes_long_{takes_long} {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    own_ = Descriptor{ends[0]};
    peer_ = Descriptor{ends[1]};
    EXPECT_TRUE(poller_.add(own_.get(), *this));
  }
  ~Recorder() override { poller_.forget(*this); }

  void on_events(std::uint32_t events) override {
    if ((events & EPOLLIN) == 0) return;  // That it can be written to is told at once.
    told_.push_back(number_);
    if (then) then();
  }
  bool takes_long() const noexcept override { return takes_long_; }
  void arrive() const { EXPECT_EQ(::write(peer_.get(), "x", 1), 1); }

  std::function<void()> then;

 private:
  Poller& poller_;
  std::vector<int>& told_;
  int number_;
  bool takes_long_;
  Descriptor own_, peer_;
};

class PollerTest : public testing::Test {
 protected:
  Recorder& add(bool takes_long) {
    const int number = static_cast<int>(all.size());
    return *all.emplace_back(std::make_unique<Recorder>(loop.shard.poller(), told, number, takes_long));
  }
  void settle() {
    for (int i = 0; i < 100; ++i) loop.shard.poll();
  }

  Loop loop;
  std::vector<int> told;
  std::vector<std::unique_ptr<Recorder>> all;
};

TEST_F(PollerTest, TellsOnceForEachArrival) {
  const Recorder& one = add(false);
  settle();
  EXPECT_TRUE(told.empty());
  one.arrive();
  settle();
  settle();
  EXPECT_EQ(told, std::vector<int>{0}) << "an edge, though nobody has read";
  one.arrive();
  settle();
  EXPECT_EQ(told, (std::vector<int>{0, 0}));
}

TEST_F(PollerTest, WhoIsQuickDoesNotWaitForAllWhoTakeLong) {
  for (int i = 0; i < 30; ++i) add(true);
  const Recorder& quick = add(false);
  settle();
  for (const auto& one : all) one->arrive();
  for (int i = 0; i < 8; ++i)
    all[static_cast<std::size_t>(i)]->then = [&quick, first = true]() mutable {
      if (std::exchange(first, false)) quick.arrive();  // Comes while handshakes are at work.
    };
  settle();
  ASSERT_GE(told.size(), 32U);
  EXPECT_EQ(told[0], 30) << "first of its turn";
  EXPECT_EQ(told[9], 30) << "and again after the eight of that turn";
  for (int i = 0; i < 30; ++i) EXPECT_EQ(std::ranges::count(told, i), 1) << i;
}

TEST_F(PollerTest, ForgetsWhoGoesWithinATurn) {
  for (int i = 0; i < 20; ++i) add(i % 2 == 0);
  settle();
  for (const auto& one : all) one->arrive();
  bool ended = false;
  for (const auto& one : all) {
    one->then = [this, &ended] {
      // All but the one that is speaking go, those whose turn has come already among them.
      if (std::exchange(ended, true)) return;
      const auto speaking = static_cast<std::size_t>(told.back());
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (i != speaking) all[i].reset();
      }
    };
  }
  settle();
  EXPECT_EQ(told.size(), 1U);
}

}  // namespace
}  // namespace muster::net
