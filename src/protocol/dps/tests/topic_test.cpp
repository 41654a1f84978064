#include "protocol/dps/topic.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace muster::dps {
namespace {

struct UserNameCase {
  std::string_view name;
  std::string_view text;
  std::string_view id_scope, registration_id, api_version, client_version;  ///< Empty scope: refused.
  std::string_view source;
  friend void PrintTo(const UserNameCase& c, std::ostream* out) {
    *out << c.text << "  [" << c.source << ']';
  }
};

constexpr UserNameCase kUserNames[] = {
    {"python",
     "0ne00123ABC/registrations/my-device-001/api-version=2019-03-31&ClientVersion=azure-iot-device-"
     "provisioning-py%2F2.14.0%283.11.7%29",
     "0ne00123ABC", "my-device-001", "2019-03-31", "azure-iot-device-provisioning-py%2F2.14.0%283.11.7%29",
     "device/07 section D"},
    {"node",
     "0ne00123ABC/registrations/my-device-001/api-version=2019-03-31&ClientVersion=azure-iot-provisioning-"
     "device%2F1.9.1",
     "0ne00123ABC", "my-device-001", "2019-03-31", "azure-iot-provisioning-device%2F1.9.1",
     "device/07 section D"},
    {"java", "S/registrations/dev1/api-version=2019-03-31&ClientVersion=2019-03-31", "S", "dev1",
     "2019-03-31", "2019-03-31", "device/10 section 4"},
    {"c_raw_agent_with_spaces_and_slashes",
     "S/registrations/dev1/api-version=2021-06-01&ClientVersion=prov_device/1.9 (native; Linux/x86)", "S",
     "dev1", "2021-06-01", "prov_device/1.9 (native; Linux/x86)", "device/07 K1"},
    {"csharp", "S/registrations/d/api-version=2019-03-31&ClientVersion=.NET%2F1.42%20%28x%29", "S", "d",
     "2019-03-31", ".NET%2F1.42%20%28x%29", "device/01 section 2"},
    {"embedded_c_without_agent", "S/registrations/d/api-version=2019-03-31", "S", "d", "2019-03-31", "",
     "device/01 section 2"},
    {"preview_version", "S/registrations/d/api-version=2026-11-02-preview", "S", "d", "2026-11-02-preview",
     "", "device/01 section 2"},
    {"version_never_heard_of", "S/registrations/d/api-version=zzz", "S", "d", "zzz", "",
     "device/01 section 2"},
    {"unknown_keys", "S/registrations/d/api-version=1&x=y&ClientVersion=a&z", "S", "d", "1", "a",
     "device/01 section 2"},
    {"other_order", "S/registrations/d/ClientVersion=a&api-version=1", "S", "d", "1", "a",
     "device/01 section 2"},
    {"without_version", "S/registrations/d", "S", "d", "", "", "ours: as for the hub"},
    {"without_version_with_slash", "S/registrations/d/", "S", "d", "", "", "ours: as for the hub"},
    {"question_mark", "S/registrations/d/?api-version=1", "S", "d", "1", "", "ours: as for the hub"},
    {"id_of_every_character", "S/registrations/aZ0-._:/api-version=1", "S", "aZ0-._:", "1", "",
     "device/01 section 2, identity rules"},
    {"slash_in_id_is_left_for_the_grammar", "S/registrations/a/b/api-version=1", "S", "a/b", "1", "",
     "device/01 section 2: last slash"},
    {"first_registrations_counts", "S/registrations/registrations/api-version=1", "S", "registrations", "1",
     "", "device/01 section 2: first"},
    {"no_scope", "/registrations/d/api-version=1", "", "", "", "", "device/01 section 2"},
    {"no_id", "S/registrations//api-version=1", "", "", "", "", "device/01 section 2"},
    {"no_slash_before_version", "S/registrations/dapi-version=1", "", "", "", "", "device/01 section 2"},
    {"version_in_place_of_id", "S/registrations/api-version=1", "", "", "", "", "device/01 section 2"},
    {"hub_form", "h.azure-devices.net/d/?api-version=2021-04-12", "", "", "", "", "device/04 section 2"},
    {"hub_device_called_registrations", "h.azure-devices.net/registrations/?api-version=2021-04-12", "", "",
     "", "", "device/04 section 2"},
    {"empty", "", "", "", "", "", "ours"},
    {"nothing_after", "S/registrations/", "", "", "", "", "ours"},
};

class DpsUserNameTest : public testing::TestWithParam<UserNameCase> {};

TEST_P(DpsUserNameTest, ParsesOrRefuses) {
  const auto parsed = parse_user_name(GetParam().text);
  ASSERT_EQ(parsed.has_value(), !GetParam().id_scope.empty());
  if (!parsed) return;
  EXPECT_EQ(parsed->id_scope, GetParam().id_scope);
  EXPECT_EQ(parsed->registration_id, GetParam().registration_id);
  EXPECT_EQ(parsed->api_version, GetParam().api_version);
  EXPECT_EQ(parsed->client_version, GetParam().client_version);
}

INSTANTIATE_TEST_SUITE_P(UserNames, DpsUserNameTest, testing::ValuesIn(kUserNames),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(DpsUserName, IsFormattedAsPythonDoes) {
  const std::string text = format_user_name("S", "d", "2019-03-31", "muster/0.1 (x)");
  EXPECT_EQ(text, "S/registrations/d/api-version=2019-03-31&ClientVersion=muster%2F0.1%20%28x%29");
  EXPECT_EQ(parse_user_name(text)->registration_id, "d");
  EXPECT_EQ(format_user_name("S", "d", "1", ""), "S/registrations/d/api-version=1");
}

struct RequestCase {
  std::string_view name;
  std::string_view topic;
  std::optional<Request::Kind> kind;  ///< nullopt: refused.
  std::string_view rid, operation_id;
  std::string_view source;
  friend void PrintTo(const RequestCase& c, std::ostream* out) {
    *out << c.topic << "  [" << c.source << ']';
  }
};

constexpr auto kRegister = Request::Kind::register_;
constexpr auto kPoll = Request::Kind::poll;

constexpr RequestCase kRequests[] = {
    {"register_uuid", "$dps/registrations/PUT/iotdps-register/?$rid=0b5c1d2e-1111-4444-8888-123456789abc",
     kRegister, "0b5c1d2e-1111-4444-8888-123456789abc", "", "device/01 section 4: Python, Node"},
    {"register_counter", "$dps/registrations/PUT/iotdps-register/?$rid=1", kRegister, "1", "",
     "device/01 section 4: Java"},
    {"register_rid_stays_encoded", "$dps/registrations/PUT/iotdps-register/?$rid=a%2Fb", kRegister, "a%2Fb",
     "", "device/01 section 4: the echo is textual"},
    {"register_rid_second", "$dps/registrations/PUT/iotdps-register/?x=y&$rid=7", kRegister, "7", "",
     "device/01 section 4: anywhere on receipt"},
    {"register_more_keys", "$dps/registrations/PUT/iotdps-register/?$rid=7&x=y", kRegister, "7", "",
     "device/01 section 4"},
    {"poll",
     "$dps/registrations/GET/iotdps-get-operationstatus/"
     "?$rid=2&operationId=5.316aac5bdc130deb.b1e02da8-c3a0-4ff2-"
     "a121-7ea7a6b7f550",
     kPoll, "2", "5.316aac5bdc130deb.b1e02da8-c3a0-4ff2-a121-7ea7a6b7f550", "device/01 section 4"},
    {"poll_other_order", "$dps/registrations/GET/iotdps-get-operationstatus/?operationId=5.a.b&$rid=2", kPoll,
     "2", "5.a.b", "device/01 section 4: anywhere on receipt"},
    {"poll_operation_id_encoded",
     "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=5%2Ea%2Db", kPoll, "2", "5.a-b",
     "device/01 section 4: percent-decode operationId"},
    {"poll_without_operation_id", "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2", std::nullopt,
     "", "", "device/01 section 4"},
    {"poll_empty_operation_id", "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=",
     std::nullopt, "", "", "device/01 section 6.1: at least one character"},
    {"no_rid", "$dps/registrations/PUT/iotdps-register/?x=y", std::nullopt, "", "", "device/01 section 4"},
    {"empty_rid", "$dps/registrations/PUT/iotdps-register/?$rid=", std::nullopt, "", "",
     "device/01 section 4"},
    {"no_query", "$dps/registrations/PUT/iotdps-register/", std::nullopt, "", "", "device/01 section 4"},
    {"rid_without_dollar", "$dps/registrations/PUT/iotdps-register/?rid=1", std::nullopt, "", "",
     "device/01 section 4"},
    {"get_on_register", "$dps/registrations/GET/iotdps-register/?$rid=1", std::nullopt, "", "",
     "device/01 section 4"},
    {"response_topic", "$dps/registrations/res/200/?$rid=1", std::nullopt, "", "", "device/01 section 4"},
    {"telemetry", "devices/d/messages/events/", std::nullopt, "", "", "device/04 section 5"},
    {"case_matters", "$DPS/registrations/PUT/iotdps-register/?$rid=1", std::nullopt, "", "", "MQTT-4.7.3-4"},
};

class DpsRequestTest : public testing::TestWithParam<RequestCase> {};

TEST_P(DpsRequestTest, ParsesOrRefuses) {
  const auto request = parse_request_topic(GetParam().topic);
  ASSERT_EQ(request.has_value(), GetParam().kind.has_value());
  if (!request) return;
  EXPECT_EQ(request->kind, *GetParam().kind);
  EXPECT_EQ(request->rid, GetParam().rid);
  EXPECT_EQ(request->operation_id, GetParam().operation_id);
}

INSTANTIATE_TEST_SUITE_P(Requests, DpsRequestTest, testing::ValuesIn(kRequests),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(DpsRequest, RidHasALimitSoThatTheAnswerFitsATopic) {
  const std::string longest(kRidSizeMax, 'r');
  EXPECT_TRUE(parse_request_topic(format_register_topic(longest)));
  EXPECT_FALSE(parse_request_topic(format_register_topic(longest + "r")));
}

TEST(DpsRequest, WhatTheClientFormatsIsWhatTheServiceParses) {
  EXPECT_EQ(parse_request_topic(format_register_topic("9"))->rid, "9");
  const std::string topic = format_poll_topic("9", "5.a/b&c");
  EXPECT_EQ(topic, "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=9&operationId=5.a%2Fb%26c");
  EXPECT_EQ(parse_request_topic(topic)->operation_id, "5.a/b&c");
}

TEST(DpsResponseTopic, SatisfiesEverySdk) {  // protocol/device/01 section 4, rules 1 to 5.
  EXPECT_EQ(format_response_topic(202, "1234", 3), "$dps/registrations/res/202/?$rid=1234&retry-after=3");
  EXPECT_EQ(format_response_topic(200, "1234", std::nullopt), "$dps/registrations/res/200/?$rid=1234");
  const std::string topic = format_response_topic(429, "0b5c-1", 4);
  EXPECT_EQ(std::ranges::count(topic, '$'), 2);
}

struct ResponseCase {
  std::string_view name;
  std::string_view topic;
  int status;  ///< 0: refused.
  std::string_view rid;
  std::optional<int> retry_after_s;
  friend void PrintTo(const ResponseCase& c, std::ostream* out) { *out << c.topic; }
};

constexpr ResponseCase kResponses[] = {
    {"accepted", "$dps/registrations/res/202/?$rid=1&retry-after=3", 202, "1", 3},
    {"done", "$dps/registrations/res/200/?$rid=1", 200, "1", std::nullopt},
    {"refused", "$dps/registrations/res/401/?$rid=ab-c", 401, "ab-c", std::nullopt},
    {"other_order", "$dps/registrations/res/202/?retry-after=3&$rid=1", 202, "1", 3},
    {"retry_after_not_a_number", "$dps/registrations/res/202/?$rid=1&retry-after=soon", 202, "1",
     std::nullopt},
    {"retry_after_negative", "$dps/registrations/res/202/?$rid=1&retry-after=-1", 202, "1", std::nullopt},
    {"no_rid", "$dps/registrations/res/202/?retry-after=3", 0, "", std::nullopt},
    {"no_status", "$dps/registrations/res//?$rid=1", 0, "", std::nullopt},
    {"status_not_a_number", "$dps/registrations/res/ok/?$rid=1", 0, "", std::nullopt},
    {"no_query", "$dps/registrations/res/200", 0, "", std::nullopt},
    {"request", "$dps/registrations/PUT/iotdps-register/?$rid=1", 0, "", std::nullopt},
};

class DpsResponseTest : public testing::TestWithParam<ResponseCase> {};

TEST_P(DpsResponseTest, ParsesOrRefuses) {
  const auto response = parse_response_topic(GetParam().topic);
  ASSERT_EQ(response.has_value(), GetParam().status != 0);
  if (!response) return;
  EXPECT_EQ(response->status, GetParam().status);
  EXPECT_EQ(response->rid, GetParam().rid);
  EXPECT_EQ(response->retry_after_s, GetParam().retry_after_s);
}

INSTANTIATE_TEST_SUITE_P(Responses, DpsResponseTest, testing::ValuesIn(kResponses),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace muster::dps
