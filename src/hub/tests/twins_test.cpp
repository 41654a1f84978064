#include "hub/twins.hpp"

#include "registry/tests/inline_registry.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

namespace muster::hub {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const ServiceName kHub = *ServiceName::parse("hub-a");
const DeviceId kDevice = *DeviceId::parse("d");

class Recorded final : public LiveSession {
 public:
  void end(Error) override {}
  WallTime last_activity() const override { return {}; }
  void tell(std::shared_ptr<const DesiredChange> change) override { versions.push_back(change->version); }
  std::vector<std::int64_t> versions;
};

class TwinsTest : public testing::Test {
 protected:
  TwinsTest() {
    EXPECT_TRUE(registry_.store().services().put_hub({.name = kHub}, 0));
    EXPECT_TRUE(registry_.store().devices().put({.hub = kHub, .id = kDevice}, 0, nullptr));
    asio::co_spawn(io_, connects(), asio::detached);
    run();
  }
  asio::awaitable<void> connects() {
    const auto admission = co_await sessions_.admit(key_);
    const auto claimed = co_await sessions_.claim(*admission, session_);
    EXPECT_TRUE(*claimed);
  }
  void run() {
    io_.restart();
    io_.run();
  }
  /// Starts a change of a desired property, and remembers what became of it.
  std::shared_ptr<std::optional<Result<void>>> change(std::string_view desired,
                                                      TwinCondition condition = {}) {
    auto outcome = std::make_shared<std::optional<Result<void>>>();
    asio::co_spawn(io_,
                   changing(fmt::format(R"({{"properties":{{"desired":{}}}}})", desired), condition, outcome),
                   asio::detached);
    return outcome;
  }
  asio::awaitable<void> changing(std::string body, TwinCondition condition,
                                 std::shared_ptr<std::optional<Result<void>>> outcome) {
    TwinChange wanted = *parse_twin_patch(body);
    const auto changed = co_await twins_.change(key_, std::move(wanted), std::move(condition));
    *outcome = changed ? Result<void>{} : Result<void>{failure(changed.error())};
  }
  Twin stored() { return *registry_.store().devices().find_twin(kHub, kDevice).value(); }

  asio::io_context io_;
  TestClock clock_{WallTime{} + 1h};
  SessionDirectory sessions_{clock_};
  registry::InlineRegistry registry_;
  Twins twins_{registry_, sessions_, clock_};
  SessionKey key_{kHub, kDevice, ""};
  std::shared_ptr<Recorded> session_ = std::make_shared<Recorded>();
};

TEST_F(TwinsTest, AConnectedDeviceIsToldOnceItIsStored) {
  registry_.hold();
  const auto outcome = change(R"({"a":1})");
  io_.restart();
  io_.poll();
  EXPECT_THAT(session_->versions, IsEmpty());
  registry_.go_on();
  run();
  ASSERT_TRUE(*outcome && **outcome);
  EXPECT_THAT(session_->versions, ElementsAre(2));
  EXPECT_EQ(stored().desired_json, R"({"a":1})");
}

TEST_F(TwinsTest, TwoAtOnceBothCount) {
  const auto first = change(R"({"a":1})");
  const auto second = change(R"({"b":2})");
  run();
  EXPECT_TRUE(**first && **second);
  EXPECT_EQ(stored().desired_json, R"({"a":1,"b":2})");
  EXPECT_EQ(stored().desired_version, 3);
  EXPECT_THAT(session_->versions, ElementsAre(2, 3));
}

TEST_F(TwinsTest, AConditionThatDoesNotHoldChangesNothingAndTellsNobody) {
  const auto outcome = change("{}", [](const Twin&) -> Result<void> {
    return failure(ErrorCode::precondition_failed, "another etag");
  });
  run();
  EXPECT_EQ((*outcome)->error().code(), ErrorCode::precondition_failed);
  EXPECT_EQ(stored().desired_version, 1);
  EXPECT_THAT(session_->versions, IsEmpty());
}

TEST_F(TwinsTest, AWriteThatFailsTellsNobodyAndTheNextDoes) {
  registry_.failing = Error{ErrorCode::registry_busy, "full"};
  const auto failed = change(R"({"a":1})");
  run();
  EXPECT_EQ((*failed)->error().code(), ErrorCode::registry_busy);
  registry_.failing.reset();
  const auto stored_one = change(R"({"a":2})");
  run();
  EXPECT_TRUE(**stored_one);
  EXPECT_THAT(session_->versions, ElementsAre(2));
}

TEST_F(TwinsTest, OfADeviceThatIsNotThere) {
  key_.device = *DeviceId::parse("nobody");
  const auto outcome = change("{}");
  run();
  EXPECT_EQ((*outcome)->error().code(), ErrorCode::device_not_found);
  key_.module = "m";
  const auto of_module = change("{}");
  run();
  EXPECT_EQ((*of_module)->error().reason(), "device nobody of hub hub-a has no module m");
}

TEST_F(TwinsTest, AModuleHasATwinOfItsOwn) {
  const ModuleId module = *ModuleId::parse("m");
  ASSERT_TRUE(registry_.store().modules().put({.hub = kHub, .device = kDevice, .id = module}, 0, nullptr));
  key_.module = "m";
  const auto outcome = change(R"({"a":1})");
  run();
  EXPECT_TRUE(**outcome);
  EXPECT_EQ(registry_.store().modules().find(kHub, kDevice, module).value()->twin.desired_json, R"({"a":1})");
  EXPECT_EQ(stored().desired_json, "{}");
  EXPECT_THAT(session_->versions, IsEmpty()) << "the device's session is not the module's";
}

/// What DesiredFeed is for: writes return in any order, devices hear of them in that of their versions.
class DesiredFeedTest : public TwinsTest {
 protected:
  static std::shared_ptr<const DesiredChange> version(std::int64_t number) {
    return std::make_shared<const DesiredChange>(DesiredChange{number, "{}"});
  }
  DesiredFeed feed_{sessions_};
};

TEST_F(DesiredFeedTest, ALaterChangeWaitsForTheEarlier) {
  DesiredFeed::Place second{feed_}, third{feed_};
  second.take(key_, version(2));
  third.take(key_, version(3));
  third.settle(true);
  EXPECT_THAT(session_->versions, IsEmpty());
  second.settle(true);
  EXPECT_THAT(session_->versions, ElementsAre(2, 3));
}

TEST_F(DesiredFeedTest, OneThatFailedOrWasGivenUpIsPassedOver) {
  auto given_up = std::make_unique<DesiredFeed::Place>(feed_);
  DesiredFeed::Place failed{feed_}, stored{feed_};
  given_up->take(key_, version(2));
  failed.take(key_, version(2));
  stored.take(key_, version(2));
  stored.settle(true);
  failed.settle(false);
  EXPECT_THAT(session_->versions, IsEmpty());
  given_up.reset();
  EXPECT_THAT(session_->versions, ElementsAre(2));
}

TEST_F(DesiredFeedTest, OneThatIsCarriedOutAgainHasOnePlace) {
  DesiredFeed::Place place{feed_};
  place.take(key_, version(2));
  place.take(key_, version(3));
  place.settle(true);
  place.settle(true);
  EXPECT_THAT(session_->versions, ElementsAre(3));
}

TEST(OutboxTest, IsBoundedAndWakesOnce) {
  Outbox outbox{2};
  const auto item = std::make_shared<const DesiredChange>();
  EXPECT_EQ(outbox.offer(item), Outbox::Offer::first);
  EXPECT_EQ(outbox.offer(item), Outbox::Offer::taken);
  EXPECT_EQ(outbox.offer(item), Outbox::Offer::full);
  EXPECT_EQ(outbox.size(), 2u);
  EXPECT_TRUE(outbox.take() && outbox.take());
  EXPECT_FALSE(outbox.take());
  EXPECT_EQ(outbox.offer(item), Outbox::Offer::first);
}

}  // namespace
}  // namespace muster::hub
