// A twin GET is answered with the stored twin (protocol/device/04 section 8).

#include "device.hpp"

namespace muster::journeys {
namespace {

class TwinGet : public testing::Test {
 protected:
  TwinGet() { device.connects_to_hub(kDevice); }
  void asks(std::string_view rid, std::uint16_t packet_id = 0) {
    device.publishes("$iothub/twin/GET/?$rid=" + std::string{rid}, " ", packet_id);
  }

  WholeService service;
  Device device{service, to_hub(provisioned(service))};
};

TEST_F(TwinGet, AnswersWithBothHalvesAndTheirVersions) {
  Twin twin = service.store().devices().find_twin(kHub, *DeviceId::parse(kDevice)).value().value();
  twin.desired_json = R"({"interval":5})";
  twin.desired_version = 3;
  twin.tags_json = R"({"room":4})";
  ASSERT_TRUE(service.store().devices().put_twin(twin, registry::kAnyVersion));
  device.subscribes({{"$iothub/twin/res/#", 1}});

  asks("42", 7);
  EXPECT_EQ(device.hears<Puback>().packet_id, 7) << "Python asks at QoS 1";
  const Publish answer = device.hears<Publish>();
  EXPECT_EQ(answer.topic, "$iothub/twin/res/200/?$rid=42");
  const auto body = nlohmann::json::parse(as_text(answer.payload));
  EXPECT_EQ(body["desired"]["interval"], 5);
  EXPECT_EQ(body["desired"]["$version"], 3) << "Python compares it after a reconnect (device/07 P11)";
  EXPECT_TRUE(body["reported"].contains("$version"));
  EXPECT_FALSE(body.contains("tags")) << "a device does not see its tags";
}

TEST_F(TwinGet, IsSilentForWhoDidNotSubscribe) {
  asks("1");
  EXPECT_TRUE(device.hears_nothing());
  EXPECT_FALSE(device.is_closed());
}

TEST_F(TwinGet, OfADeviceThatIsGoneSaysSoInTopicAndBody) {
  device.subscribes({{"$iothub/twin/res/#", 1}});
  service.deletes_device(kDevice);
  asks("1");
  const Publish answer = device.hears<Publish>();
  EXPECT_EQ(answer.topic, "$iothub/twin/res/404/?$rid=1");
  EXPECT_EQ(nlohmann::json::parse(as_text(answer.payload))["errorCode"], 404001)
      << "Node looks there (device/07 N7)";
}

TEST_F(TwinGet, OfABusyRegistryFailsThatRequestAlone) {
  device.subscribes({{"$iothub/twin/res/#", 1}});
  service.registry().failing = Error{ErrorCode::registry_busy, "full"};
  asks("1");
  EXPECT_EQ(device.hears<Publish>().topic, "$iothub/twin/res/503/?$rid=1");
  service.registry().failing.reset();
  asks("2");
  EXPECT_EQ(device.hears<Publish>().topic, "$iothub/twin/res/200/?$rid=2");
}

TEST_F(TwinGet, MoreThanTheLimitAtOnceAreRefusedOneByOne) {
  device.subscribes({{"$iothub/twin/res/#", 1}});
  service.registry().hold();
  for (int i = 0; i < 8; ++i) asks(std::to_string(i));
  EXPECT_TRUE(device.hears_nothing());
  asks("ninth");
  EXPECT_EQ(device.hears<Publish>().topic, "$iothub/twin/res/429/?$rid=ninth");
  service.registry().go_on();
  service.settles();
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(device.hears<Publish>().topic, "$iothub/twin/res/200/?$rid=" + std::to_string(i));
  }
}

}  // namespace
}  // namespace muster::journeys
