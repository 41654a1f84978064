#include "client/tests/rig.hpp"

#include <gmock/gmock.h>

namespace muster::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A hub's twin on the wire (protocol/device/04 section 8), as far as a test lets it answer.
class ClientTwinTest : public testing::Test {
 protected:
  void connect(std::size_t requests_max = 16) {
    ClientOptions options;
    options.host = "hub1.test";
    options.device_id = "dev1";
    options.twin_requests_max = requests_max;
    client_ =
        std::make_unique<Client>(*rig_.runtime, std::make_shared<CountingCredentials>(), std::move(options));
    rig_.answer = [this](Connection& from, const mqtt::Packet& packet) { answers(from, packet); };
    const auto connected = rig_.start(client_->connect());
    ASSERT_TRUE(connected->result && *connected->result);
    rig_.connection(0).said.clear();
  }
  void answers(Connection& from, const mqtt::Packet& packet) {
    accept_all(from, packet);
    if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet))
      from.send(mqtt::Suback{subscribe->packet_id, {granted_}});
    const auto* publish = std::get_if<mqtt::Publish>(&packet);
    if (publish == nullptr || silent_) return;
    const std::string rid{publish->topic.substr(publish->topic.find("$rid="))};
    if (status_ != 0) return send(from, fmt::format("$iothub/twin/res/{}/?{}", status_, rid), refusal_);
    if (publish->topic.starts_with("$iothub/twin/GET/")) {
      send(from, "$iothub/twin/res/200/?" + rid,
           fmt::format(R"({{"desired":{{"a":{0},"$version":{0}}},"reported":{{"r":1,"$version":7}}}})",
                       desired_));
    } else {
      send(from, fmt::format("$iothub/twin/res/204/?{}&$version=8", rid), "");
    }
  }
  static void send(Connection& from, std::string_view topic, std::string_view body, std::uint8_t qos = 0) {
    from.send(mqtt::Publish{.topic = topic,
                            .payload = as_bytes(body),
                            .packet_id = static_cast<std::uint16_t>(qos == 0 ? 0 : 5),
                            .qos = qos});
  }
  void changes(int version, std::size_t connection = 0) {
    desired_ = version;
    send(rig_.connection(connection),
         fmt::format("$iothub/twin/PATCH/properties/desired/?$version={}", version),
         fmt::format(R"({{"a":{0},"$version":{0}}})", version), 1);
    rig_.settle();
  }
  auto watch() {
    return rig_.start(client_->watch_desired([this](const DesiredUpdate& update) {
      updates_.push_back(
          fmt::format("{} {} {}", update.whole ? "whole" : "patch", update.version, update.json));
    }));
  }
  void loses_connection(std::size_t index) {
    rig_.connection(index).peer->push_end();
    rig_.settle();
    rig_.advance_slowly(seconds{2});
    ASSERT_EQ(rig_.dialer->connections.size(), index + 2);
  }

  Rig rig_;
  bool silent_ = false;
  std::uint8_t granted_ = 1;
  int desired_ = 3;
  int status_ = 0;  ///< Of a refusal; 0: none.
  std::string refusal_ = R"({"errorCode":400004,"message":"properties.reported.a.b: no"})";
  std::vector<std::string> updates_;
  std::unique_ptr<Client> client_;  // Before the rig in destruction.
};

TEST_F(ClientTwinTest, ReadsTheTwinOnceItListensToAnswers) {
  connect();
  const auto got = rig_.start(client_->get_twin());
  EXPECT_THAT(rig_.connection(0).said,
              ElementsAre("SUBSCRIBE $iothub/twin/res/# 1", "PUBLISH 0 0 $iothub/twin/GET/?$rid=1 "));
  ASSERT_TRUE(got->result && *got->result);
  EXPECT_EQ((*got->result)->desired_json, R"({"a":3})");
  EXPECT_EQ((*got->result)->desired_version, 3);
  EXPECT_EQ((*got->result)->reported_json, R"({"r":1})");
  EXPECT_EQ((*got->result)->reported_version, 7);
}

TEST_F(ClientTwinTest, ReportsAndHasTheNewVersion) {
  connect();
  const auto first = rig_.start(client_->patch_reported(R"({"battery":90})"));
  const auto second = rig_.start(client_->patch_reported(R"({"battery":null})"));
  EXPECT_THAT(rig_.connection(0).said,
              ElementsAre("SUBSCRIBE $iothub/twin/res/# 1",
                          R"(PUBLISH 0 0 $iothub/twin/PATCH/properties/reported/?$rid=1 {"battery":90})",
                          R"(PUBLISH 0 0 $iothub/twin/PATCH/properties/reported/?$rid=2 {"battery":null})"));
  ASSERT_TRUE(first->result && *first->result);
  EXPECT_EQ(**first->result, 8);
  EXPECT_TRUE(second->result && *second->result);
}

TEST_F(ClientTwinTest, ARefusalSaysWhatTheHubSaid) {
  connect();
  status_ = 400;
  const auto refused = rig_.start(client_->patch_reported(R"({"a.b":1})"));
  ASSERT_TRUE(refused->result);
  EXPECT_EQ(refused->result->error().code(), ErrorCode::hub_refused);
  EXPECT_EQ(refused->result->error().reason(),
            "the hub answered the twin request with 400: errorCode 400004, properties.reported.a.b: no");
  status_ = 200;
  refusal_ = "<html>";
  const auto nonsense = rig_.start(client_->get_twin());
  ASSERT_TRUE(nonsense->result);
  EXPECT_EQ(nonsense->result->error().code(), ErrorCode::service_error);
}

TEST_F(ClientTwinTest, ASubscriptionThatIsNotGrantedFailsWhoWaitsAndWhoComesLater) {
  connect();
  granted_ = 0x80;
  for (int i = 0; i < 2; ++i) {
    const auto got = rig_.start(client_->get_twin());
    ASSERT_TRUE(got->result);
    EXPECT_EQ(got->result->error().code(), ErrorCode::hub_refused);
    const auto watched = watch();
    ASSERT_TRUE(watched->result);
    EXPECT_EQ(watched->result->error().code(), ErrorCode::hub_refused);
  }
  granted_ = 1;
  loses_connection(0);
  EXPECT_THAT(updates_, ElementsAre(R"(whole 3 {"a":3})")) << "the next connection asks again";
}

TEST_F(ClientTwinTest, HasADeadlineALimitAndMayBeCancelled) {
  connect(2);
  silent_ = true;
  const auto late = rig_.start(client_->get_twin(seconds{5}));
  const auto cancelled = rig_.start(client_->patch_reported("{}", seconds{600}));
  const auto beyond = rig_.start(client_->get_twin());
  ASSERT_TRUE(beyond->result);
  EXPECT_EQ(beyond->result->error().code(), ErrorCode::not_connected);
  rig_.advance(seconds{5});
  ASSERT_TRUE(late->result);
  EXPECT_EQ(late->result->error().code(), ErrorCode::timed_out);
  cancelled->cancel.emit(asio::cancellation_type::terminal);
  rig_.settle();
  ASSERT_TRUE(cancelled->result);
  EXPECT_EQ(cancelled->result->error().code(), ErrorCode::cancelled);
  EXPECT_FALSE(rig_.start(client_->get_twin())->result) << "there is room again";
  send(rig_.connection(0), "$iothub/twin/res/200/?$rid=1", "{}");
  rig_.settle();
  EXPECT_EQ(client_->state(), ConnectionState::connected) << "a late answer is nobody's";
}

TEST_F(ClientTwinTest, AsksAgainOnTheNextConnection) {
  connect();
  silent_ = true;
  const auto patched = rig_.start(client_->patch_reported(R"({"a":1})", seconds{60}));
  silent_ = false;
  loses_connection(0);
  EXPECT_THAT(rig_.connection(1).said,
              ElementsAre(StartsWith("CONNECT"), "SUBSCRIBE $iothub/twin/res/# 1",
                          R"(PUBLISH 0 0 $iothub/twin/PATCH/properties/reported/?$rid=1 {"a":1})"));
  EXPECT_TRUE(patched->result && *patched->result);
}

TEST_F(ClientTwinTest, DisconnectCancelsWhatWaits) {
  connect();
  silent_ = true;
  const auto got = rig_.start(client_->get_twin(seconds{600}));
  const auto watched = watch();
  const auto gone = rig_.start(client_->disconnect());
  ASSERT_TRUE(gone->result && got->result && watched->result);
  EXPECT_EQ(got->result->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(watched->result->error().code(), ErrorCode::cancelled);
}

TEST_F(ClientTwinTest, AWatcherHasEverythingFirstAndThenEachChange) {
  connect();
  const auto watched = watch();
  ASSERT_TRUE(watched->result && *watched->result);
  EXPECT_THAT(rig_.connection(0).said, ElementsAre("SUBSCRIBE $iothub/twin/res/# 1",
                                                   "SUBSCRIBE $iothub/twin/PATCH/properties/desired/# 1",
                                                   "PUBLISH 0 0 $iothub/twin/GET/?$rid=1 "));
  rig_.connection(0).said.clear();
  changes(4);
  EXPECT_THAT(rig_.connection(0).said, ElementsAre("PUBACK 5"));
  changes(4);
  EXPECT_THAT(updates_, ElementsAre(R"(whole 3 {"a":3})", R"(patch 4 {"a":4})"))
      << "a repeated one is dropped";
}

TEST_F(ClientTwinTest, AChangeThatLeavesAGapHasEverythingReadAgain) {
  connect();
  watch();
  changes(6);
  EXPECT_THAT(updates_, ElementsAre(R"(whole 3 {"a":3})", R"(whole 6 {"a":6})"));
  changes(7);
  EXPECT_EQ(updates_.back(), R"(patch 7 {"a":7})");
}

TEST_F(ClientTwinTest, AReadingThatAChangeOvertookIsMadeAgain) {
  connect();
  silent_ = true;
  watch();
  changes(4);
  EXPECT_THAT(updates_, IsEmpty());
  silent_ = false;
  send(rig_.connection(0), "$iothub/twin/res/200/?$rid=1",
       R"({"desired":{"a":3,"$version":3},"reported":{"$version":1}})");
  rig_.settle();
  EXPECT_THAT(updates_, ElementsAre(R"(whole 4 {"a":4})"));
}

TEST_F(ClientTwinTest, ANewConnectionSubscribesAndReadsAgain) {
  connect();
  watch();
  loses_connection(0);
  EXPECT_THAT(rig_.connection(1).said,
              ElementsAre(StartsWith("CONNECT"), "SUBSCRIBE $iothub/twin/res/# 1",
                          "SUBSCRIBE $iothub/twin/PATCH/properties/desired/# 1", HasSubstr("twin/GET")));
  EXPECT_EQ(updates_.size(), 1U) << "nothing had changed";
  desired_ = 5;
  loses_connection(1);
  EXPECT_THAT(updates_, ElementsAre(R"(whole 3 {"a":3})", R"(whole 5 {"a":5})"));
  changes(6, 2);
  EXPECT_EQ(updates_.back(), R"(patch 6 {"a":6})");
}

TEST_F(ClientTwinTest, AHubThatWouldNotGiveTheTwinIsAskedAgainLater) {
  connect();
  status_ = 429;
  const auto watched = watch();
  ASSERT_TRUE(watched->result);
  EXPECT_EQ(watched->result->error().code(), ErrorCode::hub_refused);
  status_ = 0;
  rig_.advance(seconds{4});
  EXPECT_THAT(updates_, IsEmpty());
  rig_.advance(seconds{1});
  EXPECT_THAT(updates_, ElementsAre(R"(whole 3 {"a":3})"));
}

TEST_F(ClientTwinTest, AnAnswerThatComesAfterTheClientIsGoneCallsNobody) {
  connect();
  silent_ = true;
  const auto watched = watch();
  client_.reset();
  rig_.settle();
  ASSERT_TRUE(watched->result);
  EXPECT_THAT(updates_, IsEmpty());
}

}  // namespace
}  // namespace muster::client
