// The second of the two natural ways: from PUBLISH to what a consumer reads. ARCHITECTURE.md follows it
// through the files.

#include "device.hpp"

namespace muster::journeys {
namespace {

TEST(Telemetry, FromPublishToAConsumer) {
  WholeService service;
  Device device{service, to_hub(provisioned(service, "my-device-001"))};

  // CONNECT: the certificate is judged against the identity, and the identity is held from here on.
  device.says(
      Connect{.keep_alive_s = 60,
              .client_id = "my-device-001",
              .user_name = "my-iot-hub-x509.azure-devices.net/my-device-001/?api-version=2019-10-01"});
  EXPECT_EQ(device.hears<Connack>().return_code, 0);
  EXPECT_EQ(service.connected(), 1u);

  // A message is in the log's hands at once, and acknowledged only when it is on the disk.
  service.disk_pauses();
  device.says(Publish{.topic = "devices/my-device-001/messages/events/%24.ct=application%2Fjson&room=4",
                      .payload = as_bytes(R"({"temperature": 21.5})"),
                      .packet_id = 1,
                      .qos = 1});
  EXPECT_TRUE(device.hears_nothing());
  EXPECT_TRUE(service.events().empty());
  service.disk_goes_on();
  EXPECT_EQ(device.hears<Puback>().packet_id, 1);

  // A consumer gets what the device sent, and who it was by the service's own knowledge.
  const std::vector<Read> events = service.events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].device, "my-device-001");
  EXPECT_EQ(events[0].properties, "%24.ct=application%2Fjson&room=4");
  EXPECT_EQ(events[0].body, R"({"temperature": 21.5})");
  EXPECT_EQ(events[0].method, AuthMethod::x509_thumbprint);

  device.says(Disconnect{});
  EXPECT_TRUE(device.is_closed());
  EXPECT_EQ(service.connected(), 0u);
}

}  // namespace
}  // namespace muster::journeys
