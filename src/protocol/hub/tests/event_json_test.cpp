#include "protocol/hub/event_json.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace muster::hub {
namespace {

StoredEvent event_with(std::string_view body, std::string_view properties = "") {
  using namespace std::chrono;
  StoredEvent stored;
  stored.event.hub = "my-iot-hub-x509";
  stored.event.device_id = "my-device-001";
  stored.event.generation_id = "638000000000000000";
  stored.event.auth_method = AuthMethod::x509_ca;
  stored.event.properties = properties;
  stored.event.body = as_bytes(body);
  stored.partition = 1;
  stored.sequence_number = 42;
  stored.offset = 4096;
  stored.enqueued = sys_days{2026y / January / 21} + 10h + 30min + 123'456us;
  return stored;
}

TEST(EventJson, IsThePagesByDefault) {  // tutorial-07b, "Monitor Telemetry".
  EXPECT_EQ(
      format_event_json(
          event_with(R"({"temperature": 24.3, "humidity": 67.2, "timestamp": "2026-01-21T10:30:00Z"})"), {}),
      R"({"event":{"origin":"my-device-001","payload":)"
      R"({"temperature":24.3,"humidity":67.2,"timestamp":"2026-01-21T10:30:00Z"}}})");
}

struct PayloadCase {
  std::string_view name;
  std::string body;
  std::string shown;  ///< From `"origin":"my-device-001"` on.
  std::string_view source;
  friend void PrintTo(const PayloadCase& c, std::ostream* out) { *out << c.name << "  [" << c.source << ']'; }
};

const PayloadCase kPayloads[] = {
    {"object", R"({"a":1})", R"(,"payload":{"a":1}}})", "contract section 4"},
    {"array", "[1, 2]", R"(,"payload":[1,2]}})", "contract section 4"},
    {"number", "42", R"(,"payload":42}})", "contract section 4"},
    {"null", "null", R"(,"payload":null}})", "contract section 4"},
    {"digits_stay", "123456789012345678901234567890.10", R"(,"payload":123456789012345678901234567890.10}})",
     "ours"},
    {"order_and_repeats_stay", R"({"b":1,"a":2,"b":3})", R"(,"payload":{"b":1,"a":2,"b":3}}})", "ours"},
    {"lines_become_one", "{\r\n\t\"a\" : [ 1 ,\n 2 ]\n}\n", R"(,"payload":{"a":[1,2]}}})",
     "ours: one line an event"},
    {"spaces_in_strings_stay", R"({"a b":"c \" d\\"})", R"(,"payload":{"a b":"c \" d\\"}}})", "ours"},
    {"byte_order_mark", "\xEF\xBB\xBF{}", R"(,"payload":{}}})", "RFC 8259 section 8.1: may be ignored"},
    {"text", "hello", R"(,"payload":"hello"}})", "az prints text"},
    {"text_is_escaped", "say \"hi\"\n", R"(,"payload":"say \"hi\"\n"}})", "RFC 8259 section 7"},
    {"text_beyond_ascii", "gr\xC3\xBC\xC3\x9F", ",\"payload\":\"gr\xC3\xBC\xC3\x9F\"}}", "UTF-8"},
    {"broken_json_is_text", R"({"a":)", R"(,"payload":"{\"a\":"}})", "az prints text"},
    {"number_too_large_is_text", "1e999", R"(,"payload":"1e999"}})", "ours"},
    {"empty", "", R"(,"payload":""}})", "az prints an empty text"},
    {"too_deep_is_text", std::string(101, '[') + std::string(101, ']'),
     R"(,"payload":")" + std::string(101, '[') + std::string(101, ']') + R"("}})", "ours: a limit of depth"},
    {"deepest", std::string(100, '[') + std::string(100, ']'),
     R"(,"payload":)" + std::string(100, '[') + std::string(100, ']') + "}}", "ours: a limit of depth"},
    {"json_then_nul_is_text", std::string("2\0x", 3), R"(,"payload":"2\u0000x"}})",
     "RFC 8259: no NUL outside strings"},
    {"bytes", "\xFF\xFE", R"(},"bodyBase64":"//4="})", "contract section 7"},
};

class PayloadTest : public testing::TestWithParam<PayloadCase> {};

TEST_P(PayloadTest, IsJsonElseTextElseBase64) {
  EXPECT_EQ(format_event_json(event_with(GetParam().body), {}),
            R"({"event":{"origin":"my-device-001")" + GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(Payloads, PayloadTest, testing::ValuesIn(kPayloads),
                         [](const auto& row) { return std::string{row.param.name}; });

constexpr std::string_view kBag =
    "$.mid=m1&$.cid=c1&%24.ct=application%2Fjson&%24.ce=utf-8&%24.sub=thermostat&level=high&flag";

TEST(EventJson, SystemPropertiesHaveTheNamesOfAz) {  // azext_iot/monitor/parsers: uamqp's names.
  EXPECT_EQ(format_event_json(event_with("1", kBag), {.system = true}),
            R"({"event":{"origin":"my-device-001","component":"thermostat","properties":{"system":)"
            R"({"message_id":"m1","correlation_id":"c1","content_type":"application/json",)"
            R"("content_encoding":"utf-8"}},"payload":1}})");
}

TEST(EventJson, ApplicationPropertiesKeepTheirNames) {
  EXPECT_EQ(format_event_json(event_with("1", kBag), {.application = true}),
            R"({"event":{"origin":"my-device-001","component":"thermostat","properties":{"application":)"
            R"({"level":"high","flag":null}},"payload":1}})");
}

TEST(EventJson, AnnotationsAreTheHubs) {  // service/07 section 7.6.
  EXPECT_EQ(
      format_event_json(event_with("1"), {.annotations = true}),
      R"({"event":{"origin":"my-device-001","annotations":{"iothub-connection-device-id":"my-device-001",)"
      R"("iothub-connection-auth-method":"{\"scope\":\"device\",\"type\":\"x509Certificate\",)"
      R"(\"issuer\":\"external\",\"acceptingIpFilterRule\":null}",)"
      R"("iothub-connection-auth-generation-id":"638000000000000000","iothub-enqueuedtime":1768991400123,)"
      R"("iothub-message-source":"Telemetry","x-opt-sequence-number":42,"x-opt-offset":"4096",)"
      R"("x-opt-enqueued-time":1768991400123},"payload":1}})");
}

TEST(EventJson,
     ADeviceCannotClaimToBeAnother) {  // Java sends $.cdid of its own accord (device/10 section 4).
  const std::string text =
      format_event_json(event_with("1", "$.cdid=victim&$.cmid=m"), {.annotations = true});
  EXPECT_EQ(text.find("victim"), std::string::npos) << text;
  EXPECT_EQ(text.find("module"), std::string::npos) << text;
}

TEST(EventJson, ModuleAndInterfaceShowWhenThereAreAny) {
  StoredEvent stored = event_with("1", "$.ifid=urn:azureiot:Security:SecurityAgent:1");
  stored.event.module_id = "m";
  EXPECT_EQ(format_event_json(stored, {}), R"({"event":{"origin":"my-device-001","module":"m","interface":)"
                                           R"("urn:azureiot:Security:SecurityAgent:1","payload":1}})");
  EXPECT_NE(format_event_json(stored, {.annotations = true}).find(R"("iothub-connection-module-id":"m")"),
            std::string::npos);
}

TEST(EventJson, FlagsAreApplicationProperties) {  // protocol/device/04 sections 5 and 6.
  StoredEvent stored = event_with("1");
  stored.event.flags = kEventRetained;
  EXPECT_NE(format_event_json(stored, {.application = true}).find(R"("application":{"mqtt-retain":"true"})"),
            std::string::npos);
  stored.event.flags = kEventWill;
  EXPECT_NE(
      format_event_json(stored, {.application = true}).find(R"("application":{"iothub-MessageType":"Will"})"),
      std::string::npos);
}

TEST(EventJson, PositionStandsBesideTheEvent) {  // Contract section 7.
  EXPECT_TRUE(format_event_json(event_with("1"), {.position = true})
                  .ends_with(R"("payload":1},"sequenceNumber":42,"offset":"4096","partition":1,)"
                             R"("enqueuedTimeUtc":"2026-01-21T10:30:00.1234560Z"})"));
  EXPECT_TRUE(
      format_event_json(event_with("\xFF"), {.position = true}).ends_with(R"(","bodyBase64":"/w=="})"));
}

TEST(EventJson, IsAlwaysOneLineOfUtf8) {
  const std::string text = format_event_json(event_with("a\nb", "n%0A=%FF%0D"),
                                             {.system = true, .application = true, .annotations = true});
  EXPECT_TRUE(is_valid_utf8(as_bytes(text)));
  EXPECT_TRUE(std::ranges::none_of(text, [](char c) { return c == '\n' || c == '\r'; }));
}

TEST(EventJson, AuthMethods) {
  EXPECT_EQ(auth_method_json(AuthMethod::none), "");
  EXPECT_EQ(auth_method_json(AuthMethod::sas_device),  // service/07 section 7.6.
            R"({"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})");
  EXPECT_EQ(auth_method_json(AuthMethod::sas_device, true),
            R"({"scope":"module","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})");
  EXPECT_EQ(auth_method_json(AuthMethod::sas_hub),
            R"({"scope":"hub","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})");
  EXPECT_EQ(auth_method_json(AuthMethod::x509_thumbprint), auth_method_json(AuthMethod::x509_ca));
  EXPECT_EQ(format_event_json(
                [] {
                  StoredEvent stored = event_with("1");
                  stored.event.auth_method = AuthMethod::none;
                  return stored;
                }(),
                {.annotations = true})
                .find("auth-method"),
            std::string::npos);
}

}  // namespace
}  // namespace muster::hub
