#include "hub/session_directory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <optional>

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
  template <typename T>
  T done(Task<T> task) {
    std::optional<Result<T>> outcome;
    asio::co_spawn(io_, std::move(task),
                   [&](std::exception_ptr, Result<T> result) { outcome = std::move(result); });
    io_.restart();
    io_.run();
    return **std::move(outcome);
  }
  std::shared_ptr<Admission> admit(const SessionKey& key) { return done(directory_.admit(key)); }
  bool claim(std::shared_ptr<Admission> admission, std::shared_ptr<LiveSession> session) {
    return done(directory_.claim(std::move(admission), std::move(session)));
  }
  bool claim(const SessionKey& key, std::shared_ptr<LiveSession> session) {
    return claim(admit(key), std::move(session));
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
  EXPECT_EQ(directory_.state(key("a"))->last_activity, WallTime{} + 1h) << "CONNECT was one";
  clock_.advance(5s);
  session->active = clock_.wall();
  EXPECT_EQ(directory_.state(key("a"))->last_activity, WallTime{} + 1h + 5s);
  clock_.advance(5s);
  directory_.release(key("a"), session.get());
  const auto state = directory_.state(key("a"));
  EXPECT_EQ(state->last_activity, WallTime{} + 1h + 5s);
  EXPECT_EQ(state->updated, WallTime{} + 1h + 10s);
}

// What happens between the look at the registry and the claim, which was a window that a disabled device
// could stay connected through.
TEST_F(SessionDirectoryTest, AnAdmissionIsVoidOnceItsDeviceHasChanged) {
  const auto is = [](std::string_view device) {
    return [device](const SessionKey& k) { return k.device.str() == device; };
  };
  struct Row {
    const char* name;
    std::function<void()> meanwhile;
    bool claimed;
  };
  const Error why{ErrorCode::device_disabled, "disabled"};
  const Row rows[] = {
      {"nothing", [] {}, true},
      {"disabled", [&] { directory_.close_where(is("a"), why); }, false},
      {"changed", [&] { directory_.recheck_where(is("a")); }, false},
      {"deleted", [&] { directory_.forget(key("a")); }, false},
      {"another disabled", [&] { directory_.close_where(is("b"), why); }, true},
      {"another deleted", [&] { directory_.forget(key("b")); }, true},
  };
  for (const Row& row : rows) {
    const auto session = std::make_shared<Recorded>();
    const auto admission = admit(key("a"));
    row.meanwhile();
    EXPECT_EQ(claim(admission, session), row.claimed) << row.name;
    EXPECT_EQ(directory_.connected_count(), row.claimed ? 1u : 0u) << row.name;
    EXPECT_TRUE(session->reasons.empty()) << row.name;
    directory_.release(key("a"), session.get());
    EXPECT_TRUE(claim(key("a"), session)) << row.name << ": who is admitted anew is judged by what is now";
    directory_.release(key("a"), session.get());
  }
}

constexpr StoredSubscriptions kSome{1, kNotSubscribed, 0, 1, 1, kNotSubscribed};

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
