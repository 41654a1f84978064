// What is left when everything has a limit: a device that sends faster than the disk takes is not read, and
// TCP tells it (architecture 3.4). PUBACK means on disk, never less.

#include "device.hpp"

#include <map>

namespace muster::journeys {
namespace {

using testing::SizeIs;

std::string body_of(std::size_t size) { return std::string(size, 'x'); }

TEST(Durability, NoPubackBeforeTheEventIsOnDisk) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  service.disk_pauses();
  for (std::uint16_t id = 1; id <= 3; ++id) device.publishes(events_topic(kDevice), "m", id);
  device.publishes(events_topic(kDevice), "unacknowledged");
  service.passes(10s);
  EXPECT_TRUE(device.hears_nothing());
  EXPECT_THAT(service.events(), SizeIs(0));
  service.disk_goes_on();
  EXPECT_THAT(service.events(), SizeIs(4));
  for (std::uint16_t id = 1; id <= 3; ++id)
    EXPECT_EQ(device.hears<Puback>().packet_id, id) << "in the order of arrival";
  EXPECT_TRUE(device.hears_nothing()) << "QoS 0 has no answer";
}

TEST(Durability, AfterAFailedSyncNothingIsAcknowledgedAndTheConnectionIsClosed) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  Device device{service, to_hub(chain)};
  device.connects_to_hub(kDevice);
  device.publishes(events_topic(kDevice), "kept", 1);
  EXPECT_EQ(device.hears<Puback>().packet_id, 1);

  service.disk_fails();
  device.publishes(events_topic(kDevice), "lost", 2);
  EXPECT_TRUE(device.hears_nothing()) << "an acknowledgement would be a lie";
  EXPECT_TRUE(device.is_closed());
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::event_log_failed);
  Device again{service, to_hub(chain)};
  EXPECT_EQ(again.connects_to_hub(kDevice).return_code, 3) << "not the device's fault";
  EXPECT_TRUE(again.is_closed());
}

TEST(Durability, AMessageSentAgainAfterALostPubackIsAccepted) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  const std::string topic = events_topic(kDevice);
  device.says(Publish{.topic = topic, .payload = as_bytes("m"), .packet_id = 77, .qos = 1, .dup = true});
  EXPECT_EQ(device.hears<Puback>().packet_id, 77)
      << "Python's first packet after a reconnect (device/10 section 4)";
}

TEST(BackPressure, AtInflightMaxReadingPausesAndResumesWithTheDisk) {
  Terms terms;
  terms.limits.inflight_max = 4;
  WholeService service{terms};
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  service.disk_pauses();
  for (std::uint16_t id = 1; id <= 9; ++id) device.publishes(events_topic(kDevice), "m", id);
  EXPECT_FALSE(device.wire().drained()) << "the fifth and what follows stay in the socket";
  service.disk_goes_on();
  EXPECT_TRUE(device.wire().drained());
  for (std::uint16_t id = 1; id <= 9; ++id) EXPECT_EQ(device.hears<Puback>().packet_id, id);
}

TEST(BackPressure, AFullLogIsWaitedFor) {
  WholeService service{{.log_queue_bytes = 64u << 10}};
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  service.disk_pauses();
  for (std::uint16_t id = 1; id <= 5; ++id) device.publishes(events_topic(kDevice), body_of(20'000), id);
  EXPECT_FALSE(device.wire().drained());
  EXPECT_FALSE(device.is_closed());
  service.disk_goes_on();
  EXPECT_TRUE(device.wire().drained());
  for (std::uint16_t id = 1; id <= 5; ++id) EXPECT_EQ(device.hears<Puback>().packet_id, id);
  EXPECT_THAT(service.events(), SizeIs(5)) << "each once";
}

TEST(BackPressure, RoomThatComesBeforeAnybodyWaitsForItIsNotMissed) {
  WholeService service{{.log_queue_bytes = 64u << 10}};
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  service.disk_pauses();
  service.log_hurries();
  // Four reads fill the shard's turn; the fourth message finds no room, and there is room again before the
  // next turn.
  const std::string topic = events_topic(kDevice), body = body_of(20'000);
  for (std::uint16_t id = 1; id <= 4; ++id) {
    Bytes bytes;
    encode(Publish{.topic = topic, .payload = as_bytes(body), .packet_id = id, .qos = 1}, bytes);
    device.wire().push(bytes);
  }
  device.says(Pingreq{});
  for (std::uint16_t id = 1; id <= 3; ++id) EXPECT_EQ(device.hears<Puback>().packet_id, id);
  device.hears<Pingresp>();
  service.disk_goes_on();
  EXPECT_EQ(device.hears<Puback>().packet_id, 4);
}

TEST(BackPressure, IsNotTheDevicesSilence) {
  WholeService service{{.log_queue_bytes = 64u << 10}};
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice, {.keep_alive_s = 60});
  service.disk_pauses();
  for (std::uint16_t id = 1; id <= 5; ++id) device.publishes(events_topic(kDevice), body_of(20'000), id);
  for (int i = 0; i < 10; ++i) {
    device.says(Pingreq{});  // It stays unread.
    service.passes(60s);
  }
  EXPECT_FALSE(device.is_closed());
  service.disk_goes_on();
  std::map<std::optional<mqtt::PacketType>, int> heard;
  for (int i = 0; i < 15; ++i) ++heard[device.hears_type()];
  EXPECT_EQ(heard[mqtt::PacketType::puback], 5);
  EXPECT_EQ(heard[mqtt::PacketType::pingresp], 10);
  for (int i = 0; i < 3; ++i) service.passes(60s);
  EXPECT_TRUE(device.is_closed()) << "from here on it is";
}

TEST(BackPressure, OneDeviceOnlyPausesItself) {
  Terms terms;
  terms.limits.inflight_max = 1;
  WholeService service{terms};
  Device busy{service, to_hub(provisioned(service))};
  busy.connects_to_hub(kDevice);
  Device other{service, to_hub(provisioned(service, "pump-07"))};
  other.connects_to_hub("pump-07");
  service.disk_pauses();
  for (std::uint16_t id = 1; id <= 3; ++id) busy.publishes(events_topic(kDevice), "m", id);
  other.says(Pingreq{});
  other.hears<Pingresp>();
}

TEST(BackPressure, APeerThatDoesNotReadIsNotReadEither) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  device.wire().accept_writes(0);
  device.says(Pingreq{});
  device.says(Pingreq{});
  device.says(Pingreq{});
  EXPECT_FALSE(device.wire().drained())
      << "its second request stays in the socket until it takes its first answer";
  device.wire().accept_all_writes();
  service.settles();
  EXPECT_TRUE(device.wire().drained());
  for (int i = 0; i < 3; ++i) device.hears<Pingresp>();
}

TEST(BackPressure, APeerThatNeverReadsIsClosedByItsKeepAlive) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  device.wire().accept_writes(0);
  device.says(Pingreq{});
  service.passes(90s);
  EXPECT_TRUE(device.is_closed());
}

TEST(BackPressure, APeerThatLetsAnswersPileUpIsClosed) {
  Terms terms;
  terms.limits.outbox_bytes_max = 64;
  WholeService service{terms};
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  device.subscribes({{"$iothub/twin/res/#", 0}});
  service.registry().hold();
  device.publishes("$iothub/twin/GET/?$rid=1", " ");
  device.wire().accept_writes(0);
  service.registry().go_on();
  service.settles();
  EXPECT_TRUE(device.is_closed());
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::peer_stalled);
}

struct Size {
  const char* name;
  std::size_t properties, body;
  bool stored;
};

class MessageSize : public testing::TestWithParam<Size> {};

TEST_P(MessageSize, UpTo256KiBWithItsProperties) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  const std::string properties = "a=" + std::string(GetParam().properties - 2, 'b');
  device.publishes(events_topic(kDevice, properties), body_of(GetParam().body), 1);
  EXPECT_EQ(device.is_closed(), !GetParam().stored);
  EXPECT_THAT(service.events(), SizeIs(GetParam().stored ? 1 : 0));
  if (GetParam().stored) {
    EXPECT_EQ(device.hears<Puback>().packet_id, 1);
  } else {
    EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::message_too_large);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, MessageSize,
                         testing::Values(Size{"the_largest", 1'000, 262'144 - 1'000, true},
                                         Size{"one_byte_more", 1'000, 262'144 - 999, false},
                                         Size{"large_properties", 60'000, 202'144, true}),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace muster::journeys
