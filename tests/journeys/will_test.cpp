// A will is stored as an event when its connection ends without DISCONNECT (protocol/device/04 section 6).

#include "device.hpp"

namespace muster::journeys {
namespace {

using testing::IsEmpty;

constexpr mqtt::Will kWill{
    .topic = "devices/my-device-001/messages/events/reason=gone", .payload = {}, .qos = 1};

mqtt::Will will_of(std::string_view topic, std::string_view body) {
  return {.topic = topic, .payload = as_bytes(body)};
}

struct Ending {
  const char* name;
  std::function<void(WholeService&, Device&)> happens;
  bool stored;
};

class Will : public testing::TestWithParam<Ending> {};

TEST_P(Will, IsStoredUnlessTheDeviceSaidGoodbye) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  ASSERT_EQ(device.connects_to_hub(kDevice, {.will = will_of(kWill.topic, "bye")}).return_code, 0);
  EXPECT_THAT(service.events(), IsEmpty());
  GetParam().happens(service, device);
  service.settles();
  EXPECT_TRUE(device.is_closed());

  const auto events = service.events();
  ASSERT_EQ(events.size(), GetParam().stored ? 1u : 0u);
  if (!GetParam().stored) return;
  EXPECT_EQ(events[0].device, kDevice);
  EXPECT_EQ(events[0].body, "bye");
  EXPECT_EQ(events[0].properties, "reason=gone");
  EXPECT_EQ(events[0].flags, kEventWill);
}

INSTANTIATE_TEST_SUITE_P(
    Endings, Will,
    testing::Values(
        Ending{"disconnect", [](WholeService&, Device& device) { device.says(Disconnect{}); }, false},
        Ending{"closed_by_the_peer", [](WholeService&, Device& device) { device.wire().push_end(); }, true},
        Ending{"connection_lost",
               [](WholeService&, Device& device) {
                 device.wire().push_failure(Error{ErrorCode::connection_lost, "reset"});
               },
               true},
        Ending{"silence", [](WholeService& service, Device&) { service.passes(90s); }, true},
        Ending{"malformed_packet", [](WholeService&, Device& device) { device.sends(as_bytes("\xff\xff")); },
               true}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(WillRefused, OnAnyOtherTopicForGood) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  for (const char* topic : {"devices/pump-07/messages/events/", "$iothub/twin/GET/?$rid=1", "anything"}) {
    Device device{service, to_hub(chain)};
    // Not 3, after which SDKs try again.
    EXPECT_EQ(device.connects_to_hub(kDevice, {.will = will_of(topic, "bye")}).return_code, 5) << topic;
    EXPECT_TRUE(device.is_closed());
  }
  EXPECT_THAT(service.events(), IsEmpty());
}

TEST(WillRefused, AtQos2) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  mqtt::Will will = kWill;
  will.qos = 2;
  EXPECT_EQ(device.connects_to_hub(kDevice, {.will = will}).return_code, 5);
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::qos_unsupported);
}

}  // namespace
}  // namespace muster::journeys
