#include "protocol/mqtt/tests/packet_text.hpp"

#include <gtest/gtest.h>

namespace muster::mqtt {
namespace {

struct EncodeCase {
  std::string_view name;
  Packet packet;
  std::string_view bytes;
  std::string_view source;
  friend void PrintTo(const EncodeCase& c, std::ostream* out) { *out << c.bytes << "  [" << c.source << ']'; }
};

const EncodeCase kCases[] = {
    {"connect_least", Connect{.client_id = "d"}, "10 0d 00 04 'MQTT' 04 02 00 00 00 01 'd'", "3.1"},
    {"connect_all",
     Connect{.clean_session = false,
             .keep_alive_s = 240,
             .client_id = "d",
             .will = Will{.topic = "w", .payload = as_bytes("x"), .qos = 1, .retain = true},
             .user_name = "u",
             .password = as_bytes("p")},
     "10 19 00 04 'MQTT' 04 ec 00 f0 00 01 'd' 00 01 'w' 00 01 'x' 00 01 'u' 00 01 'p'", "3.1.3"},
    {"connect_user_name", Connect{.client_id = "d", .user_name = "u"},
     "10 10 00 04 'MQTT' 04 82 00 00 00 01 'd' 00 01 'u'", "3.1.3.4"},
    {"connect_no_client_id", Connect{}, "10 0c 00 04 'MQTT' 04 02 00 00 00 00", "MQTT-3.1.3-6"},
    {"connack_accepted", Connack{}, "20 02 00 00", "3.2"},
    {"connack_session", Connack{true, 0}, "20 02 01 00", "3.2.2.2"},
    {"connack_refused", Connack{false, 5}, "20 02 00 05", "3.2.2.3"},
    {"publish_qos_0", Publish{.topic = "a/b", .payload = as_bytes("xy")}, "30 07 00 03 'a/b' 'xy'", "3.3"},
    {"publish_qos_1", Publish{.topic = "a", .packet_id = 10, .qos = 1}, "32 05 00 01 'a' 00 0a", "3.3"},
    {"publish_all_flags",
     Publish{.topic = "a", .payload = as_bytes("x"), .packet_id = 10, .qos = 2, .dup = true, .retain = true},
     "3d 06 00 01 'a' 00 0a 'x'", "3.3.1"},
    {"puback", Puback{258}, "40 02 01 02", "3.4"},
    {"pubrec", Pubrec{258}, "50 02 01 02", "3.5"},
    {"pubrel", Pubrel{258}, "62 02 01 02", "MQTT-3.6.1-1"},
    {"pubcomp", Pubcomp{258}, "70 02 01 02", "3.7"},
    {"subscribe_one", Subscribe{1, {{"a/#", 1}}}, "82 08 00 01 00 03 'a/#' 01", "3.8"},
    {"subscribe_two", Subscribe{2, {{"a", 0}, {"b", 1}}}, "82 0a 00 02 00 01 'a' 00 00 01 'b' 01", "3.8"},
    {"suback", Suback{3, {0, 1, 0x80}}, "90 05 00 03 00 01 80", "3.9"},
    {"unsubscribe", Unsubscribe{4, {"a", "b/c"}}, "a2 0a 00 04 00 01 'a' 00 03 'b/c'", "3.10"},
    {"unsuback", Unsuback{5}, "b0 02 00 05", "3.11"},
    {"pingreq", Pingreq{}, "c0 00", "3.12"},
    {"pingresp", Pingresp{}, "d0 00", "3.13"},
    {"disconnect", Disconnect{}, "e0 00", "3.14"},
};

class EncodeTest : public testing::TestWithParam<EncodeCase> {};

TEST_P(EncodeTest, IsTheseBytes) {
  Bytes out;
  encode(GetParam().packet, out);
  EXPECT_EQ(to_hex(out), to_hex(packet_bytes(GetParam().bytes)));
}

TEST_P(EncodeTest, SurvivesDecoding) {
  const Bytes bytes = packet_bytes(GetParam().bytes);
  const auto decoded = decode_packet(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->index(), GetParam().packet.index());
  Bytes again;
  encode(*decoded, again);
  EXPECT_EQ(to_hex(again), to_hex(bytes));
}

INSTANTIATE_TEST_SUITE_P(Packets, EncodeTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

struct LengthCase {
  std::uint32_t size_payload;
  std::string_view header;
};

class EncodeLengthTest : public testing::TestWithParam<LengthCase> {};

TEST_P(EncodeLengthTest, TakesTheShortestForm) {  // Table 2.4.
  const Bytes payload(GetParam().size_payload);
  Bytes out;
  encode(Publish{.topic = "a", .payload = payload}, out);
  const Bytes header = packet_bytes(GetParam().header);
  ASSERT_EQ(out.size(), header.size() + 3 + payload.size());
  EXPECT_EQ(to_hex(ByteView{out}.first(header.size())), to_hex(header));
  EXPECT_TRUE(decode_packet(out, UINT32_MAX));
}

INSTANTIATE_TEST_SUITE_P(Lengths, EncodeLengthTest,
                         testing::Values(LengthCase{124, "30 7f"}, LengthCase{125, "30 80 01"},
                                         LengthCase{16'380, "30 ff 7f"}, LengthCase{16'381, "30 80 80 01"},
                                         LengthCase{2'097'148, "30 ff ff 7f"},
                                         LengthCase{2'097'149, "30 80 80 80 01"}));

TEST(Encode, AppendsToWhatIsThere) {
  Bytes out = packet_bytes("c0 00");
  encode(Puback{1}, out);
  encode(Pingresp{}, out);
  EXPECT_EQ(to_hex(out), "c00040020001d000");
}

TEST(EncodeDeathTest, AssertsWhatCallersMustNotGive) {
  Bytes out;
  const std::string long_topic(65'536, 'a');
  EXPECT_DEATH(encode(Publish{.topic = long_topic}, out), "longer than MQTT allows");
  EXPECT_DEATH(encode(Publish{.topic = "a", .qos = 1}, out), "MQTT-2.3.1-1");
  EXPECT_DEATH(encode(Connect{.password = as_bytes("p")}, out), "MQTT-3.1.2-22");
  EXPECT_DEATH(encode(Subscribe{1, {}}, out), "MQTT-3.8.3-3");
}

}  // namespace
}  // namespace muster::mqtt
