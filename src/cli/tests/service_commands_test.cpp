#include "cli/tests/stub_service.hpp"
#include "cli/tests/test_shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::HasSubstr;
using Asked = StubService::Asked;
using Answer = StubService::Answer;

constexpr std::string_view kWorldFile = R"({"version": "0.1.0", "pid": 1,
  "dps": [{"name": "my-dps-x509", "idScope": "0ne00123ABC", "host": "my-dps-x509.azure-devices-provisioning.net"}],
  "hubs": [{"name": "my-iot-hub-x509", "host": "my-iot-hub-x509.azure-devices.net", "address": "127.0.0.1"}]})";

/// A stub at the control socket, and a shell whose disk holds that world's world.json.
struct Fixture {
  explicit Fixture(StubService::Script script) : stub{std::move(script)} {
    shell.environment["MUSTER_DATA"] = stub.folder();
    shell.write(stub.folder() + "/world.json", kWorldFile);
  }
  StubService stub;
  TestShell shell;
};

TEST(DeviceIdentity, ListFollowsEveryPageAndBeginsWithThePagesColumns) {
  Fixture f{[](const Asked& asked) {
    if (asked.continuation.empty()) {
      return Answer{.body = R"([{"deviceId": "a", "authenticationType": "sas", "status": "enabled"}])",
                    .continuation = "next"};
    }
    return Answer{
        .body = R"([{"deviceId": "b", "authenticationType": "certificateAuthority", "status": "disabled"}])"};
  }};
  const auto outcome = f.shell.run({"hub", "device-identity", "list", "-o", "table"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, testing::StartsWith("DeviceID  Auth                  Status    "));
  EXPECT_THAT(outcome.out, HasSubstr("\na         sas"));
  EXPECT_THAT(outcome.out, HasSubstr("\nb         certificateAuthority  disabled"));
  ASSERT_EQ(f.stub.asked().size(), 2u);
  EXPECT_EQ(f.stub.asked()[0].host, "my-iot-hub-x509.azure-devices.net");
  EXPECT_EQ(f.stub.asked()[0].target, "/devices/query?api-version=2021-04-12");
  EXPECT_EQ(f.stub.asked()[1].continuation, "next");
}

TEST(HubQuery, RowsOfEveryPageArePrintedWithTheColumnsOfTheProjection) {
  const auto script = [](const Asked& asked) {
    if (asked.continuation.empty()) {
      return Answer{.body = R"([{"deviceId": "a", "floor": 3, "where": {"x": 1}}])", .continuation = "next"};
    }
    return Answer{.body = R"([{"deviceId": "b"}, {"deviceId": "c", "floor": 4}])"};
  };
  Fixture table{script};
  const auto printed =
      table.shell.run({"hub", "query", "-q", "select deviceId, tags.floor from devices", "-o", "table"});
  EXPECT_EQ(printed.status, 0) << printed.err;
  EXPECT_EQ(printed.out, "DeviceId  Floor\n--------  -----\na         3\nb\nc         4\n");
  ASSERT_EQ(table.stub.asked().size(), 2u);
  EXPECT_EQ(table.stub.asked()[0].body, R"({"query":"select deviceId, tags.floor from devices"})");
  EXPECT_EQ(table.stub.asked()[1].continuation, "next");

  Fixture cut{script};
  const auto two =
      cut.shell.run({"hub", "query", "--query-command", "select deviceId from devices", "--top", "2"});
  EXPECT_EQ(two.status, 0) << two.err;
  EXPECT_THAT(two.out, testing::AllOf(HasSubstr("\"b\""), testing::Not(HasSubstr("\"c\""))));
  EXPECT_EQ(cut.shell.run({"hub", "query"}).status, 2) << "a query is wanted";
}

TEST(DeviceIdentity, AnErrorOfTheServiceIsPrintedWithItsCodeAndEndsWith5) {
  Fixture f{[](const Asked&) {
    return Answer{.status = 404, .body = R"({"Message": "ErrorCode:DeviceNotFound", "musterCode": "MU-3001",
                              "reason": "hub my-iot-hub-x509 has no device x", "remedy": "List them."})"};
  }};
  const auto outcome = f.shell.run({"hub", "device-identity", "show", "-d", "x y#1"});
  EXPECT_EQ(outcome.status, 5);
  EXPECT_THAT(outcome.err, HasSubstr("error MU-3001"));
  EXPECT_THAT(outcome.err, HasSubstr("hub my-iot-hub-x509 has no device x"));
  EXPECT_THAT(outcome.err, HasSubstr("do: List them."));
  EXPECT_EQ(f.stub.asked()[0].target, "/devices/x%20y%231?api-version=2021-04-12");
}

TEST(DeviceIdentity, UpdateWritesBackWhatItReadWithTheChange) {
  Fixture f{[](const Asked& asked) {
    return Answer{.body = asked.method == "GET" ? R"({"deviceId": "d", "status": "enabled", "unknown": 1})"
                                                : asked.body};
  }};
  EXPECT_EQ(f.shell.run({"hub", "device-identity", "update", "-d", "d", "--status", "disabled"}).status, 0);
  const Asked put = f.stub.asked().at(1);
  EXPECT_EQ(put.method, "PUT");
  EXPECT_EQ(put.if_match, "\"*\"");
  EXPECT_EQ(put.body, R"({"deviceId":"d","status":"disabled","unknown":1})");
}

TEST(DeviceIdentity, FlagsThatContradictEachOtherAreRefusedBeforeAnythingIsSent) {
  Fixture f{[](const Asked&) { return Answer{}; }};
  EXPECT_EQ(
      f.shell.run({"hub", "device-identity", "create", "-d", "d", "--am", "x509_ca", "--ptp", "AA"}).status,
      2);
  EXPECT_TRUE(f.stub.asked().empty());
}

TEST(EnrollmentGroup, CreateSendsAzsBody) {
  Fixture f{[](const Asked& asked) { return Answer{.body = asked.body}; }};
  const auto outcome = f.shell.run({"dps",
                                    "enrollment-group",
                                    "create",
                                    "--dps-name",
                                    "my-dps-x509",
                                    "-g",
                                    "iot-x509-demo-rg",
                                    "--eid",
                                    "my-device-group",
                                    "--ca-name",
                                    "my-intermediate-ca",
                                    "--provisioning-status",
                                    "enabled",
                                    "--allocation-policy",
                                    "hashed",
                                    "--iot-hubs",
                                    "my-iot-hub-x509",
                                    "--initial-twin-tags",
                                    R"({"site": "b"})",
                                    "--edge-enabled",
                                    "false"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const Asked put = f.stub.asked().at(0);
  EXPECT_EQ(put.target, "/enrollmentGroups/my-device-group?api-version=2021-10-01");
  EXPECT_EQ(put.if_match, "");
  const Json body = Json::parse(put.body);
  EXPECT_EQ(text_at(body, "attestation.x509.caReferences.primary"), "my-intermediate-ca");
  EXPECT_EQ(text_at(body, "attestation.type"), "x509");
  EXPECT_EQ(at_path(body, "iotHubs"), Json::array({"my-iot-hub-x509.azure-devices.net"}));
  EXPECT_EQ(text_at(body, "initialTwin.tags.site"), "b");
  EXPECT_EQ(at_path(body, "capabilities.iotEdge"), false);
}

TEST(EnrollmentGroup, RegistrationListBeginsWithThePagesColumns) {
  Fixture f{[](const Asked&) {
    return Answer{.body = R"([{"registrationId": "d", "deviceId": "d", "assignedHub": "h.azure-devices.net",
                               "createdDateTimeUtc": "2026-01-21T10:30:00Z", "status": "assigned"}])"};
  }};
  const auto outcome =
      f.shell.run({"dps", "enrollment-group", "registration", "list", "--enrollment-id", "my-device-group",
                   "--resource-group", "iot-x509-demo-rg", "-o", "table"});
  EXPECT_THAT(outcome.out, testing::StartsWith("DeviceID  Hub                  Created "));
  EXPECT_EQ(f.stub.asked().at(0).target, "/registrations/my-device-group/query?api-version=2021-10-01");
}

TEST(Certificate, VerifiedMayBeBareOrHaveAValue) {
  struct Row {
    std::vector<std::string> flags;
    Json expected;
  };
  for (const Row& row : {Row{{"--verified"}, true}, Row{{"-v", "false"}, false},
                         Row{{"--verified", "TRUE"}, true}, Row{{}, nullptr}}) {
    Fixture f{[](const Asked& asked) {
      return asked.method == "GET" ? Answer{.status = 404, .body = "{}"} : Answer{.body = "{}"};
    }};
    f.shell.write("root.pem", "PEM");
    std::vector<std::string> words{"dps",        "certificate", "create",  "--certificate-name",
                                   "my-root-ca", "-p",          "root.pem"};
    words.insert(words.end(), row.flags.begin(), row.flags.end());
    ASSERT_EQ(f.shell.run(words).status, 0);
    const Json body = Json::parse(f.stub.asked().at(1).body);
    EXPECT_EQ(at_path(body, "properties.isVerified"), row.expected);
    EXPECT_EQ(text_at(body, "properties.certificate"), "UEVN");
    EXPECT_THAT(f.stub.asked()[1].target,
                HasSubstr("/provisioningServices/my-dps-x509/certificates/my-root-ca?"));
  }
}

TEST(Certificate, CreateRefusesANameThatIsTaken) {
  Fixture f{[](const Asked&) { return Answer{.body = R"({"name": "my-root-ca"})"}; }};
  f.shell.write("root.pem", "PEM");
  const auto outcome = f.shell.run({"dps", "certificate", "create", "-n", "my-root-ca", "-p", "root.pem"});
  EXPECT_EQ(outcome.status, 5);
  EXPECT_THAT(outcome.err, HasSubstr("MU-4003"));
  EXPECT_EQ(f.stub.asked().size(), 1u);
}

TEST(Certificate, TheEtagIsReadWhenItIsNotGiven) {
  Fixture f{[](const Asked& asked) {
    return Answer{.body = asked.method == "GET"
                              ? R"({"etag": "AAAA="})"
                              : R"({"name": "c", "properties": {"verificationCode": "C0DE"}})"};
  }};
  const auto outcome =
      f.shell.run({"hub", "certificate", "generate-verification-code", "--name", "c", "-o", "table"});
  EXPECT_THAT(outcome.out, HasSubstr("C0DE"));
  EXPECT_EQ(f.stub.asked().at(1).if_match, "AAAA=");
  EXPECT_EQ(f.shell.run({"hub", "certificate", "delete", "--name", "c", "--etag", "BBBB"}).status, 0);
  EXPECT_EQ(f.stub.asked().at(2).method, "DELETE");
  EXPECT_EQ(f.stub.asked().at(2).if_match, "BBBB");
}

TEST(ConnectionString, IsBareTextWithTsv) {
  Fixture f{[](const Asked&) {
    return Answer{
        .body = R"({"value": [{"keyName": "iothubowner", "primaryKey": "a2V5", "secondaryKey": "b"}]})"};
  }};
  EXPECT_EQ(
      f.shell.run({"hub", "connection-string", "show", "-o", "tsv"}).out,
      "HostName=my-iot-hub-x509.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5\n");
  EXPECT_THAT(f.shell.run({"hub", "connection-string", "show"}).out,
              HasSubstr("\"connectionString\": \"HostName="));
}

TEST(ShowRequest, PrintsTheCallToStandardError) {
  Fixture f{[](const Asked&) { return Answer{.body = R"({"deviceId": "d"})"}; }};
  const auto outcome = f.shell.run({"hub", "device-twin", "show", "-d", "d", "--show-request"});
  EXPECT_EQ(outcome.err,
            "GET /twins/d?api-version=2021-04-12 HTTP/1.1\nHost: my-iot-hub-x509.azure-devices.net\n");
}

TEST(DeviceTwin, UpdateMergesWhatTheFlagsNameAndNothingElse) {
  Fixture f{[](const Asked& asked) { return Answer{.body = asked.body}; }};
  f.shell.write("desired.json", R"({"interval": 5, "mode": null})");
  const auto outcome = f.shell.run({"hub", "device-twin", "update", "-d", "d", "--desired", "desired.json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(f.shell
                .run({"hub", "device-twin", "update", "--device-id", "d", "--hub-name", "my-iot-hub-x509",
                      "--tags", R"({"room": 4})", "--etag", "AAAAAAAAAAE="})
                .status,
            0);
  const Asked first = f.stub.asked().at(0);
  EXPECT_EQ(first.method, "PATCH");
  EXPECT_EQ(first.target, "/twins/d?api-version=2021-04-12");
  EXPECT_EQ(first.body, R"({"properties":{"desired":{"interval":5,"mode":null}}})");
  EXPECT_EQ(first.if_match, "\"*\"");
  EXPECT_EQ(f.stub.asked().at(1).body, R"({"tags":{"room":4}})");
  EXPECT_EQ(f.stub.asked().at(1).if_match, "\"AAAAAAAAAAE=\"");
}

TEST(DeviceTwin, ReplaceSendsTheTwinAsItIsGiven) {
  Fixture f{[](const Asked& asked) { return Answer{.body = asked.body}; }};
  f.shell.write("twin.json", R"({"deviceId": "d", "tags": {}, "properties": {"desired": {"a": 1}}})");
  EXPECT_EQ(f.shell.run({"hub", "device-twin", "replace", "-d", "d", "-j", "twin.json"}).status, 0);
  EXPECT_EQ(f.stub.asked().at(0).method, "PUT");
  EXPECT_EQ(f.stub.asked().at(0).body, R"({"deviceId":"d","tags":{},"properties":{"desired":{"a":1}}})");
}

TEST(DeviceTwin, WhatIsMissingOrNoObjectIsRefusedBeforeAnythingIsSent) {
  Fixture f{[](const Asked&) { return Answer{}; }};
  EXPECT_EQ(f.shell.run({"hub", "device-twin", "update", "-d", "d"}).status, 2);
  EXPECT_EQ(f.shell.run({"hub", "device-twin", "replace", "-d", "d"}).status, 2);
  EXPECT_NE(f.shell.run({"hub", "device-twin", "update", "-d", "d", "--desired", "[1]"}).status, 0);
  EXPECT_TRUE(f.stub.asked().empty());
}

std::string stream_of(int events) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n";
  for (int i = 0; i < events; ++i) {
    text += fmt::format(
        "id: 0:{0}\ndata: {{\"event\":{{\"origin\":\"d{0}\",\"payload\":{{\"n\":{0}}}}}}}\n\n", i);
  }
  return text;
}

TEST(MonitorEvents, EndsAfterTheCountThatWasAskedFor) {
  Fixture f{[](const Asked&) { return Answer{.raw = stream_of(5)}; }};
  const auto outcome = f.shell.run({"hub", "monitor-events", "--mc", "2", "--from", "start"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\"origin\": \"d1\""));
  EXPECT_THAT(outcome.out, testing::Not(HasSubstr("\"origin\": \"d2\"")));
  EXPECT_EQ(f.stub.asked().at(0).target, "/muster/v1/hubs/my-iot-hub-x509/events?from=start");
  EXPECT_EQ(f.stub.asked().at(0).host, "muster");
}

TEST(MonitorEvents, AServiceThatGoesAwayIsUnreachable) {
  Fixture f{[](const Asked&) { return Answer{.raw = stream_of(1)}; }};
  const auto outcome = f.shell.run({"hub", "monitor-events", "--et", "1769000000000", "-d", "d*"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.out, HasSubstr("\"origin\": \"d0\"")) << "what came before is shown";
  EXPECT_THAT(outcome.err, HasSubstr("MU-7016"));
  EXPECT_EQ(f.stub.asked().at(0).target,
            "/muster/v1/hubs/my-iot-hub-x509/events?from=2026-01-21T12%3A53%3A20.0000000Z");
}

TEST(MonitorEvents, ARefusalIsTheServicesOwn) {
  Fixture f{[](const Asked&) {
    return Answer{.status = 410, .body = R"({"musterCode": "MU-5009", "reason": "offset 1 is gone"})"};
  }};
  const auto outcome = f.shell.run({"hub", "monitor-events", "--from", "1", "--partition", "0"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("offset 1 is gone"));
}

TEST(Status, IsReadyWhenTheServiceSaysSo) {
  Fixture f{[](const Asked&) {
    return Answer{.body = R"({"state": "ready", "hubs": [{"name": "h"}], "eventLog": {"segments": 2}})"};
  }};
  const auto outcome = f.shell.run({"status"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.out, "state              ready\nhubs               h\neventLog.segments  2\n");
}

TEST(NotRunning, SaysHowToStartIt) {
  TestShell shell;
  shell.write("w/world.json", kWorldFile);
  const auto outcome = shell.run({"hub", "device-identity", "list", "--data", "w"});
  EXPECT_EQ(outcome.status, 4);
  EXPECT_THAT(outcome.err, HasSubstr("MU-6007"));
  EXPECT_THAT(outcome.err, HasSubstr("`muster up --data w`"));
}

}  // namespace
}  // namespace muster::cli
