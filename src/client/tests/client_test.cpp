#include "client/tests/rig.hpp"

#include <gmock/gmock.h>

namespace muster::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class ClientTest : public testing::Test {
 protected:
  void make(std::size_t outbox_max = 256) {
    ClientOptions options;
    options.host = "hub1.test";
    options.device_id = "dev1";
    options.outbox_max = outbox_max;
    options.on_state = [this](const ConnectionEvent& event) { states_.push_back(event); };
    client_ = std::make_unique<Client>(*rig_.runtime, credentials_, std::move(options));
  }
  void connect() {
    make();
    rig_.answer = accept_connect;
    const auto connected = rig_.start(client_->connect());
    ASSERT_TRUE(connected->result && *connected->result);
    rig_.connection(0).said.clear();
  }
  auto publish(const std::string& payload, seconds timeout = seconds{600}) {
    payloads_.push_back(payload);
    PublishOptions options;
    options.message_id = "m";
    options.timeout = timeout;
    return rig_.start(client_->publish(as_bytes(payloads_.back()), std::move(options)));
  }
  static std::string line(int id, const std::string& payload, bool dup = false) {
    return fmt::format("PUBLISH {} 1{} devices/dev1/messages/events/%24.mid=m {}", id, dup ? " DUP" : "",
                       payload);
  }

  Rig rig_;
  std::shared_ptr<CountingCredentials> credentials_ = std::make_shared<CountingCredentials>();
  std::vector<ConnectionEvent> states_;
  std::deque<std::string> payloads_;
  std::unique_ptr<Client> client_;  // Before the rig in destruction.
};

// protocol/device/04 section 2.
TEST_F(ClientTest, ConnectsAsTheDocumentsSay) {
  make();
  rig_.answer = accept_all;
  const auto connected = rig_.start(client_->connect());
  ASSERT_TRUE(connected->result && *connected->result);
  EXPECT_THAT(rig_.connection(0).said,
              ElementsAre("CONNECT dev1 hub1.test/dev1/?api-version=2021-04-12&DeviceClientType="
                          "muster-device-client clean=false keep_alive=60"));
  EXPECT_EQ(client_->state(), ConnectionState::connected);
  ASSERT_EQ(states_.size(), 2U);
  EXPECT_EQ(states_[0].state, ConnectionState::connecting);
  EXPECT_EQ(states_[1].state, ConnectionState::connected);
  const auto again = rig_.start(client_->connect());
  EXPECT_TRUE(again->result && *again->result);
  EXPECT_EQ(rig_.dialer->dials, 1);
}

struct ConnackRow {
  const char* name;
  std::uint8_t code;
  bool is_final;
};
// protocol/device/04 section 2, CONNACK.
class HubConnackTest : public ClientTest, public testing::WithParamInterface<ConnackRow> {};
TEST_P(HubConnackTest, IsFinalOrTriedAgain) {
  make();
  rig_.answer = [](Connection& from, const mqtt::Packet&) {
    from.send(mqtt::Connack{false, GetParam().code});
  };
  const auto connected = rig_.start(client_->connect(seconds{20}));
  rig_.advance_slowly(seconds{25});
  ASSERT_TRUE(connected->result);
  ASSERT_FALSE(*connected->result);
  const Error& error = connected->result->error();
  EXPECT_EQ(error.code(), GetParam().is_final ? ErrorCode::hub_refused : ErrorCode::connect_failed);
  EXPECT_THAT(error.reason(), HasSubstr(fmt::format("CONNECT with {}", GetParam().code)));
  EXPECT_EQ(client_->state(), GetParam().is_final ? ConnectionState::refused : ConnectionState::disconnected);
  EXPECT_EQ(rig_.dialer->dials == 1, GetParam().is_final);
  const int dials = rig_.dialer->dials;
  rig_.advance_slowly(seconds{40});
  EXPECT_EQ(rig_.dialer->dials, dials) << "nothing is tried after connect() has failed";
}
INSTANTIATE_TEST_SUITE_P(Codes, HubConnackTest,
                         testing::Values(ConnackRow{"protocol", 1, true}, ConnackRow{"identifier", 2, true},
                                         ConnackRow{"unavailable", 3, false}, ConnackRow{"password", 4, true},
                                         ConnackRow{"unauthorized", 5, true}),
                         [](const auto& row) { return row.param.name; });

TEST_F(ClientTest, PublishWaitsForItsAcknowledgement) {
  connect();
  const auto first = publish("a");
  const auto second = publish("b");
  EXPECT_THAT(rig_.connection(0).said, ElementsAre(line(1, "a"), line(2, "b")));
  rig_.connection(0).send(mqtt::Puback{2});
  rig_.settle();
  EXPECT_FALSE(first->result);
  ASSERT_TRUE(second->result);
  EXPECT_TRUE(*second->result);
  rig_.connection(0).send(mqtt::Puback{1});
  rig_.settle();
  EXPECT_TRUE(first->result && *first->result);
}

TEST_F(ClientTest, EncodesPropertiesSystemOnesFirst) {
  connect();
  PublishOptions options;
  options.message_id = "1";
  options.content_type = "application/json";
  options.content_encoding = "utf-8";
  options.properties = {{"a b", "c&d"}};
  const auto sent = rig_.start(client_->publish({}, std::move(options)));
  EXPECT_THAT(rig_.connection(0).said,
              ElementsAre("PUBLISH 1 1 devices/dev1/messages/events/%24.mid=1&%24.ct=application%2Fjson&"
                          "%24.ce=utf-8&a%20b=c%26d "));
}

TEST_F(ClientTest, KeepsAtMostSixteenInFlightAndTheOrder) {
  connect();
  std::vector<std::shared_ptr<Rig::Pending<void>>> sent;
  for (int i = 0; i < 20; ++i) sent.push_back(publish(std::to_string(i)));
  EXPECT_EQ(rig_.connection(0).said.size(), 16U);
  rig_.connection(0).send(mqtt::Puback{1});
  rig_.settle();
  ASSERT_EQ(rig_.connection(0).said.size(), 17U);
  EXPECT_EQ(rig_.connection(0).said.back(), line(17, "16"));
}

// MQTT 3.1.1 sections 4.4 and 4.6: again with DUP and the same packet id, in the first order.
TEST_F(ClientTest, SendsAgainWhatWasNotAcknowledged) {
  connect();
  const auto a = publish("a");
  const auto b = publish("b");
  rig_.connection(0).send(mqtt::Puback{1});
  rig_.settle();
  rig_.connection(0).peer->push_end();
  rig_.settle();
  EXPECT_EQ(client_->state(), ConnectionState::waiting);
  const auto c = publish("c");
  rig_.answer = accept_all;
  rig_.advance_slowly(seconds{2});
  ASSERT_EQ(rig_.dialer->connections.size(), 2U);
  EXPECT_THAT(rig_.connection(1).said, ElementsAre(StartsWith("CONNECT"), line(2, "b", true), line(3, "c")));
  EXPECT_TRUE(a->result && *a->result);
  EXPECT_TRUE(b->result && *b->result);
  EXPECT_TRUE(c->result && *c->result);
  EXPECT_EQ(credentials_->loads, 2) << "credentials are asked at each connect";
}

TEST_F(ClientTest, RefusesMoreThanTheOutboxHolds) {
  make(3);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(publish("x")->result);
  const auto refused = publish("y");
  ASSERT_TRUE(refused->result);
  EXPECT_EQ(refused->result->error().code(), ErrorCode::not_connected);
  rig_.answer = accept_all;
  const auto connected = rig_.start(client_->connect());
  EXPECT_EQ(rig_.connection(0).said.size(), 4U) << "what was kept is sent once there is a connection";
  EXPECT_FALSE(publish("z")->result && !*publish("z")->result);
}

TEST_F(ClientTest, TimesOutAndDoesNotSendThatOneAgain) {
  connect();
  const auto late = publish("late", seconds{5});
  const auto kept = publish("kept");
  rig_.advance(seconds{5});
  ASSERT_TRUE(late->result);
  EXPECT_EQ(late->result->error().code(), ErrorCode::timed_out);
  rig_.connection(0).peer->push_end();
  rig_.settle();
  rig_.advance_slowly(seconds{2});
  ASSERT_EQ(rig_.dialer->connections.size(), 2U);
  EXPECT_THAT(rig_.connection(1).said, ElementsAre(StartsWith("CONNECT"), line(2, "kept", true)));
}

TEST_F(ClientTest, CancellingOnePublishLeavesTheConnection) {
  connect();
  const auto cancelled = publish("a");
  const auto other = publish("b");
  cancelled->cancel.emit(asio::cancellation_type::terminal);
  rig_.settle();
  ASSERT_TRUE(cancelled->result);
  EXPECT_EQ(cancelled->result->error().code(), ErrorCode::cancelled);
  rig_.connection(0).send(mqtt::Puback{1});
  rig_.connection(0).send(mqtt::Puback{2});
  rig_.settle();
  EXPECT_TRUE(other->result && *other->result);
  EXPECT_EQ(client_->state(), ConnectionState::connected);
}

// Azure IoT Hub quotas: 256 KB, body and properties together. "%24.mid=m" takes 9.
TEST_F(ClientTest, KnowsTheLargestMessage) {
  connect();
  EXPECT_FALSE(publish(std::string(kMessageSizeMax - 9, 'x'))->result);
  const auto refused = publish(std::string(kMessageSizeMax - 8, 'x'));
  ASSERT_TRUE(refused->result);
  EXPECT_EQ(refused->result->error().code(), ErrorCode::message_too_large);
}

TEST_F(ClientTest, PingsWhenIdleAndReconnectsWhenNothingComesBack) {
  connect();
  rig_.advance(seconds{44});
  EXPECT_TRUE(rig_.connection(0).said.empty());
  rig_.advance(seconds{1});
  EXPECT_THAT(rig_.connection(0).said, ElementsAre("PINGREQ"));
  rig_.connection(0).send(mqtt::Pingresp{});
  rig_.settle();
  rig_.advance_slowly(seconds{46});
  EXPECT_THAT(rig_.connection(0).said, ElementsAre("PINGREQ", "PINGREQ"));
  rig_.advance_slowly(seconds{31});
  EXPECT_TRUE(rig_.connection(0).peer->closed());
  ASSERT_GE(states_.size(), 3U);
  EXPECT_EQ(states_[2].state, ConnectionState::waiting);
  EXPECT_THAT(states_[2].why->reason(), HasSubstr("PINGREQ"));
  EXPECT_EQ(client_->state(), ConnectionState::connected);
}

// protocol/device/10 section 5: Python reconnects 60 times a second in this case.
TEST_F(ClientTest, DoesNotStormAHubThatClosesAfterConnack) {
  make();
  rig_.answer = [](Connection& from, const mqtt::Packet& packet) {
    accept_connect(from, packet);
    from.peer->push_end();
  };
  const auto connected = rig_.start(client_->connect());
  rig_.advance_slowly(seconds{120});
  EXPECT_GE(rig_.dialer->dials, 5);
  EXPECT_LE(rig_.dialer->dials, 40);
}

TEST_F(ClientTest, GoesOnAfterACancelledConnect) {
  make();
  rig_.dialer->failures = {Error{ErrorCode::connect_failed, "down"}};
  const auto connecting = rig_.start(client_->connect());
  connecting->cancel.emit(asio::cancellation_type::terminal);
  rig_.answer = accept_all;
  rig_.advance_slowly(seconds{2});
  ASSERT_TRUE(connecting->result);
  EXPECT_EQ(connecting->result->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(client_->state(), ConnectionState::connected);
}

TEST_F(ClientTest, DistrustOfTheServerIsFinal) {
  make();
  rig_.dialer->failures = {Error{ErrorCode::server_untrusted, "self-signed certificate"}};
  const auto connected = rig_.start(client_->connect());
  ASSERT_TRUE(connected->result);
  EXPECT_EQ(connected->result->error().code(), ErrorCode::server_untrusted);
  const auto sent = publish("a");
  ASSERT_TRUE(sent->result);
  EXPECT_EQ(sent->result->error().code(), ErrorCode::server_untrusted);
}

TEST_F(ClientTest, SaysGoodbyeAndCancelsWhatWaits) {
  connect();
  const auto waiting = publish("a");
  const auto gone = rig_.start(client_->disconnect());
  ASSERT_TRUE(gone->result);
  EXPECT_EQ(rig_.connection(0).said.back(), "DISCONNECT");
  EXPECT_TRUE(rig_.connection(0).peer->closed());
  ASSERT_TRUE(waiting->result);
  EXPECT_EQ(waiting->result->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(client_->state(), ConnectionState::disconnected);
  const auto again = rig_.start(client_->connect());
  EXPECT_TRUE(again->result && *again->result) << "it can be connected again";
}

TEST_F(ClientTest, DisconnectDoesNotWaitForAPeerThatTakesNothing) {
  connect();
  rig_.connection(0).peer->accept_writes(0);
  const auto stuck = publish("a");
  const auto gone = rig_.start(client_->disconnect());
  EXPECT_FALSE(gone->result);
  rig_.advance(seconds{1});
  ASSERT_TRUE(gone->result);
  EXPECT_EQ(stuck->result->error().code(), ErrorCode::cancelled);
}

TEST_F(ClientTest, DisconnectEndsAnAttemptUnderWay) {
  make();
  const auto connecting = rig_.start(client_->connect());
  EXPECT_FALSE(connecting->result);
  const auto gone = rig_.start(client_->disconnect());
  ASSERT_TRUE(gone->result);
  ASSERT_TRUE(connecting->result);
  EXPECT_EQ(connecting->result->error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(rig_.connection(0).peer->closed());
}

TEST_F(ClientTest, DestroyingItCancelsWhatWaitsAndCloses) {
  connect();
  const auto waiting = publish("a");
  client_.reset();
  rig_.settle();
  ASSERT_TRUE(waiting->result);
  EXPECT_EQ(waiting->result->error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(rig_.connection(0).peer->closed());
  EXPECT_EQ(rig_.connection(0).said.back(), "DISCONNECT");
}

TEST_F(ClientTest, DisconnectEndsWhatWaitedForAConnectionNeverMade) {
  make();
  const auto waiting = publish("a");
  const auto gone = rig_.start(client_->disconnect());
  ASSERT_TRUE(gone->result && waiting->result);
  EXPECT_EQ(waiting->result->error().code(), ErrorCode::cancelled);
}

TEST_F(ClientTest, ReconnectsWhenTheHubSendsNonsense) {
  connect();
  rig_.answer = accept_all;
  rig_.connection(0).peer->push(std::string("\xF0\x00", 2));  // Type 15, which only MQTT 5 has.
  rig_.settle();
  rig_.advance_slowly(seconds{2});
  EXPECT_EQ(rig_.dialer->dials, 2);
  EXPECT_EQ(client_->state(), ConnectionState::connected);
}

}  // namespace
}  // namespace muster::client
