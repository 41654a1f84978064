#include "protocol/mqtt/tests/packet_text.hpp"

#include <gtest/gtest.h>

#include <set>

namespace muster::mqtt {
namespace {

struct HeaderCase {
  std::string_view name;
  std::string_view bytes;
  Result<FixedHeader, DecodeError> expected;
  std::string_view source;
  friend void PrintTo(const HeaderCase& c, std::ostream* out) { *out << c.bytes << "  [" << c.source << ']'; }
};

constexpr std::uint32_t kSizePacketMax = 1000;

const auto kIncomplete = failure(DecodeError::incomplete);
const auto kMalformed = failure(DecodeError::malformed);
const auto kTooLarge = failure(DecodeError::packet_too_large);

const HeaderCase kCases[] = {
    {"nothing", "", kIncomplete, "ours"},
    {"type_only", "30", kIncomplete, "2.2"},
    {"length_goes_on", "30 80", kIncomplete, "2.2.3"},
    {"length_goes_on_to_the_fourth", "30 80 80 80", kIncomplete, "2.2.3"},
    {"publish_empty", "30 00", FixedHeader{PacketType::publish, 0, 0, 2}, "2.2"},
    {"publish_one_byte_length", "31 7f", FixedHeader{PacketType::publish, 1, 127, 2}, "2.2.3 table 2.4"},
    {"publish_two_byte_length", "3b 80 01", FixedHeader{PacketType::publish, 11, 128, 3}, "2.2.3 table 2.4"},
    {"length_321", "32 c1 02", FixedHeader{PacketType::publish, 2, 321, 3}, "2.2.3 example"},
    {"longer_form_of_zero", "30 80 80 80 00", FixedHeader{PacketType::publish, 0, 0, 5},
     "2.2.3 does not demand the shortest form"},
    {"as_long_as_allowed", "30 e5 07", FixedHeader{PacketType::publish, 0, 997, 3}, "ours: whole packet"},
    {"one_longer_than_allowed", "30 e6 07", kTooLarge, "ours: whole packet"},
    {"longest_there_is", "30 ff ff ff 7f", kTooLarge, "2.2.3: 268,435,455"},
    {"fifth_length_byte", "30 ff ff ff ff", kMalformed, "2.2.3: at most four bytes"},
    {"type_0", "00 00", kMalformed, "table 2.1: reserved"},
    {"type_15", "f0 00", kMalformed, "table 2.1: reserved"},
    {"type_15_at_its_first_byte", "f0", kMalformed, "table 2.1: reserved"},

    {"connect_flags", "11 0c", kMalformed, "MQTT-2.2.2-2"},
    {"connack_flags", "21 02", kMalformed, "MQTT-2.2.2-2"},
    {"publish_qos_3", "36 00", kMalformed, "MQTT-3.3.1-4"},
    {"publish_qos_3_at_its_first_byte", "36", kMalformed, "MQTT-3.3.1-4"},
    {"publish_dup_with_qos_0", "38 00", kMalformed, "MQTT-3.3.1-2"},
    {"publish_dup_with_qos_1", "3a 00", FixedHeader{PacketType::publish, 10, 0, 2}, "MQTT-3.3.1-1"},
    {"puback_flags", "42 02", kMalformed, "MQTT-2.2.2-2"},
    {"pubrec_flags", "52 02", kMalformed, "MQTT-2.2.2-2"},
    {"pubrel_flags_0", "60 02", kMalformed, "MQTT-3.6.1-1"},
    {"pubrel_flags_2", "62 02", FixedHeader{PacketType::pubrel, 2, 2, 2}, "MQTT-3.6.1-1"},
    {"pubcomp_flags", "72 02", kMalformed, "MQTT-2.2.2-2"},
    {"subscribe_flags_0", "80 06", kMalformed, "MQTT-3.8.1-1"},
    {"subscribe_flags_3", "83 06", kMalformed, "MQTT-3.8.1-1"},
    {"subscribe_flags_2", "82 06", FixedHeader{PacketType::subscribe, 2, 6, 2}, "MQTT-3.8.1-1"},
    {"suback_flags", "92 03", kMalformed, "MQTT-2.2.2-2"},
    {"unsubscribe_flags_0", "a0 05", kMalformed, "MQTT-3.10.1-1"},
    {"unsubscribe_flags_2", "a2 05", FixedHeader{PacketType::unsubscribe, 2, 5, 2}, "MQTT-3.10.1-1"},
    {"unsuback_flags", "b2 02", kMalformed, "MQTT-2.2.2-2"},
    {"pingreq_flags", "c8 00", kMalformed, "MQTT-2.2.2-2"},
    {"pingresp_flags", "d1 00", kMalformed, "MQTT-2.2.2-2"},
    {"disconnect_flags", "e1 00", kMalformed, "MQTT-3.14.1-1"},

    {"connack_length", "20 03", kMalformed, "3.2.1: remaining length 2"},
    {"puback_length", "40 03", kMalformed, "3.4.1: remaining length 2"},
    {"pubrec_length", "50 00", kMalformed, "3.5.1: remaining length 2"},
    {"pubrel_length", "62 01", kMalformed, "3.6.1: remaining length 2"},
    {"pubcomp_length", "70 04", kMalformed, "3.7.1: remaining length 2"},
    {"unsuback_length", "b0 00", kMalformed, "3.11.1: remaining length 2"},
    {"pingreq_length", "c0 01", kMalformed, "3.12.1: remaining length 0"},
    {"pingresp_length", "d0 01", kMalformed, "3.13.1: remaining length 0"},
    {"disconnect_length", "e0 01", kMalformed, "3.14.1: remaining length 0"},
    {"wrong_length_before_too_large", "c0 ff ff ff 7f", kMalformed, "3.12.1: malformed at any limit"},
};

class FixedHeaderTest : public testing::TestWithParam<HeaderCase> {};

TEST_P(FixedHeaderTest, DecodesOrRefuses) {
  EXPECT_EQ(decode_fixed_header(packet_bytes(GetParam().bytes), kSizePacketMax), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Headers, FixedHeaderTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(FixedHeader, LimitSmallerThanTheHeaderRefusesWithoutUnderflow) {
  EXPECT_EQ(decode_fixed_header(packet_bytes("30 00"), 1), kTooLarge);
  EXPECT_EQ(decode_fixed_header(packet_bytes("30 00"), 0), kTooLarge);
}

TEST(FixedHeader, EveryTypeHasItsOwnName) {
  EXPECT_EQ(packet_name(PacketType::connect), "CONNECT");
  EXPECT_EQ(packet_name(PacketType::disconnect), "DISCONNECT");
  std::set<std::string_view> names;
  for (std::uint8_t type = 1; type <= 14; ++type) names.insert(packet_name(static_cast<PacketType>(type)));
  EXPECT_EQ(names.size(), 14u);
}

}  // namespace
}  // namespace muster::mqtt
