// When a device was last there survives a restart, in the events that it sent (issue B).

#include "device.hpp"

namespace muster::journeys {
namespace {

TEST(LastSeen, IsTheLastEventOnceTheServiceHasStartedAgain) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  EXPECT_EQ(service.device_shown(kDevice)["lastActivityTime"], "0001-01-01T00:00:00") << "never at the hub";
  WallTime sent;
  {
    Device device{service, to_hub(chain)};
    device.connects_to_hub(kDevice);
    service.passes(30s);
    sent = service.clock.wall();
    device.publishes(events_topic(kDevice), "21.5", 1);
    EXPECT_EQ(device.hears<Puback>().packet_id, 1);
  }
  service.passes(1h);
  service.restarts();

  const nlohmann::json shown = service.device_shown(kDevice);
  EXPECT_EQ(shown["lastActivityTime"], format_utc_7(sent));
  EXPECT_EQ(shown["connectionState"], "Disconnected");
  EXPECT_EQ(shown["connectionStateUpdatedTime"], "0001-01-01T00:00:00") << "in memory, and forgotten";
}

TEST(LastSeen, OfADeviceThatWasDeletedIsNotTheNextOnes) {
  WholeService service;
  {
    Device device{service, to_hub(provisioned(service))};
    device.connects_to_hub(kDevice);
    device.publishes(events_topic(kDevice), "21.5", 1);
  }
  service.deletes_device(kDevice);
  service.passes(1h);
  provisioned(service);
  service.restarts();
  EXPECT_EQ(service.device_shown(kDevice)["lastActivityTime"], "0001-01-01T00:00:00");
}

}  // namespace
}  // namespace muster::journeys
