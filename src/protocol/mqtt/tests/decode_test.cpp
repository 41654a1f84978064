#include "protocol/mqtt/fault.hpp"
#include "protocol/mqtt/tests/packet_text.hpp"

#include <gtest/gtest.h>

namespace muster::mqtt {
namespace {

/// What must be refused, each row by the statement that it breaks.
struct RefusalCase {
  std::string_view name;
  std::string_view bytes;
  std::string_view source;
  friend void PrintTo(const RefusalCase& c, std::ostream* out) {
    *out << c.bytes << "  [" << c.source << ']';
  }
};

constexpr RefusalCase kRefusals[] = {
    {"connect_nothing", "10 00", "3.1: a variable header of 10 bytes"},
    {"connect_no_client_id", "10 0a 00 04 'MQTT' 04 02 00 3c", "MQTT-3.1.3-3"},
    {"connect_name_cut", "10 05 00 04 'MQT'", "3.1.2.1"},
    {"connect_reserved_flag", "10 0d 00 04 'MQTT' 04 03 00 3c 00 01 'd'", "MQTT-3.1.2-3"},
    {"connect_will_qos_without_will", "10 0d 00 04 'MQTT' 04 0a 00 3c 00 01 'd'", "MQTT-3.1.2-13"},
    {"connect_will_retain_without_will", "10 0d 00 04 'MQTT' 04 22 00 3c 00 01 'd'", "MQTT-3.1.2-15"},
    {"connect_will_qos_3", "10 13 00 04 'MQTT' 04 1e 00 3c 00 01 'd' 00 01 't' 00 01 'p'", "MQTT-3.1.2-14"},
    {"connect_password_without_user_name", "10 10 00 04 'MQTT' 04 42 00 3c 00 01 'd' 00 01 'p'",
     "MQTT-3.1.2-22"},
    {"connect_user_name_flag_without_field", "10 0d 00 04 'MQTT' 04 82 00 3c 00 01 'd'", "MQTT-3.1.2-19"},
    {"connect_user_name_without_flag", "10 10 00 04 'MQTT' 04 02 00 3c 00 01 'd' 00 01 'u'", "MQTT-3.1.2-18"},
    {"connect_password_flag_without_field", "10 10 00 04 'MQTT' 04 c2 00 3c 00 01 'd' 00 01 'u'",
     "MQTT-3.1.2-21"},
    {"connect_password_without_flag", "10 13 00 04 'MQTT' 04 82 00 3c 00 01 'd' 00 01 'u' 00 01 'p'",
     "MQTT-3.1.2-20"},
    {"connect_will_flag_without_fields", "10 0d 00 04 'MQTT' 04 06 00 3c 00 01 'd'", "MQTT-3.1.2-9"},
    {"connect_will_without_message", "10 10 00 04 'MQTT' 04 06 00 3c 00 01 'd' 00 01 't'", "MQTT-3.1.2-9"},
    {"connect_will_topic_empty", "10 11 00 04 'MQTT' 04 06 00 3c 00 01 'd' 00 00 00 00", "MQTT-4.7.3-1"},
    {"connect_will_topic_wildcard", "10 12 00 04 'MQTT' 04 06 00 3c 00 01 'd' 00 01 '#' 00 00",
     "MQTT-4.7.1-1"},
    {"connect_will_topic_not_utf8", "10 12 00 04 'MQTT' 04 06 00 3c 00 01 'd' 00 01 ff 00 00",
     "MQTT-3.1.3-10"},
    {"connect_client_id_not_utf8", "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 ff", "MQTT-3.1.3-4"},
    {"connect_client_id_nul", "10 0d 00 04 'MQTT' 04 02 00 3c 00 01 00", "MQTT-1.5.3-2"},
    {"connect_user_name_not_utf8", "10 10 00 04 'MQTT' 04 82 00 3c 00 01 'd' 00 01 ff", "MQTT-3.1.3-11"},
    {"connect_trailing_byte", "10 0e 00 04 'MQTT' 04 02 00 3c 00 01 'd' 00", "MQTT-3.1.3-1"},
    {"connect_client_id_longer_than_the_packet", "10 0d 00 04 'MQTT' 04 02 00 3c 00 02 'd'", "1.5.3"},

    {"connack_reserved_flag", "20 02 02 00", "3.2.2.1"},
    {"connack_session_with_refusal", "20 02 01 05", "MQTT-3.2.2-4"},

    {"publish_nothing", "30 00", "MQTT-3.3.2-1"},
    {"publish_topic_cut", "30 03 00 02 'a'", "1.5.3"},
    {"publish_topic_empty", "30 02 00 00", "MQTT-4.7.3-1"},
    {"publish_topic_hash", "30 05 00 03 'a/#'", "MQTT-3.3.2-2"},
    {"publish_topic_plus", "30 05 00 03 '+/a'", "MQTT-3.3.2-2"},
    {"publish_topic_nul", "30 04 00 02 'a' 00", "MQTT-4.7.3-2"},
    {"publish_topic_high_surrogate", "30 05 00 03 ed a0 80", "MQTT-1.5.3-1"},
    {"publish_topic_low_surrogate", "30 05 00 03 ed bf bf", "MQTT-1.5.3-1"},
    {"publish_topic_overlong", "30 04 00 02 c0 af", "MQTT-1.5.3-1: RFC 3629 section 3"},
    {"publish_topic_overlong_nul", "30 04 00 02 c0 80", "MQTT-1.5.3-1: RFC 3629 section 3"},
    {"publish_topic_cut_character", "30 03 00 01 c3", "MQTT-1.5.3-1"},
    {"publish_topic_beyond_unicode", "30 06 00 04 f4 90 80 80", "MQTT-1.5.3-1"},
    {"publish_qos_1_without_id", "32 03 00 01 'a'", "MQTT-2.3.1-1"},
    {"publish_qos_1_id_0", "32 05 00 01 'a' 00 00", "MQTT-2.3.1-1"},
    {"publish_qos_2_id_0", "34 05 00 01 'a' 00 00", "MQTT-2.3.1-1"},
    {"pubrec_id_0", "50 02 00 00", "MQTT-2.3.1-1"},
    {"pubrel_id_0", "62 02 00 00", "MQTT-2.3.1-1"},
    {"pubcomp_id_0", "70 02 00 00", "MQTT-2.3.1-1"},

    {"subscribe_nothing", "82 00", "MQTT-2.3.1-1"},
    {"subscribe_no_filter", "82 02 00 01", "MQTT-3.8.3-3"},
    {"subscribe_id_0", "82 06 00 00 00 01 'a' 00", "MQTT-2.3.1-1"},
    {"subscribe_qos_3", "82 06 00 01 00 01 'a' 03", "MQTT-3-8.3-4"},
    {"subscribe_reserved_bits", "82 06 00 01 00 01 'a' 81", "MQTT-3-8.3-4"},
    {"subscribe_filter_empty", "82 05 00 01 00 00 00", "MQTT-4.7.3-1"},
    {"subscribe_filter_nul", "82 06 00 01 00 01 00 00", "MQTT-4.7.3-2"},
    {"subscribe_filter_not_utf8", "82 06 00 01 00 01 ff 00", "MQTT-3.8.3-1"},
    {"subscribe_without_qos", "82 05 00 01 00 01 'a'", "3.8.3"},
    {"subscribe_second_filter_cut", "82 08 00 01 00 01 'a' 00 00 05", "3.8.3"},

    {"suback_no_code", "90 02 00 01", "3.9.3: one for each filter"},
    {"suback_code_3", "90 03 00 01 03", "MQTT-3.9.3-2"},
    {"suback_id_0", "90 03 00 00 00", "MQTT-2.3.1-1"},
    {"unsubscribe_no_filter", "a2 02 00 01", "MQTT-3.10.3-2"},
    {"unsubscribe_id_0", "a2 05 00 00 00 01 'a'", "MQTT-2.3.1-1"},
    {"unsubscribe_filter_empty", "a2 04 00 01 00 00", "MQTT-4.7.3-1"},
    {"unsubscribe_filter_not_utf8", "a2 05 00 01 00 01 ff", "MQTT-3.10.3-1"},
    {"unsubscribe_trailing_byte", "a2 06 00 01 00 01 'a' 00", "3.10.3"},
    {"unsuback_id_0", "b0 02 00 00", "MQTT-2.3.1-1"},
};

class RefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(RefusalTest, IsMalformed) {
  const auto packet = decode_packet(packet_bytes(GetParam().bytes));
  ASSERT_FALSE(packet);
  EXPECT_EQ(packet.error(), DecodeError::malformed);
  EXPECT_TRUE(find_fault(packet_bytes(GetParam().bytes))) << "and nobody can say why";
}

INSTANTIATE_TEST_SUITE_P(Packets, RefusalTest, testing::ValuesIn(kRefusals),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(DecodeConnect, ReadsEveryField) {
  const Bytes bytes =
      packet_bytes("10 1e 00 04 'MQTT' 04 f4 01 2c 00 02 'id' 00 03 'w/t' 00 02 00 ff 00 01 'u' 00 02 ff 00");
  const auto packet = decode_packet(bytes);
  ASSERT_TRUE(packet);
  const auto& connect = std::get<Connect>(*packet);
  EXPECT_TRUE(connect.is_mqtt_3_1_1());
  EXPECT_FALSE(connect.clean_session);
  EXPECT_EQ(connect.keep_alive_s, 300);
  EXPECT_EQ(connect.client_id, "id");
  ASSERT_TRUE(connect.will);
  EXPECT_EQ(connect.will->topic, "w/t");
  EXPECT_EQ(to_hex(connect.will->payload), "00ff");
  EXPECT_EQ(connect.will->qos, 2);
  EXPECT_TRUE(connect.will->retain);
  EXPECT_EQ(connect.user_name, "u");
  ASSERT_TRUE(connect.password);
  EXPECT_EQ(to_hex(*connect.password), "ff00");  // Binary data: 3.1.3.5.
  EXPECT_GE(connect.client_id.data(), as_text(bytes).data());
  EXPECT_LT(connect.client_id.data(), as_text(bytes).data() + bytes.size())
      << "views borrow, they do not copy";
}

TEST(DecodeConnect, ClientIdMayBeEmpty) {  // [MQTT-3.1.3-6]; [MQTT-3.1.3-8] is the session's.
  const auto packet = decode_packet(packet_bytes("10 0c 00 04 'MQTT' 04 00 00 00 00 00"));
  ASSERT_TRUE(packet);
  EXPECT_TRUE(std::get<Connect>(*packet).client_id.empty());
}

TEST(DecodeConnect, PasswordMayBeEmpty) {
  const auto packet = decode_packet(packet_bytes("10 11 00 04 'MQTT' 04 c2 00 3c 00 01 'd' 00 00 00 00"));
  ASSERT_TRUE(packet);
  EXPECT_TRUE(std::get<Connect>(*packet).password);
  EXPECT_TRUE(std::get<Connect>(*packet).user_name);
}

TEST(DecodeConnect, WillMayBeEmptyAndItsQosOne) {
  const auto packet = decode_packet(packet_bytes("10 12 00 04 'MQTT' 04 0e 00 3c 00 01 'd' 00 01 't' 00 00"));
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<Connect>(*packet).will->qos, 1);
  EXPECT_TRUE(std::get<Connect>(*packet).will->payload.empty());
}

struct VersionCase {
  std::string_view name;
  std::string_view bytes;
  std::string_view protocol_name;
  std::uint8_t protocol_level;
  friend void PrintTo(const VersionCase& c, std::ostream* out) { *out << c.bytes; }
};

// [MQTT-3.1.2-1], [MQTT-3.1.2-2]: decoded, so that the session can answer CONNACK 1.
constexpr VersionCase kVersions[] = {
    {"mqtt_3_1", "10 0f 00 06 'MQIsdp' 03 02 00 3c 00 01 'd'", "MQIsdp", 3},
    {"mqtt_5", "10 0e 00 04 'MQTT' 05 02 00 3c 00 00 01 'd'", "MQTT", 5},
    {"mqtt_5_with_properties", "10 13 00 04 'MQTT' 05 02 00 3c 05 11 00 00 00 0a 00 01 'd'", "MQTT", 5},
    {"bridge_bit", "10 0d 00 04 'MQTT' 84 02 00 3c 00 01 'd'", "MQTT", 0x84},
    {"case_matters", "10 0d 00 04 'mqtt' 04 02 00 3c 00 01 'd'", "mqtt", 4},
    {"nothing_after_the_level", "10 07 00 04 'MQTT' 06", "MQTT", 6},
    {"empty_name", "10 03 00 00 04", "", 4},
};

class VersionTest : public testing::TestWithParam<VersionCase> {};

TEST_P(VersionTest, DecodesNameAndLevel) {
  const Bytes bytes = packet_bytes(GetParam().bytes);
  const auto packet = decode_packet(bytes);
  ASSERT_TRUE(packet);
  const auto& connect = std::get<Connect>(*packet);
  EXPECT_EQ(connect.protocol_name, GetParam().protocol_name);
  EXPECT_EQ(connect.protocol_level, GetParam().protocol_level);
  EXPECT_FALSE(connect.is_mqtt_3_1_1());
}

INSTANTIATE_TEST_SUITE_P(Connect, VersionTest, testing::ValuesIn(kVersions),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(DecodePublish, QosOne) {
  const Bytes bytes = packet_bytes("3b 09 00 03 'a/b' ff fe 'xy'");
  const auto header = decode_fixed_header(bytes, 1000);
  ASSERT_TRUE(header);
  const auto publish = decode_publish(*header, ByteView{bytes}.subspan(2));
  ASSERT_TRUE(publish);
  EXPECT_EQ(publish->topic, "a/b");
  EXPECT_EQ(publish->packet_id, 0xFFFE);
  EXPECT_EQ(publish->qos, 1);
  EXPECT_TRUE(publish->dup);
  EXPECT_TRUE(publish->retain);
  EXPECT_EQ(as_text(publish->payload), "xy");
  EXPECT_EQ(publish->payload.data(), bytes.data() + 9) << "a view, not a copy";
}

TEST(DecodePublish, QosZeroHasNoPacketIdAndMayBeEmpty) {  // [MQTT-2.3.1-5]; 3.3.3.
  const auto packet = decode_packet(packet_bytes("30 03 00 01 'a'"));
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<Publish>(*packet).packet_id, 0);
  EXPECT_TRUE(std::get<Publish>(*packet).payload.empty());
}

TEST(DecodePublish, QosTwoIsForTheSessionToRefuse) {
  const auto packet = decode_packet(packet_bytes("34 05 00 01 'a' 00 07"));
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<Publish>(*packet).qos, 2);
}

TEST(DecodePublish, ByteOrderMarkStays) {  // [MQTT-1.5.3-3].
  const Bytes bytes = packet_bytes("30 06 00 04 ef bb bf 'a'");
  const auto packet = decode_packet(bytes);
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<Publish>(*packet).topic,
            "\xEF\xBB\xBF"
            "a");
}

TEST(DecodePuback, IdZeroIsTolerated) {  // protocol/device/01 section 7: C# acknowledges QoS 0 with it.
  const auto packet = decode_packet(packet_bytes("40 02 00 00"));
  ASSERT_TRUE(packet);
  EXPECT_EQ(std::get<Puback>(*packet).packet_id, 0);
}

TEST(DecodeSubscribe, SeveralFilters) {  // protocol/device/07 K7.
  const Bytes bytes = packet_bytes("82 0e 01 02 00 03 'a/#' 01 00 03 '+/b' 02");
  const auto packet = decode_packet(bytes);
  ASSERT_TRUE(packet);
  const auto& subscribe = std::get<Subscribe>(*packet);
  EXPECT_EQ(subscribe.packet_id, 0x0102);
  ASSERT_EQ(subscribe.topics.size(), 2u);
  EXPECT_EQ(subscribe.topics[0].filter, "a/#");
  EXPECT_EQ(subscribe.topics[0].qos, 1);
  EXPECT_EQ(subscribe.topics[1].filter, "+/b");
  EXPECT_EQ(subscribe.topics[1].qos, 2);
}

TEST(DecodeSubscribe,
     OddWildcardsAreForTheSessionToAnswer) {  // protocol/device/04 section 4: 0x80, never a close.
  const Bytes bytes = packet_bytes("82 07 00 01 00 02 'a#' 00");
  const auto packet = decode_packet(bytes);
  ASSERT_TRUE(packet);
  EXPECT_FALSE(is_valid_topic_filter(std::get<Subscribe>(*packet).topics[0].filter));
}

}  // namespace
}  // namespace muster::mqtt
