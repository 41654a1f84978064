#include "protocol/hub/topic.hpp"

#include <gtest/gtest.h>

namespace muster::hub {
namespace {

struct UserNameCase {
  std::string_view name;
  std::string_view text;
  std::string_view host, device, module, api_version, client_type, model_id;  ///< Empty host: refused.
  std::string_view source;
  friend void PrintTo(const UserNameCase& c, std::ostream* out) {
    *out << c.text << "  [" << c.source << ']';
  }
};

constexpr UserNameCase kUserNames[] = {
    {"python",
     "h.net/my-device-001/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0",
     "h.net", "my-device-001", "", "2019-10-01", "azure-iot-device-iothub-py%2F2.14.0", "",
     "device/07 section D"},
    {"python_model", "h.net/d/?api-version=2020-09-30&DeviceClientType=x&model-id=dtmi%3Acom%3Aa%3B1",
     "h.net", "d", "", "2020-09-30", "x", "dtmi:com:a;1", "device/04 section 2"},
    {"node_model_first", "h.net/d/?api-version=2021-04-12&model-id=dtmi:a;1&DeviceClientType=n%20v20",
     "h.net", "d", "", "2021-04-12", "n%20v20", "dtmi:a;1", "device/04 section 2"},
    {"csharp_auth_chain", "h.net/d/?api-version=2020-09-30&DeviceClientType=x&auth-chain=e;c", "h.net", "d",
     "", "2020-09-30", "x", "", "device/04 section 2"},
    {"c_lower_case_hex",
     "host/devId/DeviceUpdate/"
     "?api-version=2020-09-30&DeviceClientType=iothubclient%2f1.9.0%20(native%3b%20Linux%3b%20aarch64)",
     "host", "devId", "DeviceUpdate", "2020-09-30", "iothubclient%2f1.9.0%20(native%3b%20Linux%3b%20aarch64)",
     "", "device/04 section 2: on the wire"},
    {"module", "h.net/d/m/?api-version=2020-09-30", "h.net", "d", "m", "2020-09-30", "", "",
     "device/04 section 2"},
    {"without_question_mark", "h.net/d/api-version=2016-11-14", "h.net", "d", "", "2016-11-14", "", "",
     "device/04 section 2: the older form"},
    {"module_without_question_mark", "h.net/d/m/api-version=2016-11-14&x=y", "h.net", "d", "m", "2016-11-14",
     "", "", "device/04 section 2: the older form"},
    {"without_slash", "h.net/d?api-version=2018-06-30", "h.net", "d", "", "2018-06-30", "", "",
     "ours: typed by hand"},
    {"module_without_slash", "h.net/d/m?api-version=2018-06-30", "h.net", "d", "m", "2018-06-30", "", "",
     "ours: typed by hand"},
    {"no_query", "h.net/d", "h.net", "d", "", "", "", "", "device/04 section 2: old clients"},
    {"no_query_with_slash", "h.net/d/", "h.net", "d", "", "", "", "", "device/04 section 2: old clients"},
    {"module_no_query", "h.net/d/m", "h.net", "d", "m", "", "", "", "device/04 section 2: old clients"},
    {"preview_version", "h.net/d/?api-version=2025-08-01-preview", "h.net", "d", "", "2025-08-01-preview", "",
     "", "device/04 section 2"},
    {"raw_agent_with_slash", "h.net/d/?api-version=1&DeviceClientType=a/b (c)", "h.net", "d", "", "1",
     "a/b (c)", "", "device/04 section 2: partly raw"},
    {"question_mark_in_the_id", "h.net/d?x=1/?api-version=1", "h.net", "d?x=1", "", "1", "", "",
     "IoT Hub device ids may hold ? and ="},
    {"id_is_not_encoded", "h.net/a%2Fb+c@$'/?api-version=1", "h.net", "a%2Fb+c@$'", "", "1", "", "",
     "device/04 section 2"},
    {"empty", "", "", "", "", "", "", "", "ours"},
    {"host_only", "h.net", "", "", "", "", "", "", "device/04 section 2"},
    {"no_device", "h.net/", "", "", "", "", "", "", "device/04 section 2"},
    {"no_device_but_query", "h.net/?api-version=1", "", "", "", "", "", "", "device/04 section 2"},
    {"no_host", "/d/?api-version=1", "", "", "", "", "", "", "device/04 section 2"},
    {"empty_module", "h.net/d//?api-version=1", "", "", "", "", "", "", "device/04 section 2"},
    {"too_many_parts", "h.net/d/m/x/?api-version=1", "", "", "", "", "", "", "device/04 section 2"},
};

class HubUserNameTest : public testing::TestWithParam<UserNameCase> {};

TEST_P(HubUserNameTest, ParsesOrRefuses) {
  const UserNameCase& row = GetParam();
  const auto parsed = parse_user_name(row.text);
  ASSERT_EQ(parsed.has_value(), !row.host.empty());
  if (!parsed) return;
  EXPECT_EQ(parsed->hub_host, row.host);
  EXPECT_EQ(parsed->device_id, row.device);
  EXPECT_EQ(parsed->module_id, row.module);
  EXPECT_EQ(parsed->api_version, row.api_version);
  EXPECT_EQ(parsed->client_type, row.client_type);
  EXPECT_EQ(parsed->model_id, row.model_id);
}

INSTANTIATE_TEST_SUITE_P(UserNames, HubUserNameTest, testing::ValuesIn(kUserNames),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(HubUserName, IsFormattedAsSdksDo) {
  EXPECT_EQ(format_user_name("h.net", "d", "2021-04-12", "muster/0.1"),
            "h.net/d/?api-version=2021-04-12&DeviceClientType=muster%2F0.1");
  EXPECT_EQ(format_user_name("h.net", "d", "2021-04-12", ""), "h.net/d/?api-version=2021-04-12");
  EXPECT_EQ(client_id_of("d", ""), "d");
  EXPECT_EQ(client_id_of("d", "m"), "d/m");
}

struct TelemetryCase {
  std::string_view name;
  std::string_view topic;
  std::string_view module;
  std::optional<std::string_view> properties;  ///< nullopt: refused.
  std::string_view source;
  friend void PrintTo(const TelemetryCase& c, std::ostream* out) {
    *out << c.topic << "  [" << c.source << ']';
  }
};

constexpr TelemetryCase kTelemetry[] = {
    {"python_node_no_properties", "devices/d/messages/events/", "", "", "device/07 section D"},
    {"python_node",
     "devices/d/messages/events/%24.mid=mid%201&%24.ct=application%2Fjson&%24.ce=utf-8&a%20b=1%2B2%2F3", "",
     "%24.mid=mid%201&%24.ct=application%2Fjson&%24.ce=utf-8&a%20b=1%2B2%2F3", "device/07 section D"},
    {"csharp_trailing_slash", "devices/d/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8/", "",
     "%24.ct=application%2Fjson&%24.ce=utf-8", "device/07 C11"},
    {"java",
     "devices/d/messages/events/$.mid=a&$.cid=a&$.cdid=d&$.ce=utf-8&$.ct=application%2Fjson&sequence=1", "",
     "$.mid=a&$.cid=a&$.cdid=d&$.ce=utf-8&$.ct=application%2Fjson&sequence=1", "device/10 section 4"},
    {"c_raw_values", "devices/d/messages/events/path=a/b:c&%24.ct=application/json", "",
     "path=a/b:c&%24.ct=application/json", "device/07 K9"},
    {"only_one_slash_is_dropped", "devices/d/messages/events/p=a//", "", "p=a/", "device/04 section 5"},
    {"without_the_slash", "devices/d/messages/events", "", "", "ours: mosquitto_pub by hand"},
    {"module", "devices/d/modules/m/messages/events/a=1", "m", "a=1", "device/04 section 5"},
    {"module_output_of_node", "devices/d/modules/m/messages/events/%24.on=out/", "m", "%24.on=out",
     "device/04 section 5"},
    {"device_on_module_topic", "devices/d/modules/m/messages/events/", "", std::nullopt, "ours"},
    {"module_on_device_topic", "devices/d/messages/events/", "m", std::nullopt, "ours"},
    {"another_module", "devices/d/modules/m2/messages/events/", "m", std::nullopt, "ours"},
    {"another_device", "devices/d2/messages/events/", "", std::nullopt, "device/04 section 10"},
    {"prefix_of_the_device", "devices/dd/messages/events/", "", std::nullopt, "ours"},
    {"case_matters", "devices/D/messages/events/", "", std::nullopt, "device/09 row 7"},
    {"no_device", "devices//messages/events/", "", std::nullopt, "ours"},
    {"longer_word", "devices/d/messages/eventsx", "", std::nullopt, "ours"},
    {"devicebound", "devices/d/messages/devicebound/", "", std::nullopt, "device/04 section 7"},
    {"twin", "$iothub/twin/GET/?$rid=1", "", std::nullopt, "device/04 section 8"},
    {"leading_slash", "/devices/d/messages/events/", "", std::nullopt, "ours"},
};

class TelemetryTopicTest : public testing::TestWithParam<TelemetryCase> {};

TEST_P(TelemetryTopicTest, ParsesOrRefuses) {
  const auto parsed = parse_telemetry_topic(GetParam().topic, "d", GetParam().module);
  ASSERT_EQ(parsed.has_value(), GetParam().properties.has_value());
  if (!parsed) return;
  EXPECT_EQ(parsed->device_id, "d");
  EXPECT_EQ(parsed->module_id, GetParam().module);
  EXPECT_EQ(parsed->properties, *GetParam().properties);
}

INSTANTIATE_TEST_SUITE_P(Topics, TelemetryTopicTest, testing::ValuesIn(kTelemetry),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(TelemetryTopic, WhatTheClientFormatsIsWhatTheHubParses) {
  const std::string topic = format_telemetry_topic("d", "a=1");
  EXPECT_EQ(topic, "devices/d/messages/events/a=1");
  EXPECT_EQ(parse_telemetry_topic(topic, "d", "")->properties, "a=1");
}

enum class Kind { none, get, patch, method };
struct RidCase {
  std::string_view name;
  std::string_view topic;
  Kind kind;
  std::string_view rid;
  int status = 0;
  std::string_view source;
  friend void PrintTo(const RidCase& c, std::ostream* out) { *out << c.topic << "  [" << c.source << ']'; }
};

constexpr RidCase kRids[] = {
    {"get", "$iothub/twin/GET/?$rid=1", Kind::get, "1", 0, "device/04 section 8"},
    {"get_guid", "$iothub/twin/GET/?$rid=0b5c-11", Kind::get, "0b5c-11", 0, "device/10 section 4: Java"},
    {"get_rid_second", "$iothub/twin/GET/?x=y&$rid=1", Kind::get, "1", 0,
     "device/04 section 8: from the query"},
    {"get_no_rid", "$iothub/twin/GET/?x=y", Kind::none, "", 0, "device/04 section 8"},
    {"get_empty_rid", "$iothub/twin/GET/?$rid=", Kind::none, "", 0, "device/04 section 8"},
    {"get_no_query", "$iothub/twin/GET/", Kind::none, "", 0, "device/04 section 8"},
    {"patch", "$iothub/twin/PATCH/properties/reported/?$rid=a-2", Kind::patch, "a-2", 0,
     "device/04 section 8"},
    {"patch_with_version", "$iothub/twin/PATCH/properties/reported/?$rid=2&$version=5", Kind::patch, "2", 0,
     "device/04 section 8"},
    {"patch_no_rid", "$iothub/twin/PATCH/properties/reported/?$version=5", Kind::none, "", 0,
     "device/04 section 8"},
    {"patch_desired", "$iothub/twin/PATCH/properties/desired/?$rid=2", Kind::none, "", 0,
     "device/04 section 8: the hub's to send"},
    {"method", "$iothub/methods/res/200/?$rid=1", Kind::method, "1", 200, "device/07 section D"},
    {"method_any_status", "$iothub/methods/res/-7/?$rid=x", Kind::method, "x", -7, "device/04 section 9"},
    {"method_status_beyond_int", "$iothub/methods/res/99999999999/?$rid=x", Kind::none, "", 0, "ours"},
    {"method_no_status", "$iothub/methods/res//?$rid=1", Kind::none, "", 0, "device/04 section 9"},
    {"method_status_not_a_number", "$iothub/methods/res/2x/?$rid=1", Kind::none, "", 0,
     "device/04 section 9"},
    {"method_no_rid", "$iothub/methods/res/200/?", Kind::none, "", 0, "device/04 section 9"},
    {"method_request", "$iothub/methods/POST/m/?$rid=1", Kind::none, "", 0,
     "device/04 section 9: the hub's to send"},
    {"telemetry", "devices/d/messages/events/$rid=1", Kind::none, "", 0, "device/04 section 5"},
};

class RidTopicTest : public testing::TestWithParam<RidCase> {};

TEST_P(RidTopicTest, IsOneKindAtMost) {
  const RidCase& row = GetParam();
  const auto get = parse_twin_get_topic(row.topic);
  const auto patch = parse_twin_patch_topic(row.topic);
  const auto method = parse_method_response_topic(row.topic);
  ASSERT_EQ(get.has_value(), row.kind == Kind::get);
  ASSERT_EQ(patch.has_value(), row.kind == Kind::patch);
  ASSERT_EQ(method.has_value(), row.kind == Kind::method);
  const std::string_view rid = get ? get->rid : patch ? patch->rid : method ? method->rid : "";
  EXPECT_EQ(rid, row.rid);
  EXPECT_EQ(method ? method->status : 0, row.status);
}

INSTANTIATE_TEST_SUITE_P(Topics, RidTopicTest, testing::ValuesIn(kRids),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(RidTopic, HasALimitSoThatTheAnswerFitsATopic) {
  const std::string longest(kRidSizeMax, 'r');
  EXPECT_TRUE(parse_twin_get_topic("$iothub/twin/GET/?$rid=" + longest));
  EXPECT_FALSE(parse_twin_get_topic("$iothub/twin/GET/?$rid=" + longest + "r"));
}

TEST(TwinResponseTopic, HasTheVersionAfterTheRid) {  // protocol/device/04 section 8: Java.
  EXPECT_EQ(format_twin_response_topic(200, "1", std::nullopt), "$iothub/twin/res/200/?$rid=1");
  EXPECT_EQ(format_twin_response_topic(204, "a-1", 7), "$iothub/twin/res/204/?$rid=a-1&$version=7");
}

struct SubscriptionCase {
  std::string_view name;
  std::string_view filter;
  std::string_view module;
  std::optional<Subscription> expected;
  std::string_view source;
  friend void PrintTo(const SubscriptionCase& c, std::ostream* out) {
    *out << c.filter << "  [" << c.source << ']';
  }
};

constexpr SubscriptionCase kSubscriptions[] = {
    {"c2d", "devices/d/messages/devicebound/#", "", Subscription::cloud_to_device,
     "device/04 section 3: Java"},
    {"c2d_plus", "devices/+/messages/devicebound/#", "", Subscription::cloud_to_device, "device/07 K13"},
    {"c2d_module", "devices/d/modules/m/messages/devicebound/#", "m", Subscription::cloud_to_device,
     "device/04 section 4: Java"},
    {"inputs", "devices/d/modules/m/inputs/#", "m", Subscription::module_inputs, "device/04 section 4"},
    {"inputs_wide", "devices/d/modules/m/#", "m", Subscription::module_inputs, "device/04 section 4: C#, C"},
    {"twin_responses", "$iothub/twin/res/#", "", Subscription::twin_responses, "device/04 section 3: C#"},
    {"desired", "$iothub/twin/PATCH/properties/desired/#", "", Subscription::desired_changes,
     "device/04 section 4"},
    {"methods", "$iothub/methods/POST/#", "", Subscription::methods, "device/04 section 4"},
    {"one_method", "$iothub/methods/POST/reboot", "", Subscription::methods, "device/04 section 4"},
    {"one_method_and_all_below", "$iothub/methods/POST/reboot/#", "", Subscription::methods,
     "device/04 section 4"},
    {"twin_responses_of_a_module", "$iothub/twin/res/#", "m", Subscription::twin_responses,
     "device/04 section 4"},

    {"credentials", "$iothub/credentials/res/#", "", Subscription::credential_responses,
     "device/04 section 4, device/03 section 2.1"},
    {"credentials_requests", "$iothub/credentials/POST/#", "", std::nullopt, "device/03 section 2.1"},
    {"c2d_of_another", "devices/x/messages/devicebound/#", "", std::nullopt, "device/04 section 4"},
    {"c2d_of_another_module", "devices/d/modules/x/messages/devicebound/#", "m", std::nullopt, "ours"},
    {"module_filter_of_a_device", "devices/d/modules/m/inputs/#", "", std::nullopt, "ours"},
    {"inputs_of_a_device", "devices/d/inputs/#", "", std::nullopt, "device/04 section 4"},
    {"everything_of_a_device", "devices/d/#", "", std::nullopt, "device/04 section 4"},
    {"everything", "#", "", std::nullopt, "device/04 section 4"},
    {"events", "devices/d/messages/events/#", "", std::nullopt, "device/04 section 4"},
    {"method_wildcard", "$iothub/methods/POST/+", "", std::nullopt, "device/04 section 4"},
    {"method_wildcard_and_below", "$iothub/methods/POST/+/#", "", std::nullopt, "device/04 section 4"},
    {"method_empty", "$iothub/methods/POST/", "", std::nullopt, "device/04 section 4"},
    {"dps", "$dps/registrations/res/#", "", std::nullopt, "device/01 section 4"},
    {"hub_wide", "$iothub/#", "", std::nullopt, "device/04 section 4"},
};

class SubscriptionTest : public testing::TestWithParam<SubscriptionCase> {};

TEST_P(SubscriptionTest, IsGrantedOrNot) {
  EXPECT_EQ(parse_subscription(GetParam().filter, "d", GetParam().module), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Filters, SubscriptionTest, testing::ValuesIn(kSubscriptions),
                         [](const auto& row) { return std::string{row.param.name}; });

// The device's end of protocol/device/04 section 8.
TEST(TwinTopics, AreReadBackByTheDevice) {
  struct Row {
    const char* topic;
    int status;  ///< 0: not an answer.
    std::string_view rid;
    std::optional<std::int64_t> version;
  };
  for (const Row& row : std::vector<Row>{{"$iothub/twin/res/200/?$rid=7", 200, "7", {}},
                                         {"$iothub/twin/res/204/?$rid=7&$version=12", 204, "7", 12},
                                         {"$iothub/twin/res/204/?$version=12&$rid=a-b", 204, "a-b", 12},
                                         {"$iothub/twin/res/204/?$rid=7&$version=x", 204, "7", {}},
                                         {"$iothub/twin/res/204/?", 0, "", {}},
                                         {"$iothub/twin/res//?$rid=7", 0, "", {}},
                                         {"$iothub/twin/PATCH/properties/desired/?$version=2", 0, "", {}}}) {
    SCOPED_TRACE(row.topic);
    const auto parsed = parse_twin_response_topic(row.topic);
    ASSERT_EQ(parsed.has_value(), row.status != 0);
    if (!parsed) continue;
    EXPECT_EQ(parsed->status, row.status);
    EXPECT_EQ(parsed->rid, row.rid);
    EXPECT_EQ(parsed->version, row.version);
  }
  EXPECT_EQ(parse_twin_get_topic(format_twin_get_topic("7"))->rid, "7");
  EXPECT_EQ(parse_twin_patch_topic(format_twin_patch_topic("7"))->rid, "7");
  EXPECT_EQ(format_desired_topic(2), "$iothub/twin/PATCH/properties/desired/?$version=2");
  EXPECT_TRUE(is_desired_topic(format_desired_topic(2)));
  EXPECT_FALSE(is_desired_topic(format_twin_patch_topic("7")));
}

}  // namespace
}  // namespace muster::hub
