#include "protocol/dps/registration.hpp"

#include "base/bytes.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace muster::dps {
namespace {

struct BodyCase {
  std::string_view name;
  std::string_view body;
  std::string_view registration_id, payload_json;
  bool has_tpm = false, has_csr = false;
  std::string_view source;
  friend void PrintTo(const BodyCase& c, std::ostream* out) { *out << c.body << "  [" << c.source << ']'; }
};

constexpr BodyCase kBodies[] = {
    {"csharp_nothing", "", "", "", false, false, "device/01 section 5"},
    {"python_node_poll", " ", "", "", false, false, "device/01 section 5"},
    {"white_space", " \r\n\t", "", "", false, false, "ours"},
    {"python", R"({"payload": null, "registrationId": "dev1"})", "dev1", "", false, false,
     "device/07 section D"},
    {"python_payload", R"({"payload": {"a": [1, 2.5]}, "registrationId": "dev1"})", "dev1",
     R"({"a":[1,2.5]})", false, false, "device/01 section 5"},
    {"node", R"({"registrationId":"my-device-001"})", "my-device-001", "", false, false,
     "device/07 section D"},
    {"node_payload", R"({"registrationId":"d","payload":{"x":true}})", "d", R"({"x":true})", false, false,
     "device/01 section 5"},
    {"csharp_payload", R"({"payload":{"modelId":"dtmi:a;1"}})", "", R"({"modelId":"dtmi:a;1"})", false, false,
     "device/01 section 5"},
    {"java_payload", R"({"registrationId":"d","payload":"{\"a\":1}"})", "d", R"("{\"a\":1}")", false, false,
     "device/01 section 5: a string that holds JSON"},
    {"c", R"({"registrationId":"d","payload":17})", "d", "17", false, false, "device/01 section 5"},
    {"unified_sdk", R"({"csr":"MIIB"})", "", "", false, true, "device/01 section 5"},
    {"tpm", R"({"registrationId":"d","tpm":{"endorsementKey":"a","storageRootKey":"b"}})", "d", "", true,
     false, "device/01 section 5"},
    {"nulls", R"({"registrationId":null,"tpm":null,"csr":null})", "", "", false, false,
     "ours: null is absent"},
    {"unknown_members", R"({"registrationId":"d","x":{"y":[null]}})", "d", "", false, false,
     "device/01 section 5"},
    {"payload_order_kept", R"({"payload":{"b":1,"a":2}})", "", R"({"b":1,"a":2})", false, false, "ours"},
    {"payload_escaped", "{\"payload\":\"\xC3\xBC\"}", "", R"("\u00fc")", false, false,
     "device/01 section 6.2"},
};

class RegisterBodyTest : public testing::TestWithParam<BodyCase> {};

TEST_P(RegisterBodyTest, IsAccepted) {
  const auto body = parse_register_body(GetParam().body);
  ASSERT_TRUE(body) << body.error().reason();
  EXPECT_EQ(body->registration_id, GetParam().registration_id);
  EXPECT_EQ(body->payload_json, GetParam().payload_json);
  EXPECT_EQ(body->has_tpm, GetParam().has_tpm);
  EXPECT_EQ(body->has_csr, GetParam().has_csr);
}

INSTANTIATE_TEST_SUITE_P(Bodies, RegisterBodyTest, testing::ValuesIn(kBodies),
                         [](const auto& row) { return std::string{row.param.name}; });

struct BadBodyCase {
  std::string_view name;
  std::string body;
  std::string_view reason_names;
  friend void PrintTo(const BadBodyCase& c, std::ostream* out) { *out << c.name; }
};

const BadBodyCase kBadBodies[] = {
    {"cut", R"({"registrationId":"d")", "not JSON"},
    {"text", "hello", "not JSON"},
    {"two_values", "{} {}", "not JSON"},
    {"nul_after_the_object", std::string("{}\0{}", 5), "not JSON"},
    {"not_utf8", "{\"registrationId\":\"\xFF\"}", "not JSON"},
    {"array", "[]", "the body is a JSON array"},
    {"null", "null", "the body is a JSON null"},
    {"string", "\"d\"", "the body is a JSON string"},
    {"id_number", R"({"registrationId":7})", "registrationId is a JSON number, not a string"},
    {"id_object", R"({"registrationId":{}})", "registrationId is a JSON object"},
    {"tpm_string", R"({"tpm":"x"})", "tpm is a JSON string, not an object"},
    {"csr_array", R"({"csr":[]})", "csr is a JSON array, not a string"},
    {"too_deep", R"({"payload":)" + std::string(40, '[') + std::string(40, ']') + "}", "at most 32 levels"},
    {"far_too_deep", std::string(200'000, '['), "at most 32 levels"},
};

class BadRegisterBodyTest : public testing::TestWithParam<BadBodyCase> {};

TEST_P(BadRegisterBodyTest, IsRefusedNamingTheField) {
  const auto body = parse_register_body(GetParam().body);
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().code(), ErrorCode::registration_body_invalid);
  EXPECT_NE(body.error().reason().find(GetParam().reason_names), std::string::npos) << body.error().reason();
}

INSTANTIATE_TEST_SUITE_P(Bodies, BadRegisterBodyTest, testing::ValuesIn(kBadBodies),
                         [](const auto& row) { return std::string{row.param.name}; });

Registration assigned_registration() {
  using namespace std::chrono;
  Registration registration{.dps = *ServiceName::parse("my-dps-x509"),
                            .id = *RegistrationId::parse("my-device-001")};
  registration.operation_id = "5.506603669bd3e2bf.b3602f8f-76fe-4341-9214-bb6cfb891b8a";
  registration.status = RegistrationStatus::assigned;
  registration.device_id = "my-device-001";
  registration.assigned_hub = "my-iot-hub-x509.azure-devices.net";
  registration.created = sys_days{2022y / August / 27} + 17h + 53min + 19s + 514349us;
  registration.updated = registration.created + 237'563us;
  registration.version = 3;
  return registration;
}

constexpr std::string_view kHub = "my-iot-hub-x509.azure-devices.net";

TEST(DpsResponse, Assigning) {  // protocol/device/01 section 6.1.
  EXPECT_EQ(format_assigning("5.a.b", std::nullopt), R"({"operationId":"5.a.b","status":"assigning"})");
  EXPECT_EQ(format_assigning("5.a.b", "dev1"),
            R"({"operationId":"5.a.b","status":"assigning",)"
            R"("registrationState":{"registrationId":"dev1","status":"assigning"}})");
}

TEST(DpsResponse, AssignedHasTheFieldsInTheDocumentedOrder) {  // protocol/device/01 section 6.2.
  const Registration registration = assigned_registration();
  EXPECT_EQ(
      format_final(registration, kHub),
      R"({"operationId":"5.506603669bd3e2bf.b3602f8f-76fe-4341-9214-bb6cfb891b8a","status":"assigned",)"
      R"("registrationState":{"x509":{},"registrationId":"my-device-001",)"
      R"("createdDateTimeUtc":"2022-08-27T17:53:19.5143490Z",)"
      R"("assignedHub":"my-iot-hub-x509.azure-devices.net","deviceId":"my-device-001","status":"assigned",)"
      R"("substatus":"initialAssignment","lastUpdatedDateTimeUtc":"2022-08-27T17:53:19.7519120Z","etag":")" +
          registration_etag(registration) + R"("}})");
}

TEST(DpsResponse, SymmetricKeyHasNoX509) {  // DOC:iot-dps-https-sym-key-support.md, in section 6.2.
  Registration registration = assigned_registration();
  registration.attestation = AttestationType::symmetric_key;
  EXPECT_TRUE(format_registration_state(registration, kHub).starts_with(R"({"registrationId")"));
}

TEST(DpsResponse, AnswersWithTheNameThatTheDeviceCanReach) {  // Contract section 3.
  EXPECT_NE(format_final(assigned_registration(), "127.0.0.1").find(R"("assignedHub":"127.0.0.1")"),
            std::string::npos);
}

TEST(DpsResponse, FailedHasCodeAndMessageInTheState) {  // protocol/device/01 section 6.3.
  Registration registration = assigned_registration();
  registration.status = RegistrationStatus::failed;
  registration.device_id.clear();
  registration.error_code = 400'209;
  registration.error_message = "IoT Hub refused";
  const std::string body = format_final(registration, "");
  EXPECT_TRUE(
      body.find(R"("status":"failed","registrationState":{"x509":{},"registrationId":"my-device-001",)"
                R"("createdDateTimeUtc":"2022-08-27T17:53:19.5143490Z","status":"failed",)"
                R"("errorCode":400209,"errorMessage":"IoT Hub refused","lastUpdatedDateTimeUtc":)") !=
      std::string::npos)
      << body;
  EXPECT_EQ(body.find("assignedHub"), std::string::npos);
  EXPECT_EQ(body.find("substatus"), std::string::npos);
}

TEST(DpsResponse, HubAndDeviceComeTogetherOrNotAtAll) {  // Embedded C, section 6.2.
  Registration registration = assigned_registration();
  EXPECT_EQ(format_registration_state(registration, "").find("deviceId"), std::string::npos);
  registration.device_id.clear();
  EXPECT_EQ(format_registration_state(registration, kHub).find("assignedHub"), std::string::npos);
}

struct PayloadCase {
  std::string_view name;
  std::string_view payload_json;
  bool shown;
  friend void PrintTo(const PayloadCase& c, std::ostream* out) { *out << c.payload_json; }
};

constexpr PayloadCase kPayloads[] = {
    {"object", R"({"a":1})", true}, {"none", "", false},      {"string", R"("a")", false},
    {"array", R"([1])", false},     {"not_json", "{", false}, {"null", "null", false},
};

class PayloadTest : public testing::TestWithParam<PayloadCase> {};

TEST_P(PayloadTest, IsShownOnlyWhenItIsAnObject) {  // Java's parser, section 6.2.
  Registration registration = assigned_registration();
  registration.payload_json = GetParam().payload_json;
  EXPECT_EQ(format_registration_state(registration, kHub).ends_with(R"(,"payload":{"a":1}})"),
            GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(Payloads, PayloadTest, testing::ValuesIn(kPayloads),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(DpsResponse, EveryThingIsAscii) {  // Node decodes bodies as ASCII, section 6.2.
  Registration registration = assigned_registration();
  registration.status = RegistrationStatus::failed;
  registration.error_message =
      "Pr\xC3\xBC"
      "fung \xF0\x9F\x98\x80 \xFF";
  const std::string body = format_final(registration, kHub);
  EXPECT_TRUE(std::ranges::all_of(body, [](char c) { return c >= 0x20 && c < 0x7F; })) << body;
  EXPECT_NE(body.find(R"(Pr\u00fcfung \ud83d\ude00 \ufffd)"), std::string::npos) << body;
}

TEST(DpsResponse, EtagIsBase64OfAQuotedStringAndMovesWithTheVersion) {  // Section 6.2.
  Registration registration = assigned_registration();
  const std::string first = registration_etag(registration);
  const auto decoded = from_base64(first);
  ASSERT_TRUE(decoded);
  const std::string_view text = as_text(*decoded);
  EXPECT_TRUE(text.starts_with('"') && text.ends_with('"') && text.size() == 38) << text;
  EXPECT_EQ(registration_etag(registration), first);
  registration.version = 4;
  EXPECT_NE(registration_etag(registration), first);
  registration.version = 3;
  registration.id = *RegistrationId::parse("MY-device-001");
  EXPECT_EQ(registration_etag(registration), first) << "case does not matter in registration ids";
  registration.created += std::chrono::seconds{1};
  EXPECT_NE(registration_etag(registration), first) << "a registration made anew is another one";
}

TEST(DpsResponse, Error) {  // Section 6.5: never operationId or status, or Java takes it for a success.
  using namespace std::chrono;
  EXPECT_EQ(format_error({.error_code = 401'002,
                          .tracking_id = "8ad0463c-6427-4479-9dfa-3e8bb7003e9b",
                          .message = "Invalid certificate.",
                          .timestamp = sys_days{2020y / April / 10} + 5h + 24min + 22s + 471'852us}),
            R"({"errorCode":401002,"trackingId":"8ad0463c-6427-4479-9dfa-3e8bb7003e9b",)"
            R"("message":"Invalid certificate.","timestampUtc":"2020-04-10T05:24:22.4718520Z"})");
}

TEST(DpsResponse, NamesAreTheWires) {  // Section 6.2, RS:models.tsp.
  EXPECT_EQ(status_name(RegistrationStatus::unassigned), "unassigned");
  EXPECT_EQ(status_name(RegistrationStatus::assigning), "assigning");
  EXPECT_EQ(status_name(RegistrationStatus::assigned), "assigned");
  EXPECT_EQ(status_name(RegistrationStatus::failed), "failed");
  EXPECT_EQ(status_name(RegistrationStatus::disabled), "disabled");
  EXPECT_EQ(substatus_name(RegistrationSubstatus::initial_assignment), "initialAssignment");
  EXPECT_EQ(substatus_name(RegistrationSubstatus::device_data_migrated), "deviceDataMigrated");
  EXPECT_EQ(substatus_name(RegistrationSubstatus::device_data_reset), "deviceDataReset");
  EXPECT_EQ(substatus_name(RegistrationSubstatus::reprovisioned_to_initial_assignment),
            "reprovisionedToInitialAssignment");
}

TEST(DpsClient, ReadsWhatTheServiceWrites) {
  const auto assigned = parse_response_body(format_final(assigned_registration(), kHub));
  ASSERT_TRUE(assigned);
  EXPECT_EQ(assigned->status, "assigned");
  EXPECT_EQ(assigned->assigned_hub, kHub);
  EXPECT_EQ(assigned->device_id, "my-device-001");
  EXPECT_EQ(assigned->substatus, "initialAssignment");
  EXPECT_EQ(assigned->error_code, 0);

  const auto refused = parse_response_body(
      format_error({.error_code = 404'201, .tracking_id = "t", .message = "no \"group\""}));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->error_code, 404'201);
  EXPECT_EQ(refused->message, "no \"group\"");
  EXPECT_EQ(refused->tracking_id, "t");
  EXPECT_EQ(refused->operation_id, "");
}

TEST(DpsClient, ReadsAFailureOutOfTheState) {
  Registration registration = assigned_registration();
  registration.status = RegistrationStatus::failed;
  registration.error_code = 400'208;
  registration.error_message = "no hub";
  const auto failed = parse_response_body(format_final(registration, ""));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->status, "failed");
  EXPECT_EQ(failed->error_code, 400'208);
  EXPECT_EQ(failed->message, "no hub");
}

TEST(DpsClient, ToleratesWhatItDoesNotExpect) {
  const auto odd = parse_response_body(R"({"status":7,"errorCode":"x","registrationState":[],"y":null})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->status, "");
  EXPECT_EQ(odd->error_code, 0);
  EXPECT_EQ(parse_response_body(R"({"errorCode":99999999999})")->error_code, 0);
}

TEST(DpsClient, RefusesWhatIsNotAnObject) {
  for (const std::string_view body : {"", "[]", "null", "{", "\xFF"}) {
    const auto parsed = parse_response_body(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().code(), ErrorCode::service_error);
  }
}

TEST(DpsClient, RegisterBodyIsWhatNodeSends) {
  EXPECT_EQ(format_register_body("dev1", ""), R"({"registrationId":"dev1"})");
  EXPECT_EQ(format_register_body("dev1", R"({"a": 1})"), R"({"registrationId":"dev1","payload":{"a":1}})");
  EXPECT_EQ(parse_register_body(format_register_body("dev1", "[1]"))->payload_json, "[1]");
}

}  // namespace
}  // namespace muster::dps
