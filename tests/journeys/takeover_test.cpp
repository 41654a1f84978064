// One connection a device: the newer wins, the older is closed (protocol/device/04 section 10).

#include "device.hpp"

namespace muster::journeys {
namespace {

TEST(TakeOver, TheNewerConnectionWins) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  Device older{service, to_hub(chain)};
  ASSERT_EQ(older.connects_to_hub(kDevice).return_code, 0);
  Device newer{service, to_hub(chain)};
  ASSERT_EQ(newer.connects_to_hub(kDevice).return_code, 0);

  EXPECT_TRUE(older.is_closed());
  EXPECT_FALSE(newer.is_closed());
  EXPECT_EQ(service.connected(), 1u);
  newer.publishes(events_topic(kDevice), "still here", 1);
  EXPECT_EQ(newer.hears<Puback>().packet_id, 1);
  const auto entries = service.journal(kDevice);
  ASSERT_GE(entries.size(), 2u);
  EXPECT_EQ(entries[0].entry.kind, journal::EntryKind::closed);
  EXPECT_EQ(entries[0].entry.code, ErrorCode::connection_superseded);
  EXPECT_EQ(entries[1].entry.kind, journal::EntryKind::connected);
}

TEST(TakeOver, LeavesOtherDevicesAlone) {
  WholeService service;
  Device other{service, to_hub(provisioned(service, "pump-07"))};
  ASSERT_EQ(other.connects_to_hub("pump-07").return_code, 0);
  const pki::Chain chain = provisioned(service);
  Device first{service, to_hub(chain)};
  first.connects_to_hub(kDevice);
  Device second{service, to_hub(chain)};
  second.connects_to_hub(kDevice);
  EXPECT_FALSE(other.is_closed());
  EXPECT_EQ(service.connected(), 2u);
}

TEST(TakeOver, ARefusedConnectionTakesNothing) {
  WholeService service;
  Device owner{service, to_hub(provisioned(service))};
  ASSERT_EQ(owner.connects_to_hub(kDevice).return_code, 0);
  Device stranger{service, to_hub(certificate_of(kDevice))};  // The name is right, the key is not.
  EXPECT_EQ(stranger.connects_to_hub(kDevice).return_code, 5);
  EXPECT_FALSE(owner.is_closed());
  EXPECT_EQ(service.connected(), 1u);
}

TEST(TakeOver, AConnectionWhoseTimeRanOutTakesNothing) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  Device owner{service, to_hub(chain)};
  ASSERT_EQ(owner.connects_to_hub(kDevice, {.keep_alive_s = 600}).return_code, 0);

  Device late{service, to_hub(chain)};
  service.registry().hold();
  late.says(Connect{.client_id = kDevice, .user_name = "my-iot-hub-x509.azure-devices.net/my-device-001/"});
  service.passes(30s);
  EXPECT_TRUE(late.is_closed());
  service.registry().go_on();
  service.settles();
  EXPECT_FALSE(owner.is_closed());
  EXPECT_TRUE(late.hears_nothing());
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::connect_timeout);
}

}  // namespace
}  // namespace muster::journeys
