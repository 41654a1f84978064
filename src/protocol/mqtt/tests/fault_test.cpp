#include "protocol/mqtt/fault.hpp"

#include "protocol/mqtt/tests/packet_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::mqtt {
namespace {

struct FaultCase {
  std::string_view name;
  std::string_view bytes;
  std::size_t position;
  std::string_view says;
  friend void PrintTo(const FaultCase& c, std::ostream* out) { *out << c.bytes; }
};

constexpr FaultCase kFaults[] = {
    {"nothing", "", 0, "ends within its fixed header"},
    {"length_goes_on", "30 80", 2, "ends within its fixed header"},
    {"cut_short", "30 05 00 03 'a'", 5, "PUBLISH says 5 bytes follow its header, and 3 do"},
    {"type_0", "00 00", 0, "type 0 is reserved"},
    {"type_15", "f0", 0, "type 15 is reserved"},
    {"publish_qos_3", "36 00", 0, "a PUBLISH cannot have the flags 6"},
    {"subscribe_flags", "80 06", 0, "a SUBSCRIBE cannot have the flags 0"},
    {"fifth_length_byte", "30 ff ff ff ff", 1, "more than four bytes"},
    {"puback_length", "40 03 00 01 00", 1, "not the one that a PUBACK has"},
    {"pingreq_length", "c0 02 00 00", 1, "not the one that a PINGREQ has"},
    {"string_longer_than_packet", "30 05 01 2c 'abc'", 2, "the topic says it has 300 bytes, and 3 are left"},
    {"field_missing", "10 02 00 00", 4, "the packet ends where the protocol level should stand"},
    {"topic_not_utf8", "30 06 00 04 'ab' ff 'c'", 4, "the topic is not UTF-8"},
    {"topic_nul", "30 05 00 03 'a' 00 'b'", 5, "U+0000"},
    {"topic_empty", "30 02 00 00", 2, "the topic is empty"},
    {"topic_wildcard", "30 05 00 03 'a/#'", 6, "the wildcard #"},
    {"packet_id_0", "32 05 00 01 'a' 00 00", 5, "identifier is 0"},
    {"packet_id_0_behind_a_longer_header", "32 85 00 00 01 'a' 00 00", 6, "identifier is 0"},
    {"connect_reserved", "10 0d 00 04 'MQTT' 04 03 00 3c 00 01 'd'", 9, "the reserved connect flag"},
    {"connect_trailing", "10 0e 00 04 'MQTT' 04 02 00 3c 00 01 'd' 00", 15, "1 bytes follow where"},
    {"connect_will_topic", "10 12 00 04 'MQTT' 04 06 00 3c 00 01 'd' 00 01 '+' 00 00", 17, "the wildcard +"},
    {"subscribe_second_filter", "82 0a 00 01 00 01 'a' 00 00 01 'b' 07", 11, "a QoS above 2"},
    {"suback_code", "90 04 00 01 00 03", 5, "return code 0x03"},
};

class FaultTest : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, SaysWhereAndWhy) {
  const auto fault = find_fault(packet_bytes(GetParam().bytes));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->position, GetParam().position);
  EXPECT_THAT(fault->what, testing::HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(Packets, FaultTest, testing::ValuesIn(kFaults),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(FindFault, FindsNoneWhereThereIsNone) {
  for (const std::string_view bytes :
       {"10 0d 00 04 'MQTT' 04 02 00 3c 00 01 'd'", "20 02 01 00", "30 03 00 01 'a'", "40 02 00 00", "c0 00",
        "82 06 00 01 00 01 '#' 01", "90 03 00 01 80", "10 07 00 04 'MQTT' 05", "e0 00 ff ff"}) {
    EXPECT_FALSE(find_fault(packet_bytes(bytes))) << bytes;
  }
}

}  // namespace
}  // namespace muster::mqtt
