#include "hub/session_directory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace muster::hub {
namespace {

using namespace std::chrono_literals;

class Recorded final : public LiveSession {
 public:
  void end(Error reason) override { reasons.push_back(std::move(reason)); }
  WallTime last_activity() const override { return active; }
  std::vector<Error> reasons;
  WallTime active;
};

class SessionDirectoryTest : public testing::Test {
 protected:
  static SessionKey key(std::string_view device) {
    return {*ServiceName::parse("hub-a"), *DeviceId::parse(device), ""};
  }
  void claim(const SessionKey& key, std::shared_ptr<LiveSession> session) {
    asio::co_spawn(io_, directory_.claim(key, std::move(session)), asio::detached);
    io_.restart();
    io_.run();
  }

  asio::io_context io_;
  TestClock clock_{WallTime{} + 1h};
  SessionDirectory directory_{clock_};
};

TEST_F(SessionDirectoryTest, TheNewerConnectionWinsAndTheOlderIsTold) {
  const auto older = std::make_shared<Recorded>();
  const auto newer = std::make_shared<Recorded>();
  claim(key("d"), older);
  claim(key("d"), newer);
  ASSERT_EQ(older->reasons.size(), 1u);
  EXPECT_EQ(older->reasons[0].code(), ErrorCode::connection_superseded);
  EXPECT_TRUE(newer->reasons.empty());
  EXPECT_EQ(directory_.connected_count(), 1u);
  EXPECT_FALSE(directory_.release(key("d"), older.get())) << "the slot is the newer one's";
  EXPECT_TRUE(directory_.state(key("d"))->connected);
  EXPECT_TRUE(directory_.release(key("d"), newer.get()));
  EXPECT_FALSE(directory_.state(key("d"))->connected);
  EXPECT_EQ(directory_.connected_count(*ServiceName::parse("HUB-A")), 0u);
}

TEST_F(SessionDirectoryTest, ClosesWhatMatchesAndNothingElse) {
  const auto a = std::make_shared<Recorded>();
  const auto b = std::make_shared<Recorded>();
  claim(key("a"), a);
  claim(key("b"), b);
  const auto closed = directory_.close_where([](const SessionKey& k) { return k.device.str() == "a"; },
                                             Error{ErrorCode::device_disabled, "disabled"});
  EXPECT_EQ(closed, 1u);
  EXPECT_EQ(a->reasons.size(), 1u);
  EXPECT_TRUE(b->reasons.empty());
}

TEST_F(SessionDirectoryTest, RemembersWhenADeviceWasLastSeen) {
  const auto session = std::make_shared<Recorded>();
  claim(key("a"), session);
  clock_.advance(5s);
  session->active = clock_.wall();
  EXPECT_EQ(directory_.state(key("a"))->last_activity, WallTime{} + 1h + 5s);
  clock_.advance(5s);
  directory_.release(key("a"), session.get());
  const auto state = directory_.state(key("a"));
  EXPECT_EQ(state->last_activity, WallTime{} + 1h + 5s);
  EXPECT_EQ(state->updated, WallTime{} + 1h + 10s);
}

constexpr StoredSubscriptions kSome{1, kNotSubscribed, 0, 1, 1};

TEST_F(SessionDirectoryTest, KeepsSubscriptionsAfterTheSessionAndOnlyItsOwn) {
  const auto older = std::make_shared<Recorded>();
  const auto newer = std::make_shared<Recorded>();
  claim(key("a"), older);
  directory_.store_subscriptions(key("a"), older.get(), kSome);
  EXPECT_FALSE(directory_.stored_subscriptions(key("b")));
  claim(key("a"), newer);
  directory_.store_subscriptions(key("a"), older.get(), std::nullopt);
  EXPECT_EQ(directory_.stored_subscriptions(key("a")), kSome) << "one that was superseded has no say";
  directory_.release(key("a"), newer.get());
  EXPECT_EQ(directory_.stored_subscriptions(key("a")), kSome);
}

TEST_F(SessionDirectoryTest, NothingOfADeletedDeviceIsLeftForTheNextOfItsName) {
  const auto session = std::make_shared<Recorded>();
  claim(key("a"), session);
  directory_.store_subscriptions(key("a"), session.get(), kSome);
  directory_.forget(key("a"));  // While its session has been told to end and has not yet.
  EXPECT_EQ(directory_.connected_count(), 0u);
  directory_.store_subscriptions(key("a"), session.get(), kSome);
  EXPECT_FALSE(directory_.release(key("a"), session.get()));
  EXPECT_FALSE(directory_.state(key("a")));
  EXPECT_FALSE(directory_.stored_subscriptions(key("a")));
}

}  // namespace
}  // namespace muster::hub
