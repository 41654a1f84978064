#include "cli/tests/stub_service.hpp"
#include "cli/tests/test_shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::HasSubstr;
using Asked = StubService::Asked;
using Answer = StubService::Answer;

/// A stub at the control socket, and a shell whose disk holds its world.json.
struct Fixture {
  explicit Fixture(StubService::Script script) : stub{std::move(script)} {
    shell.environment["MUSTER_DATA"] = stub.folder();
    shell.write(stub.folder() + "/world.json", R"({"version": "0.1.0", "pid": 1, "hubs": [],
      "dps": [{"name": "my-dps", "idScope": "0ne00123ABC", "host": "my-dps.azure-devices-provisioning.net"}]})");
  }
  /// The body of the one PUT that a command sends.
  Json put_by(std::vector<std::string> words) {
    const auto before = stub.asked().size();
    const auto outcome = shell.run(std::move(words));
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    const auto asked = stub.asked();
    return asked.size() == before ? Json{} : Json::parse(asked.back().body, nullptr, false);
  }
  StubService stub;
  TestShell shell;
};

Answer echo(const Asked& asked) { return Answer{.body = asked.body.empty() ? "{}" : asked.body}; }

const std::vector<std::string> kCreate{"dps",    "enrollment", "create", "--dps-name",
                                       "my-dps", "--eid",      "pump-07"};

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Enrollment, CreateSendsAzsBody) {
  // service/09 section 9.3 and az's own words.
  struct Row {
    const char* name;
    std::vector<std::string> flags;
    const char* path;
    Json expected;
  };
  const Json both{{"primaryKey", "QQ=="}, {"secondaryKey", "Qg=="}};
  for (const Row& row : std::vector<Row>{
           {"id", {}, "registrationId", "pump-07"},
           {"keys that the service makes",
            {"--at", "symmetricKey"},
            "attestation.symmetricKey",
            Json::object()},
           {"own keys",
            {"--at", "symmetrickey", "--pk", "QQ==", "--sk", "Qg=="},
            "attestation.symmetricKey",
            both},
           {"a certificate",
            {"--attestation-type", "x509", "--cp", "a.pem"},
            "attestation.x509.clientCertificates.primary.certificate",
            "PEM A"},
           {"two certificates",
            {"--cp", "a.pem", "--scp", "b.pem"},
            "attestation.x509.clientCertificates.secondary.certificate",
            "PEM B"},
           {"a TPM", {"--at", "tpm", "--ek", "AAAA"}, "attestation.tpm.endorsementKey", "AAAA"},
           {"device id", {"--device-id", "line-3"}, "deviceId", "line-3"},
           {"information", {"--info", R"({"n": 1})"}, "optionalDeviceInformation", Json{{"n", 1}}},
           {"one hub", {"--hh", "h"}, "iotHubs", Json::array({"h.azure-devices.net"})},
           {"one hub is static",
            {"--iot-hub-host-name", "h.azure-devices.net"},
            "allocationPolicy",
            "static"},
           {"hubs",
            {"--ih", "a", "b"},
            "iotHubs",
            Json::array({"a.azure-devices.net", "b.azure-devices.net"})},
           {"lowest latency", {"--ap", "geolatency"}, "allocationPolicy", "geoLatency"},
           {"webhook",
            {"--ap", "custom", "--wh", "https://f", "--av", "2019-03-31"},
            "customAllocationDefinition",
            Json{{"webhookUrl", "https://f"}, {"apiVersion", "2019-03-31"}}},
           {"reset",
            {"--rp", "reprovisionandresetdata"},
            "reprovisionPolicy",
            Json{{"updateHubAssignment", true}, {"migrateDeviceData", false}}},
           {"never",
            {"--rp", "never"},
            "reprovisionPolicy",
            Json{{"updateHubAssignment", false}, {"migrateDeviceData", false}}},
           {"tags", {"--its", R"({"site": "b"})"}, "initialTwin.tags.site", "b"},
           {"desired", {"--itp", R"({"rate": 5})"}, "initialTwin.properties.desired.rate", 5},
           {"edge", {"--ee", "true"}, "capabilities.iotEdge", true},
           {"status", {"--ps", "disabled"}, "provisioningStatus", "disabled"},
       }) {
    Fixture f{echo};
    f.shell.write("a.pem", "PEM A");
    f.shell.write("b.pem", "PEM B");
    const Json body = f.put_by(with(kCreate, row.flags));
    EXPECT_EQ(at_path(body, row.path), row.expected) << row.name << ": " << body;
    EXPECT_EQ(f.stub.asked().at(0).target, "/enrollments/pump-07?api-version=2021-10-01");
    EXPECT_EQ(f.stub.asked()[0].if_match, "") << "create never replaces";
  }
}

TEST(Enrollment, FlagsThatContradictEachOtherAreRefusedBeforeAnythingIsSent) {
  struct Row {
    const char* name;
    std::vector<std::string> flags;
    const char* text;
  };
  for (const Row& row : std::vector<Row>{
           {"one key", {"--pk", "QQ=="}, "keys come in pairs"},
           {"certificate and keys",
            {"--cp", "a.pem", "--pk", "QQ==", "--sk", "Qg=="},
            "--primary-key does not go"},
           {"type and keys", {"--at", "x509", "--pk", "QQ==", "--sk", "Qg=="}, "--primary-key does not go"},
           {"type alone", {"--at", "x509"}, "says nothing without --certificate-path"},
           {"TPM alone", {"--at", "tpm"}, "says nothing without --endorsement-key"},
           {"hub and hubs", {"--hh", "a", "--ih", "b"}, "--iot-hub"},
           {"a CA by name", {"--ca-name", "c"}, "--ca-name"},
       }) {
    Fixture f{echo};
    f.shell.write("a.pem", "PEM A");
    const auto outcome = f.shell.run(with(kCreate, row.flags));
    EXPECT_EQ(outcome.status, 2) << row.name << ": " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(row.text)) << row.name;
    EXPECT_TRUE(f.stub.asked().empty()) << row.name;
  }
}

TEST(Enrollment, ListAndShowHaveTheirColumns) {
  Fixture f{[](const Asked&) {
    return Answer{.body =
                      R"([{"registrationId": "pump-07", "deviceId": "line-3", "provisioningStatus": "enabled",
                               "attestation": {"type": "symmetricKey"},
                               "registrationState": {"assignedHub": "h.azure-devices.net"}}])"};
  }};
  const auto outcome = f.shell.run({"dps", "enrollment", "list", "-o", "table"});
  EXPECT_THAT(
      outcome.out,
      testing::StartsWith("RegistrationId  DeviceId  Attestation   Status   Hub                  Created\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr("\npump-07         line-3    symmetricKey  enabled  h.azure-devices.net"));
  EXPECT_EQ(f.stub.asked().at(0).target, "/enrollments/query?api-version=2021-10-01");
  EXPECT_EQ(f.stub.asked()[0].body, R"({"query":"SELECT *"})");
}

TEST(Enrollment, KeysAreShownWhenTheyAreAskedFor) {
  for (const std::string noun : {"enrollment", "enrollment-group"}) {
    Fixture f{[](const Asked& asked) {
      return Answer{.body = asked.method == "GET"
                                ? R"({"attestation": {"type": "symmetricKey"}})"
                                : R"({"type": "symmetricKey", "symmetricKey": {"primaryKey": "QQ=="}})"};
    }};
    EXPECT_THAT(f.shell.run({"dps", noun, "show", "--eid", "x"}).out, testing::Not(HasSubstr("QQ==")));
    EXPECT_EQ(f.stub.asked().size(), 1u);
    EXPECT_THAT(f.shell.run({"dps", noun, "show", "--eid", "x", "--show-keys"}).out, HasSubstr("QQ=="));
    EXPECT_THAT(f.stub.asked().at(2).target, HasSubstr("/x/attestationmechanism?"));
    EXPECT_EQ(f.stub.asked()[2].method, "POST");
  }
}

TEST(Enrollment, OneKeyOfTwoIsRotatedAlone) {
  Fixture f{[](const Asked& asked) {
    if (asked.method == "GET")
      return Answer{.body = R"({"attestation": {"type": "symmetricKey"}, "unknown": 1})"};
    if (asked.method == "PUT") return Answer{.body = asked.body};
    return Answer{
        .body =
            R"({"type": "symmetricKey", "symmetricKey": {"primaryKey": "QQ==", "secondaryKey": "Qg=="}})"};
  }};
  const Json body =
      f.put_by({"dps", "enrollment", "update", "--eid", "pump-07", "--sk", "Tg==", "-e", "tag"});
  EXPECT_EQ(at_path(body, "attestation.symmetricKey"),
            (Json{{"primaryKey", "QQ=="}, {"secondaryKey", "Tg=="}}));
  EXPECT_EQ(at_path(body, "unknown"), 1) << "what no flag names goes back as it came";
  EXPECT_EQ(f.stub.asked().back().if_match, "tag");
}

TEST(Enrollment, AnUpdateChangesWhatItsFlagsName) {
  struct Row {
    const char* name;
    std::vector<std::string> flags;
    const char* path;
    Json expected;
  };
  constexpr const char* kStored = R"({"registrationId": "pump-07", "allocationPolicy": "custom",
    "iotHubHostName": "old.azure-devices.net", "iotHubs": ["old.azure-devices.net"],
    "customAllocationDefinition": {"webhookUrl": "https://f", "apiVersion": "2019-03-31"},
    "attestation": {"type": "x509", "x509": {"clientCertificates": {"primary": {"info": {"sha1Thumbprint": "AA"}}}}}})";
  for (const Row& row : std::vector<Row>{
           {"second certificate keeps the first",
            {"--scp", "b.pem"},
            "attestation.x509.clientCertificates",
            Json{{"primary", {{"info", {{"sha1Thumbprint", "AA"}}}}},
                 {"secondary", {{"certificate", "PEM B"}}}}},
           {"another hub", {"--ih", "new"}, "iotHubHostName", nullptr},
           {"another policy", {"--ap", "hashed"}, "customAllocationDefinition", nullptr},
           {"another webhook", {"--wh", "https://g"}, "customAllocationDefinition.apiVersion", "2019-03-31"},
           {"the same type",
            {"--at", "x509"},
            "attestation.x509.clientCertificates.primary.info.sha1Thumbprint",
            "AA"},
           {"keys instead", {"--at", "symmetricKey"}, "attestation.symmetricKey", Json::object()},
       }) {
    Fixture f{
        [&](const Asked& asked) { return Answer{.body = asked.method == "GET" ? kStored : asked.body}; }};
    f.shell.write("b.pem", "PEM B");
    const Json body = f.put_by(with({"dps", "enrollment", "update", "--eid", "pump-07"}, row.flags));
    EXPECT_EQ(at_path(body, row.path), row.expected) << row.name << ": " << body;
    EXPECT_EQ(f.stub.asked().back().if_match, "*") << "service/09: unquoted";
  }
}

TEST(Enrollment, DeleteAndItsRegistration) {
  struct Row {
    std::vector<std::string> words;
    const char *method, *target, *if_match;
  };
  for (const Row& row : std::vector<Row>{
           {{"enrollment", "delete", "--eid", "a b"}, "DELETE", "/enrollments/a%20b", "*"},
           {{"enrollment", "delete", "--eid", "a", "--etag", "t"}, "DELETE", "/enrollments/a", "t"},
           {{"enrollment", "registration", "show", "--eid", "a"}, "GET", "/registrations/a", ""},
           {{"enrollment", "registration", "show", "--rid", "a"}, "GET", "/registrations/a", ""},
           {{"enrollment", "registration", "delete", "--eid", "a"}, "DELETE", "/registrations/a", "*"},
           {{"enrollment-group", "registration", "delete", "--rid", "a"}, "DELETE", "/registrations/a", "*"},
       }) {
    Fixture f{echo};
    EXPECT_EQ(f.shell.run(with({"dps"}, row.words)).status, 0);
    const Asked asked = f.stub.asked().at(0);
    EXPECT_EQ(asked.method, row.method);
    EXPECT_EQ(asked.target, std::string{row.target} + "?api-version=2021-10-01");
    EXPECT_EQ(asked.if_match, row.if_match);
  }
}

constexpr const char* kGroupKey =
    "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
constexpr const char* kDeviceKey = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=";
const std::vector<std::string> kCompute{"dps", "enrollment-group", "compute-device-key", "--rid",
                                        "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"};

TEST(ComputeDeviceKey, IsTheDocumentsWorkedValue) {  // device/01 section 3.
  TestShell shell;
  const auto json = shell.run(with(kCompute, {"--key", kGroupKey, "-o", "json"}));
  EXPECT_EQ(json.status, 0) << json.err;
  EXPECT_EQ(json.out, fmt::format("\"{}\"\n", kDeviceKey)) << "az prints a JSON text";
  EXPECT_EQ(shell.run(with(kCompute, {"--symmetric-key", kGroupKey, "-o", "tsv"})).out,
            fmt::format("{}\n", kDeviceKey));
  EXPECT_EQ(shell.run(with(kCompute, {"--key", kGroupKey, "-o", "table"})).out,
            fmt::format("{}\n", kDeviceKey));
}

TEST(ComputeDeviceKey, ReadsTheGroupsKeyWhereNoneIsGiven) {
  Fixture f{[](const Asked&) {
    return Answer{.body = fmt::format(R"({{"type": "symmetricKey", "symmetricKey": {{"primaryKey": "{}"}}}})",
                                      kGroupKey)};
  }};
  EXPECT_EQ(f.shell.run(with(kCompute, {"--eid", "pumps", "-o", "tsv"})).out,
            fmt::format("{}\n", kDeviceKey));
  EXPECT_EQ(f.stub.asked().at(0).target,
            "/enrollmentGroups/pumps/attestationmechanism?api-version=2021-10-01");
}

TEST(ComputeDeviceKey, SaysWhatIsMissingAndNeverTheKey) {
  Fixture f{[](const Asked&) { return Answer{.body = R"({"type": "x509"})"}; }};
  const auto neither = f.shell.run(kCompute);
  EXPECT_EQ(neither.status, 2);
  EXPECT_THAT(neither.err, HasSubstr("--symmetric-key"));
  const auto malformed = f.shell.run(with(kCompute, {"--key", "secret!"}));
  EXPECT_EQ(malformed.status, 2);
  EXPECT_THAT(malformed.err, testing::Not(HasSubstr("secret!")));
  const auto by_certificate = f.shell.run(with(kCompute, {"--eid", "g"}));
  EXPECT_EQ(by_certificate.status, 2);
  EXPECT_THAT(by_certificate.err, HasSubstr("has attestation x509"));
}

TEST(EnrollmentGroup, TakesKeysAndTypes) {
  struct Row {
    const char* name;
    std::vector<std::string> flags;
    const char* path;
    Json expected;
  };
  for (const Row& row : std::vector<Row>{
           {"made keys", {"--at", "symmetricKey"}, "attestation.symmetricKey", Json::object()},
           {"a CA in place",
            {"--cp", "a.pem"},
            "attestation.x509.signingCertificates.primary.certificate",
            "PEM A"},
           {"a CA by name", {"--at", "x509", "--ca-name", "c"}, "attestation.x509.caReferences.primary", "c"},
           {"one hub", {"--hh", "h"}, "allocationPolicy", "static"},
       }) {
    Fixture f{echo};
    f.shell.write("a.pem", "PEM A");
    const Json body = f.put_by(with({"dps", "enrollment-group", "create", "--group-id", "pumps"}, row.flags));
    EXPECT_EQ(at_path(body, row.path), row.expected) << row.name << ": " << body;
  }
  Fixture f{echo};
  EXPECT_EQ(
      f.shell.run({"dps", "enrollment-group", "create", "--eid", "g", "--cn", "c", "--cp", "a.pem"}).status,
      2);
  EXPECT_TRUE(f.stub.asked().empty());
}

}  // namespace
}  // namespace muster::cli
