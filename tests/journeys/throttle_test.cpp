// limits.profile azure-s1: what a device meets of Azure's rates (protocol/device/06 section 3).

#include "device.hpp"

namespace muster::journeys {
namespace {

TEST(AzureRates, TelemetryIsShapedAndNothingOfItIsLost) {
  WholeService service{{.throttles = throttle::Profile::azure_s1}};
  Device device{service, to_hub(provisioned(service))};
  ASSERT_EQ(device.connects_to_hub(kDevice).return_code, 0);
  Bytes burst;
  for (std::uint16_t id = 1; id <= 150; ++id) {
    mqtt::encode(Publish{.topic = "devices/my-device-001/messages/events/", .packet_id = id, .qos = 1},
                 burst);
  }
  device.sends(burst);
  EXPECT_EQ(service.events().size(), 100u) << "a second's worth at once";
  service.passes(10ms);
  EXPECT_EQ(service.events().size(), 101u);
  service.passes(1s);
  EXPECT_EQ(service.events().size(), 150u);
  EXPECT_FALSE(device.is_closed());
}

TEST(AzureRates, PollsOfOneDeviceAreAnswered429WithWhenToComeAgain) {
  WholeService service{{.throttles = throttle::Profile::azure_s1}};
  Device device{service, to_dps(certificate_of(kDevice))};
  ASSERT_EQ(device.connects_to_dps(kDevice).return_code, 0);
  device.subscribes_to_responses();
  const Answer accepted = device.registers(kDevice);
  const std::string operation = accepted.body.value("operationId", "");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(device.polls(operation).status, 200) << i;
  const Answer refused = device.polls(operation);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.retry_after, 3);
}

}  // namespace
}  // namespace muster::journeys
