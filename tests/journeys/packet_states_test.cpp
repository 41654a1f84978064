// Every packet in every state (reliability 2.3, classes 3 and 4): the right answer or the right close, one
// journal entry, and other connections do not notice.

#include "device.hpp"

namespace muster::journeys {
namespace {

enum class State { before_connect, at_dps, at_hub };

/// What comes back: nothing, or one packet; or the connection is closed with this code.
struct Expected {
  std::optional<mqtt::PacketType> answer = std::nullopt;
  std::optional<ErrorCode> closed = std::nullopt;
};

struct Sent {
  const char* name;
  mqtt::Packet packet;
  Expected before_connect, at_dps, at_hub;

  friend void PrintTo(const Sent& row, std::ostream* out) { *out << row.name; }
};

constexpr Expected violation() { return {.closed = ErrorCode::protocol_violation}; }
constexpr Expected quiet() { return {}; }
constexpr Expected answered(mqtt::PacketType with) { return {.answer = with}; }
constexpr Expected closed(ErrorCode code) { return {.closed = code}; }

const Publish kTelemetry{.topic = "devices/my-device-001/messages/events/", .packet_id = 5, .qos = 1};
const Publish kRegister{.topic = "$dps/registrations/PUT/iotdps-register/?$rid=1", .packet_id = 5, .qos = 1};

Publish at_qos(Publish packet, std::uint8_t qos) {
  packet.qos = qos;
  if (qos == 0) packet.packet_id = 0;
  return packet;
}

std::vector<Sent> rows() {
  using enum mqtt::PacketType;
  using enum ErrorCode;
  return {
      {"connect_again",
       Connect{.client_id = "my-device-001", .user_name = "none.azure-devices.net/my-device-001/"},
       {.answer = connack, .closed = hub_unknown},
       violation(),
       violation()},
      {"connack", Connack{}, violation(), violation(), violation()},
      {"telemetry", kTelemetry, violation(), closed(unknown_topic), answered(puback)},
      {"telemetry_at_qos_0", at_qos(kTelemetry, 0), violation(), closed(unknown_topic), quiet()},
      {"telemetry_at_qos_2", at_qos(kTelemetry, 2), violation(), closed(qos_unsupported),
       closed(qos_unsupported)},
      {"telemetry_of_another", Publish{.topic = "devices/pump-07/messages/events/"}, violation(),
       closed(unknown_topic), closed(unknown_topic)},
      {"register", kRegister, violation(), answered(puback), closed(unknown_topic)},
      {"register_at_qos_2", at_qos(kRegister, 2), violation(), closed(qos_unsupported),
       closed(qos_unsupported)},
      {"any_topic", Publish{.topic = "a/b"}, violation(), closed(unknown_topic), closed(unknown_topic)},
      {"puback", Puback{5}, violation(), quiet(), quiet()},
      {"pubrec", mqtt::Pubrec{5}, violation(), violation(), violation()},
      {"pubrel", mqtt::Pubrel{5}, violation(), violation(), violation()},
      {"pubcomp", mqtt::Pubcomp{5}, violation(), violation(), violation()},
      {"subscribe", Subscribe{5, {{"a", 1}}}, violation(), answered(suback), answered(suback)},
      {"suback", Suback{5, {0}}, violation(), violation(), violation()},
      {"unsubscribe", Unsubscribe{5, {"a"}}, violation(), answered(unsuback), answered(unsuback)},
      {"unsuback", Unsuback{5}, violation(), violation(), violation()},
      {"pingreq", Pingreq{}, violation(), answered(pingresp), answered(pingresp)},
      {"pingresp", Pingresp{}, violation(), violation(), violation()},
  };
}

class Everyone : public testing::Test {
 protected:
  Everyone() { bystander.connects_to_hub("pump-07"); }
  std::unique_ptr<Device> in(State state) {
    auto device = std::make_unique<Device>(
        service, state == State::before_connect ? Dialled{.chain = chain, .server_name = "localhost"}
                                                : (state == State::at_dps ? to_dps(chain) : to_hub(chain)));
    if (state == State::at_dps) device->connects_to_dps(kDevice);
    if (state == State::at_hub) device->connects_to_hub(kDevice);
    return device;
  }
  std::uint64_t entries() const {
    std::uint64_t count = 0;
    for (const journal::Kept& kept : service.newest_entries()) count += kept.count;
    return count;
  }
  /// `subject`: by whose name the journal knows the connection.
  void expect(Device& device, const Expected& expected, std::uint64_t entries_before, const std::string& name,
              std::string_view subject = kDevice) {
    EXPECT_EQ(device.is_closed(), expected.closed.has_value()) << name;
    EXPECT_EQ(entries() - entries_before, expected.closed ? 1u : 0u) << name;
    if (expected.closed) {
      EXPECT_EQ(service.journal(subject).at(0).entry.code, *expected.closed) << name;
    }
    EXPECT_EQ(device.hears_type(), expected.answer) << name;
    bystander.says(Pingreq{});
    bystander.hears<Pingresp>();
    if (!device.is_closed()) device.hangs_up();
  }

  WholeService service;
  pki::Chain chain = provisioned(service);
  Device bystander{service, to_hub(provisioned(service, "pump-07"))};
};

class EveryPacket : public Everyone, public testing::WithParamInterface<Sent> {};

TEST_P(EveryPacket, IsAnsweredOrClosesItsOwnConnection) {
  const Sent& row = GetParam();
  const std::pair<State, Expected> states[] = {
      {State::before_connect, row.before_connect}, {State::at_dps, row.at_dps}, {State::at_hub, row.at_hub}};
  for (const auto& [state, expected] : states) {
    const auto device = in(state);
    const std::uint64_t before = entries();
    device->says(row.packet);
    const bool named = state != State::before_connect || std::holds_alternative<Connect>(row.packet);
    expect(*device, expected, before, "in state " + std::to_string(static_cast<int>(state)),
           named ? kDevice : "");
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, EveryPacket, testing::ValuesIn(rows()),
                         [](const auto& row) { return std::string{row.param.name}; });

struct Broken {
  const char* name;
  std::string_view bytes;
  ErrorCode code;
};

using namespace std::string_view_literals;
constexpr Broken kBroken[] = {
    {"type_0", "\x00\x00"sv, ErrorCode::malformed_packet},
    {"type_15", "\xf0\x00"sv, ErrorCode::malformed_packet},
    {"flags_of_pingreq", "\xc1\x00"sv, ErrorCode::malformed_packet},
    {"length_without_end", "\x30\xff\xff\xff\xff\x01"sv, ErrorCode::malformed_packet},
    {"larger_than_allowed", "\x30\xff\xff\xff\x7f"sv, ErrorCode::packet_too_large},
    {"topic_longer_than_packet", "\x30\x04\x00\xff\x61\x62"sv, ErrorCode::malformed_packet},
    {"empty_topic", "\x30\x02\x00\x00"sv, ErrorCode::malformed_packet},
    {"packet_id_0", "\x32\x05\x00\x01\x61\x00\x00"sv, ErrorCode::malformed_packet},
    {"qos_3", "\x36\x05\x00\x01\x61\x00\x01"sv, ErrorCode::malformed_packet},
    {"subscribe_to_nothing", "\x82\x02\x00\x01"sv, ErrorCode::malformed_packet},
};

TEST_F(Everyone, IsSafeFromAMalformedPacketOfAnother) {
  for (const Broken& row : kBroken) {
    for (const State state : {State::at_dps, State::at_hub}) {
      const auto device = in(state);
      const std::uint64_t before = entries();
      device->sends(as_bytes(row.bytes));
      expect(*device, closed(row.code), before, row.name);
    }
  }
}

TEST_F(Everyone, CanSendAPacketByteByByte) {
  const auto device = in(State::at_hub);
  Bytes bytes;
  encode(kTelemetry, bytes);
  for (const std::byte one : bytes) device->sends(ByteView{&one, 1});
  EXPECT_EQ(device->hears<Puback>().packet_id, 5);
}

TEST_F(Everyone, CanSendManyPacketsAtOnce) {
  const auto device = in(State::at_hub);
  Bytes bytes;
  for (int i = 0; i < 100; ++i) encode(Pingreq{}, bytes);
  encode(Disconnect{}, bytes);
  encode(Pingreq{}, bytes);
  device->sends(bytes);
  for (int i = 0; i < 100; ++i) device->hears<Pingresp>();
  EXPECT_TRUE(device->hears_nothing()) << "nothing after DISCONNECT is looked at";
  EXPECT_TRUE(device->is_closed());
}

TEST(FirstPacket, OfAStrangerIsNotKept) {
  WholeService service;
  Device device{service, {.chain = certificate_of(kDevice)}};
  device.sends(as_bytes("\x30\xff\xff\x03"sv));  // A PUBLISH that claims 64 KiB.
  EXPECT_TRUE(device.is_closed()) << "before its body has come (reliability 2.3, class 1)";
}

TEST(Handshake, ThatFailsIsOneRefusalAtStepTls) {
  WholeService service;
  const auto peer = service.accepts({.remote = {"192.0.2.7", 40'000}});
  peer->hold_handshake();
  service.settles();
  peer->finish_handshake(failure(ErrorCode::tls_failure, "alert unknown_ca"));
  service.settles();
  EXPECT_TRUE(peer->closed());
  ASSERT_EQ(service.newest_entries().size(), 1u);
  EXPECT_EQ(service.newest_entries()[0].entry.step, "tls");
  EXPECT_EQ(service.newest_entries()[0].entry.code, ErrorCode::tls_failure);
}

}  // namespace
}  // namespace muster::journeys
