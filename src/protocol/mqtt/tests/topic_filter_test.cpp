#include "protocol/mqtt/packet.hpp"

#include <gtest/gtest.h>

namespace muster::mqtt {
namespace {

struct MatchCase {
  std::string_view name;
  std::string_view filter;
  std::string_view topic;
  bool matches;
  std::string_view source;
  friend void PrintTo(const MatchCase& c, std::ostream* out) {
    *out << c.filter << " ~ " << c.topic << "  [" << c.source << ']';
  }
};

constexpr MatchCase kMatches[] = {
    {"same", "a/b", "a/b", true, "4.7.3"},
    {"case_matters", "A/b", "a/b", false, "4.7.3"},
    {"hash_child", "sport/tennis/player1/#", "sport/tennis/player1/ranking", true, "4.7.1.2"},
    {"hash_grandchild", "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true, "4.7.1.2"},
    {"hash_parent", "sport/#", "sport", true, "4.7.1.2"},
    {"hash_not_another", "sport/#", "sports", false, "4.7.1.2"},
    {"hash_alone", "#", "a/b/c", true, "4.7.1.2"},
    {"plus_one_level", "sport/tennis/+", "sport/tennis/player1", true, "4.7.1.3"},
    {"plus_not_two", "sport/tennis/+", "sport/tennis/player1/ranking", false, "4.7.1.3"},
    {"plus_not_parent", "sport/+", "sport", false, "4.7.1.3"},
    {"plus_empty_level", "sport/+", "sport/", true, "4.7.1.3"},
    {"plus_plus", "+/+", "/finance", true, "4.7.1.3"},
    {"slash_plus", "/+", "/finance", true, "4.7.1.3"},
    {"plus_not_leading_slash", "+", "/finance", false, "4.7.1.3"},
    {"plus_in_the_middle", "devices/+/messages/devicebound/#", "devices/d/messages/devicebound/%24.to=x",
     true, "protocol/device/04 section 4"},
    {"plus_then_hash", "+/tennis/#", "sport/tennis/a/b", true, "4.7.1.3"},
    {"hash_not_dollar", "#", "$SYS/x", false, "MQTT-4.7.2-1"},
    {"plus_not_dollar", "+/monitor/Clients", "$SYS/monitor/Clients", false, "MQTT-4.7.2-1"},
    {"dollar_named", "$SYS/#", "$SYS/x", true, "4.7.2"},
    {"dps_responses", "$dps/registrations/res/#", "$dps/registrations/res/202/?$rid=1&retry-after=3", true,
     "protocol/device/01 section 4"},
    {"longer_filter", "a/b/c", "a/b", false, "4.7.3"},
    {"longer_topic", "a/b", "a/b/c", false, "4.7.3"},
    {"trailing_slash_differs", "a", "a/", false, "4.7.3"},
};

class TopicMatchTest : public testing::TestWithParam<MatchCase> {};

TEST_P(TopicMatchTest, MatchesOrNot) {
  EXPECT_EQ(topic_matches(GetParam().filter, GetParam().topic), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(Topics, TopicMatchTest, testing::ValuesIn(kMatches),
                         [](const auto& row) { return std::string{row.param.name}; });

struct ValidityCase {
  std::string_view name;
  std::string_view text;
  bool filter;
  bool topic_name;
  std::string_view source;
  friend void PrintTo(const ValidityCase& c, std::ostream* out) {
    *out << c.text << "  [" << c.source << ']';
  }
};

using namespace std::string_view_literals;

constexpr ValidityCase kValidity[] = {
    {"empty", "", false, false, "MQTT-4.7.3-1"},
    {"slash", "/", true, true, "4.7.3"},
    {"space", "a b/c", true, true, "4.7.3"},
    {"nul", "a\0b"sv, false, false, "MQTT-4.7.3-2"},
    {"hash", "#", true, false, "MQTT-4.7.1-2"},
    {"hash_last", "a/#", true, false, "MQTT-4.7.1-2"},
    {"hash_not_last", "a/#/b", false, false, "MQTT-4.7.1-2"},
    {"hash_then_slash", "#/", false, false, "MQTT-4.7.1-2"},
    {"hash_in_a_level", "a/b#", false, false, "MQTT-4.7.1-2"},
    {"hash_twice", "##", false, false, "MQTT-4.7.1-2"},
    {"plus", "+", true, false, "MQTT-4.7.1-3"},
    {"plus_levels", "+/a/+", true, false, "MQTT-4.7.1-3"},
    {"plus_in_a_level", "a+", false, false, "MQTT-4.7.1-3"},
    {"plus_and_hash", "+/#", true, false, "MQTT-4.7.1-3"},
    {"plus_hash_in_a_level", "+#", false, false, "MQTT-4.7.1-3"},
    {"dollar", "$iothub/twin/res/#", true, false, "4.7.2"},
};

class TopicValidityTest : public testing::TestWithParam<ValidityCase> {};

TEST_P(TopicValidityTest, AsFilterAndAsName) {
  EXPECT_EQ(is_valid_topic_filter(GetParam().text), GetParam().filter);
  EXPECT_EQ(is_valid_topic_name(GetParam().text), GetParam().topic_name);
}

INSTANTIATE_TEST_SUITE_P(Topics, TopicValidityTest, testing::ValuesIn(kValidity),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(TopicValidity, LongestIs65535) {  // [MQTT-4.7.3-3].
  EXPECT_TRUE(is_valid_topic_name(std::string(65'535, 'a')));
  EXPECT_FALSE(is_valid_topic_name(std::string(65'536, 'a')));
  EXPECT_FALSE(is_valid_topic_filter(std::string(65'536, 'a')));
}

}  // namespace
}  // namespace muster::mqtt
