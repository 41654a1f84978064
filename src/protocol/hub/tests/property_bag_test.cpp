#include "protocol/hub/topic.hpp"

#include <gtest/gtest.h>

namespace muster::hub {

void PrintTo(const Property& property, std::ostream* out) {
  *out << property.name << '=' << property.value.value_or("(null)");
}

namespace {

struct BagCase {
  std::string_view name;
  std::string_view bag;
  std::vector<Property> properties;
  std::string_view source;
  friend void PrintTo(const BagCase& c, std::ostream* out) { *out << c.bag << "  [" << c.source << ']'; }
};

const BagCase kBags[] = {
    {"empty", "", {}, "device/04 section 5"},
    {"one", "a=1", {{"a", "1"}}, "device/04 section 5"},
    {"null_value", "a", {{"a", std::nullopt}}, "device/04 section 5: no ="},
    {"empty_value", "a=", {{"a", ""}}, "device/04 section 5: key="},
    {"encoded_dollar", "%24.mid=x", {{"$.mid", "x"}}, "device/04 section 5: Python, Node, C#"},
    {"raw_dollar", "$.mid=x", {{"$.mid", "x"}}, "device/04 section 5: Java"},
    {"plus_is_plus", "a=1+2", {{"a", "1+2"}}, "device/04 section 5: never a space"},
    {"space", "a%20b=c%20d", {{"a b", "c d"}}, "device/04 section 5"},
    {"raw_slash_and_colon", "u=http://h/x", {{"u", "http://h/x"}}, "device/07 K9"},
    {"equals_in_value", "a=b=c", {{"a", "b=c"}}, "device/04 section 5"},
    {"encoded_separators", "a%26b=c%3Dd", {{"a&b", "c=d"}}, "device/04 section 5"},
    {"bad_escape", "a=100%&b=%zz", {{"a", "100%"}, {"b", "%zz"}}, "device/04 section 5: C is raw"},
    {"order_and_repeats_kept", "b=1&a=2&b=3", {{"b", "1"}, {"a", "2"}, {"b", "3"}}, "ours"},
    {"empty_pairs_skipped", "&a=1&&b=2&", {{"a", "1"}, {"b", "2"}}, "ours"},
    {"empty_name", "=1", {{"", "1"}}, "ours"},
    {"beyond_ascii", "n=%C3%BC", {{"n", "\xC3\xBC"}}, "device/04 section 5"},
    {"application_first",
     "app=1&%24.ct=application/json",
     {{"app", "1"}, {"$.ct", "application/json"}},
     "device/04 section 5: C"},
};

class PropertyBagTest : public testing::TestWithParam<BagCase> {};

TEST_P(PropertyBagTest, Decodes) { EXPECT_EQ(decode_property_bag(GetParam().bag), GetParam().properties); }

TEST_P(PropertyBagTest, SurvivesEncoding) {
  EXPECT_EQ(decode_property_bag(encode_property_bag(GetParam().properties)), GetParam().properties);
}

INSTANTIATE_TEST_SUITE_P(Bags, PropertyBagTest, testing::ValuesIn(kBags),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(PropertyBag, EncodesAsPythonAndNodeDo) {  // protocol/device/07 section D.
  EXPECT_EQ(encode_property_bag(
                {{"$.mid", "mid 1"}, {"$.ct", "application/json"}, {"$.ce", "utf-8"}, {"a b", "1+2/3"}}),
            "%24.mid=mid%201&%24.ct=application%2Fjson&%24.ce=utf-8&a%20b=1%2B2%2F3");
  EXPECT_EQ(encode_property_bag({{"a", std::nullopt}, {"b", ""}}), "a&b=");
}

struct NameCase {
  std::string_view wire_name;
  std::optional<std::string_view> name;
  std::string_view source;
};

constexpr NameCase kNames[] = {
    {"$.mid", "message-id", "service/07 section 7.6"},
    {"$.cid", "correlation-id", "service/07 section 7.6"},
    {"$.uid", "user-id", "service/07 section 7.6"},
    {"$.to", "to", "service/07 section 7.6"},
    {"$.ct", "content-type", "service/07 section 7.6"},
    {"$.ce", "content-encoding", "service/07 section 7.6"},
    {"$.exp", "absolute-expiry-time", "service/07 section 7.6"},
    {"$.ctime", "creation-time", "service/07 section 7.6"},
    {"$.cdid", "iothub-connection-device-id", "service/07 section 7.6"},
    {"$.cmid", "iothub-connection-module-id", "service/07 section 7.6"},
    {"$.ifid", "iothub-interface-id", "C# SDK, MessageSystemPropertyNames"},
    {"$.sub", "dt-subject", "service/07 section 7.6"},
    {"$.schema", "iothub-message-schema", "service/10 section 10.1"},
    {"$.on", "iothub-outputname", "C# SDK, MessageSystemPropertyNames"},
    {"$.diagid", "Diagnostic-Id", "device/04 section 5: tracing"},
    {"$.diagctx", "Correlation-Context", "device/04 section 5: tracing"},
    {"$.unknown", std::nullopt, "ours: an application property then"},
    {"mid", std::nullopt, "device/04 section 5: names begin with $."},
    {"$.MID", std::nullopt, "ours: case matters"},
    {"", std::nullopt, "ours"},
};

class SystemPropertyTest : public testing::TestWithParam<NameCase> {};

TEST_P(SystemPropertyTest, HasTheNameThatConsumersSee) {
  EXPECT_EQ(system_property_name(GetParam().wire_name), GetParam().name) << GetParam().source;
}

INSTANTIATE_TEST_SUITE_P(Names, SystemPropertyTest, testing::ValuesIn(kNames));

}  // namespace
}  // namespace muster::hub
