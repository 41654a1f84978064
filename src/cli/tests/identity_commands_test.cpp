#include "cli/json.hpp"
#include "cli/tests/stub_service.hpp"
#include "cli/tests/test_shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// The commands of identities as az spells them (service/09 section 9.1): the calls they make and what they
/// print.
namespace muster::cli {
namespace {

using testing::HasSubstr;
using Asked = StubService::Asked;
using Answer = StubService::Answer;

constexpr std::string_view kWorldFile = R"({"version": "0.1.0", "pid": 1, "dps": [],
  "hubs": [{"name": "h", "host": "h.azure-devices.net", "address": "127.0.0.1"}]})";
constexpr std::string_view kScope = "ms-azure-iot-edge://gate-way-17";

struct Fixture {
  explicit Fixture(StubService::Script script) : stub{std::move(script)} {
    shell.environment["MUSTER_DATA"] = stub.folder();
    shell.write(stub.folder() + "/world.json", kWorldFile);
  }
  std::vector<std::string> calls() const {
    std::vector<std::string> lines;
    for (const Asked& asked : stub.asked())
      lines.push_back(asked.method + " " + asked.target.substr(0, asked.target.find('?')));
    return lines;
  }
  StubService stub;
  TestShell shell;
};

/// Answers a PUT with its body, everything else with `body`.
StubService::Script echo(std::string body) {
  return [body](const Asked& asked) { return Answer{.body = asked.method == "PUT" ? asked.body : body}; };
}

TEST(IdentityCommands, MakeTheCallsOfAz) {
  struct Row {
    const char* name;
    std::vector<std::string> words;
    std::vector<std::string> calls;
    const char* body;      ///< Of the last call.
    const char* if_match;  ///< Of the last call.
  };
  for (
      const Row& row : std::vector<Row>{
          {"module_create",
           {"module-identity", "create", "-d", "d", "-m", "m"},
           {"PUT /devices/d/modules/m"},
           R"({"deviceId":"d","moduleId":"m","authentication":{"type":"sas","symmetricKey":{}}})",
           ""},
          {"module_create_with_thumbprint",
           {"module-identity", "create", "-d", "d", "-m", "m", "--ptp", "AA"},
           {"PUT /devices/d/modules/m"},
           R"({"deviceId":"d","moduleId":"m","authentication":{"type":"selfSigned","x509Thumbprint":{"primaryThumbprint":"AA"}}})",
           ""},
          {"module_list", {"module-identity", "list", "-d", "d"}, {"GET /devices/d/modules"}, "", ""},
          {"module_show",
           {"module-identity", "show", "-d", "d", "--module-id", "$edgeHub"},
           {"GET /devices/d/modules/%24edgeHub"},
           "",
           ""},
          {"module_update",
           {"module-identity", "update", "-d", "d", "-m", "m", "--am", "x509_ca", "--etag", "E"},
           {"GET /devices/d/modules/m", "PUT /devices/d/modules/m"},
           R"({"authentication":{"type":"certificateAuthority"}})",
           "\"E\""},
          {"module_delete",
           {"module-identity", "delete", "-d", "d", "-m", "m"},
           {"DELETE /devices/d/modules/m"},
           "",
           "\"*\""},
          {"module_twin_show",
           {"module-twin", "show", "-d", "d", "-m", "m"},
           {"GET /twins/d/modules/m"},
           "",
           ""},
          {"module_twin_update",
           {"module-twin", "update", "-d", "d", "-m", "m", "--tags", R"({"a":null})"},
           {"PATCH /twins/d/modules/m"},
           R"({"tags":{"a":null}})",
           "\"*\""},
          {"module_twin_replace",
           {"module-twin", "replace", "-d", "d", "-m", "m", "--json", R"({"tags":{}})"},
           {"PUT /twins/d/modules/m"},
           R"({"tags":{}})",
           "\"*\""},
          {"renew_one",
           {"device-identity", "renew-key", "-d", "d", "--key-type", "primary"},
           {"POST /devices/keys/regenerate"},
           R"({"policyKey":"primaryKey","devices":[{"id":"d"}]})",
           ""},
          {"renew_modules",
           {"module-identity", "renew-key", "-d", "d", "-m", "m", "n", "--kt", "both"},
           {"POST /devices/keys/regenerate"},
           R"({"policyKey":"both","devices":[{"id":"d","moduleId":"m"},{"id":"d","moduleId":"n"}]})",
           ""},
      }) {
    Fixture f{echo("{}")};
    std::vector<std::string> words{"hub"};
    words.insert(words.end(), row.words.begin(), row.words.end());
    const auto outcome = f.shell.run(words);
    EXPECT_EQ(outcome.status, 0) << row.name << ": " << outcome.err;
    EXPECT_EQ(f.calls(), row.calls) << row.name;
    if (f.stub.asked().empty()) continue;
    EXPECT_EQ(f.stub.asked().back().body, row.body) << row.name;
    EXPECT_EQ(f.stub.asked().back().if_match, row.if_match) << row.name;
  }
}

TEST(IdentityCommands, AreRefusedBeforeAnythingIsSent) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"hub", "device-identity", "renew-key", "-d", "d"},
           {"hub", "device-identity", "renew-key", "-d", "a", "b", "--kt", "swap"},
           {"hub", "device-identity", "renew-key", "-d", "*", "--kt", "swap"},
           {"hub", "device-identity", "create", "-d", "d", "--am", "x509_ca", "--od", "certs"},
           {"hub", "device-identity", "create", "-d", "d", "--ptp", "AA", "--vd", "5"},
           {"hub", "module-identity", "create", "-d", "d"},
           {"hub", "module-twin", "update", "-d", "d", "-m", "m"},
           {"hub", "device-identity", "children", "remove", "-d", "d"},
       }) {
    Fixture f{echo("{}")};
    EXPECT_EQ(f.shell.run(words).status, 2) << words.back();
    EXPECT_TRUE(f.stub.asked().empty()) << words.back();
  }
}

TEST(IdentityCommands, CreateMakesASelfSignedCertificate) {
  Fixture f{echo("{}")};
  const auto outcome = f.shell.run(
      {"hub", "device-identity", "create", "-d", "pump-07", "--od", "certs", "--valid-days", "10"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json sent = Json::parse(f.stub.asked().at(0).body);
  EXPECT_EQ(text_at(sent, "authentication.type"), "selfSigned");
  EXPECT_EQ(text_at(sent, "authentication.x509Thumbprint.primaryThumbprint").size(), 40u);
  EXPECT_THAT(f.shell.read("certs/pump-07-cert.pem"), testing::StartsWith("-----BEGIN CERTIFICATE"));
  EXPECT_THAT(f.shell.read("certs/pump-07-key.pem"), HasSubstr("PRIVATE KEY"));
  EXPECT_NE(f.shell.run({"hub", "device-identity", "create", "-d", "pump-07", "--od", "certs"}).status, 0)
      << "a key is never written over";
  EXPECT_EQ(f.stub.asked().size(), 1u);
}

TEST(IdentityCommands, SwapExchangesTheKeys) {
  Fixture f{
      echo(R"({"deviceId":"d","authentication":{"symmetricKey":{"primaryKey":"P","secondaryKey":"S"}}})")};
  ASSERT_EQ(f.shell.run({"hub", "device-identity", "renew-key", "-d", "d", "--kt", "swap"}).status, 0);
  EXPECT_THAT(f.stub.asked().at(1).body, HasSubstr(R"({"primaryKey":"S","secondaryKey":"P"})"));
}

TEST(IdentityCommands, RenewAllGoesInBatchesAndSaysWhatFailed) {
  Fixture f{[](const Asked& asked) {
    if (asked.target.starts_with("/devices/query")) {
      Json twins = Json::array();
      for (int i = 0; i < 150; ++i)
        twins.push_back(Json{{"deviceId", fmt::format("d{}", i)},
                             {"authenticationType", i == 0 ? "certificateAuthority" : "sas"}});
      return Answer{.body = dump(twins)};
    }
    return Answer{.status = 207, .body = R"({"policyKey":"both","rotatedKeys":[{"id":"d1"}],
                              "errors":[{"id":"d2","errorCode":"DeviceNotFound","errorStatus":"gone"}]})"};
  }};
  const auto outcome = f.shell.run({"hub", "device-identity", "renew-key", "-d", "*", "--kt", "both"});
  EXPECT_EQ(outcome.status, 1) << "not all was done";
  EXPECT_THAT(outcome.err, HasSubstr("d2: gone"));
  ASSERT_EQ(f.stub.asked().size(), 3u);
  EXPECT_EQ(Json::parse(f.stub.asked()[1].body)["devices"].size(), 100u);
  EXPECT_EQ(Json::parse(f.stub.asked()[2].body)["devices"].size(), 49u) << "those with keys only";
}

TEST(IdentityCommands, WhenNothingWasRenewedTheFirstReasonIsSaid) {
  Fixture f{[](const Asked&) {
    return Answer{.status = 400, .body = R"({"policyKey":"both","rotatedKeys":[],
                              "errors":[{"id":"d","errorCode":"DeviceNotFound","errorStatus":"hub h has no d"}]})"};
  }};
  const auto outcome = f.shell.run({"hub", "device-identity", "renew-key", "-d", "d", "--kt", "both"});
  EXPECT_EQ(outcome.status, 5);
  EXPECT_THAT(outcome.err, HasSubstr("hub h has no d"));
}

TEST(IdentityCommands, ConnectionStringsAreAzs) {
  struct Row {
    const char* identity;
    std::vector<std::string> words;
    const char* text;
  };
  constexpr const char* kSas =
      R"({"authentication":{"type":"sas","symmetricKey":{"primaryKey":"P","secondaryKey":"S"}}})";
  for (const Row& row : std::vector<Row>{
           {kSas,
            {"device-identity", "-d", "d"},
            "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=P\n"},
           {kSas,
            {"device-identity", "-d", "d", "--kt", "secondary"},
            "HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=S\n"},
           {R"({"authentication":{"type":"selfSigned"}})",
            {"device-identity", "-d", "d"},
            "HostName=h.azure-devices.net;DeviceId=d;x509=true\n"},
           {kSas,
            {"module-identity", "-d", "d", "-m", "m"},
            "HostName=h.azure-devices.net;DeviceId=d;ModuleId=m;SharedAccessKey=P\n"},
       }) {
    Fixture f{echo(row.identity)};
    std::vector<std::string> words{"hub", row.words[0], "connection-string", "show", "-o", "tsv"};
    words.insert(words.end(), row.words.begin() + 1, row.words.end());
    EXPECT_EQ(f.shell.run(words).out, row.text);
  }
}

/// Devices by name: an edge device `gate-way`, and what else a test has.
StubService::Script family(std::map<std::string, Json> others) {
  return [others = std::move(others)](const Asked& asked) {
    if (asked.method == "PUT") return Answer{.body = asked.body};
    if (asked.method == "POST") return Answer{.body = R"([{"deviceId":"leaf"}])"};
    const std::string name = asked.target.substr(9, asked.target.find('?') - 9);
    if (const auto found = others.find(name); found != others.end())
      return Answer{.body = dump(found->second)};
    return Answer{
        .body = fmt::format(R"({{"deviceId":"{}","capabilities":{{"iotEdge":true}},"deviceScope":"{}"}})",
                            name, kScope)};
  };
}

Json leaf(std::string_view scope) {
  Json device{{"deviceId", "leaf"}, {"etag", "E"}, {"capabilities", {{"iotEdge", false}}}};
  device["deviceScope"] = scope.empty() ? Json() : Json(scope);
  device["parentScopes"] = scope.empty() ? Json::array() : Json::array({scope});
  return device;
}

TEST(IdentityFamily, ChildrenAndParentsAreScopes) {
  Fixture f{family({{"leaf", leaf("")}})};
  const auto outcome =
      f.shell.run({"hub", "device-identity", "children", "add", "-d", "gate-way", "--cl", "leaf"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Asked put = f.stub.asked().back();
  EXPECT_EQ(put.if_match, "\"E\"");
  EXPECT_EQ(text_at(Json::parse(put.body), "deviceScope"), kScope);
  EXPECT_EQ(Json::parse(put.body)["parentScopes"], Json::array({kScope}));

  EXPECT_EQ(f.shell.run({"hub", "device-identity", "children", "list", "-d", "gate-way"}).out,
            "[\n  \"leaf\"\n]\n");
  EXPECT_THAT(f.stub.asked().back().body,
              HasSubstr(fmt::format("array_contains(parentScopes, '{}')", kScope)));
}

TEST(IdentityFamily, AChildOfAnotherIsMovedByForceOnly) {
  const std::vector<std::string> words{"hub",  "device-identity", "parent", "set", "-d", "leaf",
                                       "--pd", "gate-way"};
  Fixture f{family({{"leaf", leaf("ms-azure-iot-edge://other-1")}})};
  EXPECT_EQ(f.shell.run(words).status, 2);
  std::vector<std::string> forced = words;
  forced.push_back("--force");
  EXPECT_EQ(f.shell.run(forced).status, 0);
}

TEST(IdentityFamily, RemoveDetachesAndShowNamesTheParent) {
  Fixture f{family({{"leaf", leaf(kScope)}})};
  const auto shown = f.shell.run({"hub", "device-identity", "parent", "show", "-d", "leaf"});
  EXPECT_THAT(shown.out, HasSubstr("\"gate-way\"")) << "the id holds a dash itself";
  ASSERT_EQ(f.shell.run({"hub", "device-identity", "children", "remove", "-d", "gate-way", "-a"}).status, 0);
  EXPECT_EQ(Json::parse(f.stub.asked().back().body)["parentScopes"], Json::array());
  EXPECT_EQ(text_at(Json::parse(f.stub.asked().back().body), "deviceScope"), "");
}

}  // namespace
}  // namespace muster::cli
