// Who is silent for one and a half times what it promised is gone (MQTT 3.1.2.10, protocol/device/04 section
// 10).

#include "device.hpp"

namespace muster::journeys {
namespace {

struct Promise {
  const char* name;
  std::uint16_t keep_alive_s;
  std::chrono::milliseconds until;
  const char* source;
};

class KeepAlive : public testing::TestWithParam<Promise> {};

TEST_P(KeepAlive, EndsTheConnectionThenAndNotBefore) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  ASSERT_EQ(device.connects_to_hub(kDevice, {.keep_alive_s = GetParam().keep_alive_s}).return_code, 0);
  service.passes(GetParam().until - 1ms);
  EXPECT_FALSE(device.is_closed());
  service.passes(1ms);
  EXPECT_TRUE(device.is_closed()) << GetParam().source;
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::keep_alive_timeout);
  EXPECT_EQ(service.connected(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Promises, KeepAlive,
                         testing::Values(Promise{"a_minute", 60, 90s, "MQTT-3.1.2-24"},
                                         Promise{"one_second", 1, 1500ms, "MQTT-3.1.2-24"},
                                         Promise{"the_longest", 1767, 2650500ms, "device/04 10"},
                                         Promise{"longer_than_that", 65535, 2650500ms,
                                                 "device/04 10: clamped"},
                                         Promise{"none", 0, 2650500ms, "device/04 10: the service's own"}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Silence, AnythingThatIsHeardBeginsItAnew) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  for (int i = 0; i < 5; ++i) {
    service.passes(80s);
    device.says(Pingreq{});
    device.hears<Pingresp>();
  }
  service.passes(89s);
  EXPECT_FALSE(device.is_closed());
  service.passes(1s);
  EXPECT_TRUE(device.is_closed());
}

TEST(Silence, HoldsAtDpsToo) {
  WholeService service;
  Device device{service, to_dps(certificate_of(kDevice))};
  ASSERT_EQ(device.connects_to_dps(kDevice).return_code, 0);
  service.passes(90s);
  EXPECT_TRUE(device.is_closed());
}

TEST(Silence, IsOfPacketsAndNotOfBytes) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  ASSERT_EQ(device.connects_to_hub(kDevice).return_code, 0);
  Bytes packet;
  encode(Publish{.topic = "devices/my-device-001/messages/events/"}, packet);
  // Half as long again as its keep-alive for the packet, and as long again for one that is on its way.
  int dripped = 0;
  for (; dripped < 36 && !device.is_closed(); ++dripped) {
    device.sends(ByteView{packet}.subspan(static_cast<std::size_t>(dripped), 1));
    service.passes(5s);
  }
  EXPECT_TRUE(device.is_closed());
  EXPECT_EQ(dripped * 5, 180);
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::keep_alive_timeout);
}

TEST(ConnectTimer, EndsWhoNeverConnects) {
  WholeService service;
  Device device{service, to_hub(certificate_of(kDevice))};
  service.passes(30s - 1ms);
  EXPECT_FALSE(device.is_closed());
  service.passes(1ms);
  EXPECT_TRUE(device.is_closed());
  EXPECT_EQ(service.newest_entries().at(0).entry.code, ErrorCode::connect_timeout);
}

TEST(ConnectTimer, HoldsFromAcceptAndNotAnewFromTheHandshake) {
  WholeService service;
  const auto peer = service.accepts({.remote = {"192.0.2.7", 40'000}});
  peer->hold_handshake();
  service.settles();
  service.passes(20s);
  peer->finish_handshake({});
  service.settles();
  service.passes(10s - 1ms);
  EXPECT_FALSE(peer->closed());
  service.passes(1ms);
  EXPECT_TRUE(peer->closed());
  EXPECT_EQ(service.newest_entries().at(0).entry.code, ErrorCode::connect_timeout);
}

}  // namespace
}  // namespace muster::journeys
