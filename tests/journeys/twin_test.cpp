// A device and its operator by way of the twin (protocol/device/04 section 8, protocol/service/04
// section 4.4): what the one reports the other reads, and what is desired reaches the device, at once or when
// it asks.

#include "device.hpp"

#include <fmt/format.h>

namespace muster::journeys {
namespace {

using testing::HasSubstr;

constexpr std::string_view kDesiredFilter = "$iothub/twin/PATCH/properties/desired/#";

class TwinJourney : public testing::Test {
 protected:
  explicit TwinJourney(Terms terms = {}) : service{std::move(terms)} { device.connects_to_hub(kDevice); }

  void desires(std::string_view properties) {
    ASSERT_TRUE(
        service.patches_twin(kDevice, fmt::format(R"({{"properties":{{"desired":{}}}}})", properties)));
  }
  void reports(std::string_view rid, std::string_view properties, std::uint16_t packet_id = 0) {
    device.publishes(fmt::format("$iothub/twin/PATCH/properties/reported/?$rid={}", rid), properties,
                     packet_id);
  }
  nlohmann::json reads() {
    device.publishes("$iothub/twin/GET/?$rid=get", "");
    const Publish answer = device.hears<Publish>();
    EXPECT_EQ(answer.topic, "$iothub/twin/res/200/?$rid=get");
    return nlohmann::json::parse(as_text(answer.payload));
  }
  void hears_refusal(std::string_view topic, int error_code, std::string_view why) {
    const Publish answer = device.hears<Publish>();
    EXPECT_EQ(answer.topic, topic);
    const auto body = nlohmann::json::parse(as_text(answer.payload));
    EXPECT_EQ(body["errorCode"], error_code) << "Node looks there (device/07 N7)";
    EXPECT_THAT(body["message"].get<std::string>(), HasSubstr(why));
    EXPECT_FALSE(body["trackingId"].get<std::string>().empty());
  }

  WholeService service;
  pki::Chain chain = provisioned(service);
  Device device{service, to_hub(chain)};
};

TEST_F(TwinJourney, ADesiredChangeReachesAConnectedDevice) {
  device.subscribes({{kDesiredFilter, 1}});
  desires(R"({"interval":5,"gone":1})");
  const Publish first = device.hears<Publish>();
  EXPECT_EQ(first.topic, "$iothub/twin/PATCH/properties/desired/?$version=2");
  EXPECT_EQ(first.qos, 1) << "as granted";
  EXPECT_EQ(as_text(first.payload), R"({"$version":2,"gone":1,"interval":5})");
  device.says(Puback{first.packet_id});

  desires(R"({"gone":null})");
  const Publish second = device.hears<Publish>();
  EXPECT_EQ(as_text(second.payload), R"({"$version":3,"gone":null})") << "the device is told what went";
  EXPECT_NE(second.packet_id, first.packet_id);
}

TEST_F(TwinJourney, AtQosZeroAsGranted) {
  device.subscribes({{kDesiredFilter, 0}});
  desires(R"({"a":1})");
  const Publish change = device.hears<Publish>();
  EXPECT_EQ(change.qos, 0);
  EXPECT_EQ(change.packet_id, 0);
}

TEST_F(TwinJourney, WhoWasAwayReadsIt) {
  device.subscribes({{"$iothub/twin/res/#", 1}});
  desires(R"({"interval":5})");
  EXPECT_TRUE(device.hears_nothing()) << "notifications go to who has subscribed, and none is kept";
  const auto twin = reads();
  EXPECT_EQ(twin["desired"]["interval"], 5);
  EXPECT_EQ(twin["desired"]["$version"], 2);
}

TEST_F(TwinJourney, TagsAreTheOperatorsAlone) {
  device.subscribes({{kDesiredFilter, 1}, {"$iothub/twin/res/#", 1}});
  ASSERT_TRUE(service.patches_twin(kDevice, R"({"tags":{"room":4}})"));
  EXPECT_TRUE(device.hears_nothing());
  EXPECT_FALSE(reads().contains("tags"));
}

TEST_F(TwinJourney, WhatADeviceReportsIsStoredBeforeItIsAnswered) {
  device.subscribes({{"$iothub/twin/res/#", 1}});
  reports("7", R"({"battery":{"level":90,"cells":[1,2]}})", 11);
  EXPECT_EQ(device.hears<Puback>().packet_id, 11);
  const Publish answer = device.hears<Publish>();
  EXPECT_EQ(answer.topic, "$iothub/twin/res/204/?$rid=7&$version=2") << "$version after $rid: Java";
  EXPECT_TRUE(answer.payload.empty());
  EXPECT_EQ(service.twin(kDevice)->reported_json, R"({"battery":{"cells":[1,2],"level":90}})");

  reports("8", R"({"battery":{"cells":null}})");
  EXPECT_EQ(device.hears<Publish>().topic, "$iothub/twin/res/204/?$rid=8&$version=3");
  EXPECT_EQ(reads()["reported"], nlohmann::json::parse(R"({"battery":{"level":90},"$version":3})"));
}

TEST_F(TwinJourney, WhoDoesNotListenToAnswersMayReportAllTheSame) {
  reports("1", R"({"a":1})");
  EXPECT_TRUE(device.hears_nothing());
  EXPECT_EQ(service.twin(kDevice)->reported_json, R"({"a":1})");
}

TEST_F(TwinJourney, WhatBreaksARuleIsRefusedByItsName) {
  device.subscribes({{"$iothub/twin/res/#", 1}});
  reports("1", R"({"a.b":1})");
  hears_refusal("$iothub/twin/res/400/?$rid=1", 400004, "properties.reported.a.b");
  reports("2", "{");
  hears_refusal("$iothub/twin/res/400/?$rid=2", 400012, "not JSON");
  const std::string piece(4096, 's');
  for (int i = 0; i < 7; ++i) {
    reports("s", fmt::format(R"({{"k{}":"{}"}})", i, piece));
    EXPECT_THAT(device.hears<Publish>().topic, HasSubstr("res/204"));
  }
  reports("3", fmt::format(R"({{"k8":"{0}","k9":"{0}"}})", piece));
  hears_refusal("$iothub/twin/res/413/?$rid=3", 413001, "32768 allowed");
  service.deletes_device(kDevice);
  reports("4", R"({"a":1})");
  hears_refusal("$iothub/twin/res/404/?$rid=4", 404001, "has no device");
}

TEST_F(TwinJourney, MoreThanTheLimitAtOnceAreRefused) {
  device.subscribes({{"$iothub/twin/res/#", 1}});
  service.registry().hold();
  for (int i = 0; i < 8; ++i) reports(std::to_string(i), fmt::format(R"({{"a":{}}})", i));
  reports("ninth", "{}");
  hears_refusal("$iothub/twin/res/429/?$rid=ninth", 429001, "under way");
  service.registry().go_on();
  service.settles();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(device.hears<Publish>().topic,
              fmt::format("$iothub/twin/res/204/?$rid={0}&$version={1}", i, i + 2));
  }
  EXPECT_EQ(service.twin(kDevice)->reported_json, R"({"a":7})") << "in the order in which they came";
}

TEST_F(TwinJourney, ADeviceThatComesBackIsToldAsItHadSubscribed) {
  {
    Device before{service, to_hub(chain)};
    before.connects_to_hub(kDevice, {.clean_session = false});
    before.subscribes({{kDesiredFilter, 1}});
    before.says(Disconnect{});
  }
  desires(R"({"a":1})");
  Device after{service, to_hub(chain)};
  EXPECT_TRUE(after.connects_to_hub(kDevice, {.clean_session = false}).session_present);
  EXPECT_TRUE(after.hears_nothing()) << "what was missed is read, not sent later";
  desires(R"({"a":2})");
  EXPECT_EQ(after.hears<Publish>().topic, "$iothub/twin/PATCH/properties/desired/?$version=3");
}

class TwinLimits : public TwinJourney {
 protected:
  TwinLimits() : TwinJourney{terms()} {}
  static Terms terms() {
    Terms terms;
    terms.limits.desired_inflight_max = 2;
    terms.limits.desired_waiting_max = 3;
    return terms;
  }
};

TEST_F(TwinLimits, SoManyWaitForTheirAcknowledgementAndTheRestFollow) {
  device.subscribes({{kDesiredFilter, 1}});
  for (int i = 0; i < 4; ++i) desires(fmt::format(R"({{"a":{}}})", i));
  const Publish first = device.hears<Publish>();
  device.hears<Publish>();
  EXPECT_TRUE(device.hears_nothing());
  device.says(Puback{first.packet_id});
  EXPECT_EQ(device.hears<Publish>().topic, "$iothub/twin/PATCH/properties/desired/?$version=4");
  EXPECT_TRUE(device.hears_nothing());
}

TEST_F(TwinLimits, ADeviceThatNeverAcknowledgesIsDisconnectedWithTheReason) {
  device.subscribes({{kDesiredFilter, 1}});
  for (int i = 0; i < 5; ++i) desires(fmt::format(R"({{"a":{}}})", i));
  EXPECT_FALSE(device.is_closed());
  desires(R"({"a":5})");
  EXPECT_TRUE(device.is_closed()) << "it would miss a change and never learn of it";
  const auto entry = service.journal(kDevice).front().entry;
  EXPECT_EQ(entry.code, ErrorCode::peer_stalled);
  EXPECT_THAT(entry.reason, HasSubstr("3 changes of its desired properties"));
  EXPECT_EQ(service.twin(kDevice)->desired_version, 7) << "the operator's change is stored";
}

}  // namespace
}  // namespace muster::journeys
