#include "gateway/rest/tests/world.hpp"
#include "protocol/hub/sas_token.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

/// Identities of devices and modules, alone and in bulk, end to end. Source of every fact, where a row names
/// no other: service/04 sections 4.1 to 4.3 and 4.9.
namespace muster::rest {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAny = "If-Match: \"*\"\r\n";
constexpr const char* kKey = "MDEyMzQ1Njc4OWFiY2RlZg==";
constexpr const char* kOtherKey = "ZmVkY2JhOTg3NjU0MzIxMA==";

class EndedSession final : public hub::LiveSession {
 public:
  std::optional<Error> reason;
  void end(Error why) override { reason = std::move(why); }
  WallTime last_activity() const override { return {}; }
};

class IdentityApi : public testing::Test {
 protected:
  json put(const std::string& path, const json& body, const char* headers = "") {
    const Answer answer = world.ask_hub("PUT", path, body.dump(), headers);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  json get(const std::string& path) { return json::parse(world.ask_hub("GET", path).body, nullptr, false); }
  json make(const std::string& id, json more = json::object()) {
    more["deviceId"] = id;
    return put("/devices/" + id, more);
  }
  json make_edge(const std::string& id) { return make(id, {{"capabilities", {{"iotEdge", true}}}}); }
  json make_module(const std::string& device, const std::string& module) {
    return put("/devices/" + device + "/modules/" + module, {{"deviceId", device}, {"moduleId", module}});
  }
  std::shared_ptr<EndedSession> connected(const std::string& device, const std::string& module = "") {
    const auto session = std::make_shared<EndedSession>();
    const hub::SessionKey key{world.hub, *DeviceId::parse(device), module};
    const auto admission = world.loop.run(world.sessions.admit(key));
    EXPECT_TRUE(world.loop.run(world.sessions.claim(*admission, session)));
    return session;
  }
  json bulk(const json& items, int status) {
    const Answer answer = world.ask_hub("POST", "/devices", items.dump());
    EXPECT_EQ(answer.status, status) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  /// Braces around one item alone would be a copy of it and no list.
  json bulk_one(const json& item, int status) { return bulk(json::array({item}), status); }
  std::string etag_of(const std::string& path) { return get(path)["etag"]; }

  World world;
};

TEST_F(IdentityApi, AModuleIsMadeShownListedChangedAndDeleted) {
  make("d");
  const json made = make_module("d", "m");
  EXPECT_EQ(made["authentication"]["type"], "sas");
  EXPECT_TRUE(made["authentication"]["symmetricKey"]["primaryKey"].is_string());
  EXPECT_FALSE(made.contains("status")) << "a module has none";
  EXPECT_EQ(get("/devices/d/modules/m"), made);
  EXPECT_EQ(get("/devices/d/modules"), json::array({made}));
  EXPECT_EQ(get("/twins/d/modules/m")["moduleId"], "m");
  const json thumbprint = {{"type", "selfSigned"},
                           {"x509Thumbprint", {{"primaryThumbprint", std::string(40, 'A')}}}};
  const json changed = put("/devices/d/modules/m",
                           {{"deviceId", "d"}, {"moduleId", "m"}, {"authentication", thumbprint}}, kAny);
  EXPECT_EQ(changed["authentication"]["type"], "selfSigned");
  EXPECT_EQ(changed["generationId"], made["generationId"]);
  EXPECT_NE(changed["etag"], made["etag"]);
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/d/modules/m", "", kAny).status, 204);
  EXPECT_EQ(get("/devices/d/modules"), json::array());
}

TEST_F(IdentityApi, ErrorsOfModulesHaveTheirForm) {
  make("d");
  make_module("d", "m");
  struct Row {
    const char *name, *method, *target, *body, *headers;
    int status, code;
    const char* header;
  };
  constexpr const char* kModule = R"({"deviceId":"d","moduleId":"m"})";
  for (const Row& row : std::vector<Row>{
           {"create twice", "PUT", "/devices/d/modules/m", kModule, "", 409, 409301,
            "ModuleAlreadyExistsOnDevice"},
           {"other etag", "PUT", "/devices/d/modules/m", kModule, "If-Match: \"x\"\r\n", 412, 412001,
            "PreconditionFailed"},
           {"update of none", "PUT", "/devices/d/modules/n", R"({"deviceId":"d","moduleId":"n"})", kAny, 404,
            404010, "ModuleNotFound"},
           {"none", "GET", "/devices/d/modules/n", "", "", 404, 404010, "ModuleNotFound"},
           {"delete without etag", "DELETE", "/devices/d/modules/m", "", "", 412, 412001,
            "PreconditionFailed"},
           {"no such device", "GET", "/devices/x/modules/m", "", "", 404, 404001, "DeviceNotFound"},
           {"no such device to list", "GET", "/devices/x/modules", "", "", 404, 404001, "DeviceNotFound"},
           {"system module", "PUT", "/devices/d/modules/$edgeAgent",
            R"({"deviceId":"d","moduleId":"$edgeAgent"})", "", 400, 400004, "ArgumentInvalid"},
           {"other name", "PUT", "/devices/d/modules/m", R"({"deviceId":"d","moduleId":"n"})", "", 400,
            400004, "ArgumentInvalid"},
           {"bad id", "GET", "/devices/d/modules/a%20b", "", "", 400, 400004, "ArgumentInvalid"},
           {"no JSON", "PUT", "/devices/d/modules/m", "{", "", 400, 400006, "IotHubFormatError"},
       }) {
    Answer answer = world.ask_hub(row.method, row.target, row.body, row.headers);
    EXPECT_EQ(answer.status, row.status) << row.name << ": " << answer.body;
    EXPECT_EQ(answer.headers["iothub-errorcode"], row.header) << row.name;
    const json body = json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body["errorCode"], row.code) << row.name << ": " << answer.body;
    EXPECT_TRUE(body.contains("message") && body.contains("trackingId") && body.contains("timestampUtc"));
    EXPECT_FALSE(body.contains("Message")) << "form B, not A: " << row.name;
  }
}

TEST_F(IdentityApi, ADeviceHas20ModulesOfItsOwn) {
  make_edge("d");
  for (int i = 0; i < 20; ++i) make_module("d", fmt::format("m{}", i));
  Answer answer =
      world.ask_hub("PUT", "/devices/d/modules/one-more", R"({"deviceId":"d","moduleId":"one-more"})");
  EXPECT_EQ(answer.status, 413) << answer.body;
  EXPECT_EQ(answer.headers["iothub-errorcode"], "TooManyModulesOnDevice");
  EXPECT_THAT(answer.body, HasSubstr("413003"));
  EXPECT_EQ(get("/devices/d/modules").size(), 22u) << "$edgeAgent and $edgeHub are not counted";
  put("/devices/d/modules/m3", {{"deviceId", "d"}, {"moduleId", "m3"}}, kAny);
}

TEST_F(IdentityApi, UnderATokenModulesOfAMissingOrDisabledDeviceAreUnauthorized) {
  // service/01 section 1.4, live.
  make("off", {{"status", "disabled"}});
  EXPECT_EQ(world.ask_hub("GET", "/devices/off/modules").status, 200) << "the control socket may see";
  ASSERT_TRUE(world.write([&](registry::Store& store) {
    return store.services().put_policy({ServiceKind::hub, world.hub},
                                       {"all", "YWxs", "YWxsMg==", {"RegistryRead", "RegistryWrite"}});
  }));
  const auto now =
      std::chrono::floor<std::chrono::seconds>(world.loop.clock.wall()).time_since_epoch().count();
  const hub::SasGrant grant{"my-hub.azure-devices.net", "YWxs", now + 600, "all"};
  const std::string token = "Authorization: " + hub::format_sas_token(grant).value() + "\r\n";
  world.connection->close();
  world.connect(Caller{false, "network"});
  for (const char* device : {"off", "missing"}) {
    for (const char* path : {"/modules", "/modules/m"}) {
      Answer answer = world.ask_hub("GET", fmt::format("/devices/{}{}", device, path), "", token);
      EXPECT_EQ(answer.status, 401) << device << path << answer.body;
      EXPECT_EQ(answer.headers["iothub-errorcode"], "IotHubUnauthorizedAccess");
      EXPECT_THAT(answer.body, HasSubstr("401002"));
    }
  }
  EXPECT_EQ(world.ask_hub("GET", "/devices/missing", "", token).status, 404) << "devices themselves say so";
}

TEST_F(IdentityApi, AnEdgeDeviceHasItsModulesWhileItIsOne) {
  const json edge = make_edge("e");
  EXPECT_THAT(edge["deviceScope"].get<std::string>(), testing::StartsWith("ms-azure-iot-edge://e-"));
  const json modules = get("/devices/e/modules");
  ASSERT_EQ(modules.size(), 2u);
  EXPECT_EQ(modules[0]["moduleId"], "$edgeAgent");
  EXPECT_EQ(modules[1]["moduleId"], "$edgeHub");
  EXPECT_EQ(modules[0]["authentication"]["type"], "none");
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/e/modules/$edgeHub", "", kAny).status, 400);
  json leaf = edge;
  leaf["capabilities"]["iotEdge"] = false;
  const json changed = put("/devices/e", leaf, kAny);
  EXPECT_TRUE(changed["deviceScope"].is_null()) << "its own scope goes with being one";
  EXPECT_EQ(get("/devices/e/modules"), json::array());
}

TEST_F(IdentityApi, ParentsAreScopes) {
  const std::string top = make_edge("top")["deviceScope"];
  const std::string middle_scope = make_edge("middle")["deviceScope"];
  const json leaf = make("leaf", {{"deviceScope", middle_scope}});
  EXPECT_EQ(leaf["parentScopes"], json::array({middle_scope})) << "filled by the service";

  const auto edge = [&](const json& scope, const json& parents) {
    return json{{"deviceId", "middle"},
                {"capabilities", {{"iotEdge", true}}},
                {"deviceScope", scope},
                {"parentScopes", parents}};
  };
  EXPECT_EQ(put("/devices/middle", edge(middle_scope, json::array({top})), kAny)["parentScopes"],
            json::array({top}));
  struct Row {
    const char* name;
    std::string path;
    json body;
    const char* reason;
  };
  const std::string nowhere = "ms-azure-iot-edge://nobody-1";
  for (const Row& row : std::vector<Row>{
           {"own scope not given back", "/devices/middle", edge("", json::array()), "deviceScope: "},
           {"own scope changed", "/devices/middle", edge(nowhere, json::array()), "deviceScope: "},
           {"its own parent", "/devices/middle", edge(middle_scope, json::array({middle_scope})),
            "would be its own parent"},
           {"a circle",
            "/devices/top",
            {{"deviceId", "top"},
             {"capabilities", {{"iotEdge", true}}},
             {"deviceScope", top},
             {"parentScopes", json::array({middle_scope})}},
            "would be its own parent"},
           {"no such parent", "/devices/middle", edge(middle_scope, json::array({nowhere})),
            "parentScopes: "},
           {"a leaf's parent is nobody",
            "/devices/leaf",
            {{"deviceId", "leaf"}, {"deviceScope", nowhere}},
            "deviceScope: "},
           {"a leaf's two members differ",
            "/devices/leaf",
            {{"deviceId", "leaf"}, {"deviceScope", middle_scope}, {"parentScopes", json::array({top})}},
            "parentScopes: "},
       }) {
    const Answer answer = world.ask_hub("PUT", row.path, row.body.dump(), kAny);
    EXPECT_EQ(answer.status, 400) << row.name << ": " << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(row.reason)) << row.name;
  }
  EXPECT_EQ(put("/devices/middle", edge(middle_scope, json::array()), kAny)["parentScopes"], json::array())
      << "an empty list detaches";
  EXPECT_TRUE(put("/devices/leaf", {{"deviceId", "leaf"}}, kAny)["deviceScope"].is_null());
  // What it was given stays good for an update, although the parent is gone.
  put("/devices/leaf", {{"deviceId", "leaf"}, {"deviceScope", top}}, kAny);
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/top", "", kAny).status, 204);
  put("/devices/leaf", get("/devices/leaf"), kAny);
}

TEST_F(IdentityApi, SessionsEndWithWhatTheyStoodOn) {
  const json keys = {{"type", "sas"}, {"symmetricKey", {{"primaryKey", kKey}, {"secondaryKey", kOtherKey}}}};
  const auto with = [](const char* first, const char* second) {
    return json{{"deviceId", "d"},
                {"authentication",
                 {{"type", "sas"}, {"symmetricKey", {{"primaryKey", first}, {"secondaryKey", second}}}}}};
  };
  make("d", {{"authentication", keys}});
  make_module("d", "m");
  auto device = connected("d");
  auto module = connected("d", "m");

  put("/devices/d", with(kOtherKey, kKey), kAny);
  EXPECT_FALSE(device->reason) << "both keys are there still";
  put("/devices/d", with(kOtherKey, kOtherKey), kAny);
  ASSERT_TRUE(device->reason) << "one is gone";
  EXPECT_THAT(device->reason->reason(), HasSubstr("the credential of device d was changed"));
  EXPECT_FALSE(module->reason) << "a module has keys of its own";

  put("/devices/d/modules/m", {{"deviceId", "d"}, {"moduleId", "m"}}, kAny);
  ASSERT_TRUE(module->reason) << "leaving authentication out mints new keys";

  device = connected("d");
  module = connected("d", "m");
  json disabled = with(kOtherKey, kOtherKey);
  disabled["status"] = "disabled";
  put("/devices/d", disabled, kAny);
  ASSERT_TRUE(device->reason && module->reason) << "a module has no status: its device's decides";
  EXPECT_EQ(module->reason->code(), ErrorCode::device_disabled);

  module = connected("d", "m");
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/d/modules/m", "", kAny).status, 204);
  ASSERT_TRUE(module->reason);
  EXPECT_THAT(module->reason->reason(), HasSubstr("module d/m was deleted"));

  make_module("d", "m");
  module = connected("d", "m");
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/d", "", kAny).status, 204);
  ASSERT_TRUE(module->reason);
  EXPECT_FALSE(world.sessions.state({world.hub, *DeviceId::parse("d"), "m"}))
      << "nothing of it is remembered";
}

TEST_F(IdentityApi, NothingIsQueuedForADevice) {
  make("d");
  const Answer answer = world.ask_hub("DELETE", "/devices/d/commands");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"deviceId":"d","moduleId":null,"totalMessagesPurged":0})");
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/x/commands").status, 404);
}

TEST_F(IdentityApi, BulkModes) {
  struct Row {
    const char* mode;
    bool exists;        ///< Whether the device is there before.
    const char* etag;   ///< "=": the one that it has; else as it stands.
    const char* fault;  ///< Empty: it succeeds.
    bool there_after;
  };
  for (const Row& row : std::vector<Row>{
           {"create", false, "", "", true},
           {"create", true, "", "DeviceAlreadyExists", true},
           {"Create", false, "", "", true},
           {"CREATEORUPDATE", false, "", "", true},
           {"createOrUpdate", true, "", "", true},
           {"Update", true, "", "", true},
           {"update", false, "", "DeviceNotFound", false},
           {"updateIfMatchETag", true, "=", "", true},
           {"updateIfMatchETag", true, "*", "", true},
           {"updateIfMatchETag", true, "x", "PreconditionFailed", true},
           {"updateIfMatchETag", true, "", "PreconditionFailed", true},
           {"updateIfMatchETag", false, "x", "DeviceNotFound", false},
           {"createOrUpdateIfMatchETag", false, "x", "", true},
           {"createOrUpdateIfMatchETag", true, "x", "PreconditionFailed", true},
           {"createOrUpdateIfMatchETag", true, "=", "", true},
           {"Delete", true, "", "", false},
           {"delete", false, "", "DeviceNotFound", false},
           {"deleteIfMatchETag", true, "=", "", false},
           {"deleteIfMatchETag", true, "x", "PreconditionFailed", true},
           {"updateTwin", true, "", "", true},
           {"updateTwin", false, "", "DeviceNotFound", false},
           {"replace", false, "", "ArgumentInvalid", false},
       }) {
    World fresh;
    if (row.exists) fresh.ask_hub("PUT", "/devices/d", R"({"deviceId":"d"})");
    json item{{"id", "d"}, {"importMode", row.mode}};
    if (*row.etag != '\0') {
      const json now = json::parse(fresh.ask_hub("GET", "/devices/d").body, nullptr, false);
      item["eTag"] = *row.etag == '=' ? now["etag"] : json(row.etag);
    }
    const Answer answer = fresh.ask_hub("POST", "/devices", json::array({item}).dump());
    const std::string what =
        fmt::format("{} exists={} etag={}: {}", row.mode, row.exists, row.etag, answer.body);
    EXPECT_EQ(answer.status, *row.fault == '\0' ? 200 : 400) << what;
    const json body = json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body["isSuccessful"], *row.fault == '\0') << what;
    EXPECT_EQ(body["warnings"], json::array());
    if (*row.fault != '\0') {
      ASSERT_EQ(body["errors"].size(), 1u) << what;
      EXPECT_EQ(body["errors"][0]["deviceId"], "d") << what;
      EXPECT_EQ(body["errors"][0]["errorCode"], row.fault) << what;
    }
    EXPECT_EQ(fresh.ask_hub("GET", "/devices/d").status, row.there_after ? 200 : 404) << what;
  }
}

TEST_F(IdentityApi, BulkReportsEachItemAndKeepsTheGood) {
  make("there");
  const json answer = bulk({{{"id", "a"}, {"importMode", "create"}},
                            {{"id", "there"}, {"importMode", "create"}},
                            {{"id", "b"}, {"status", 7}},
                            {{"id", "c d"}},
                            {{"importMode", "create"}},
                            {{"id", "a"}},
                            7,
                            {{"id", "e"}, {"moduleId", "m"}, {"importMode", "create"}},
                            {{"id", "a"}, {"moduleId", "m"}, {"importMode", "create"}}},
                           400);
  std::vector<std::string> faults;
  for (const json& error : answer["errors"]) {
    faults.push_back(fmt::format("{}/{} {}", error["deviceId"].dump(), error["moduleId"].dump(),
                                 error["errorCode"].get<std::string>()));
  }
  EXPECT_THAT(faults,
              testing::ElementsAre(R"("there"/null DeviceAlreadyExists)", R"("b"/null ArgumentInvalid)",
                                   R"("c d"/null ArgumentInvalid)", "null/null ArgumentInvalid",
                                   R"("a"/null DeviceDefinedMultipleTimes)", "null/null ArgumentInvalid",
                                   R"("e"/"m" DeviceNotFound)"));
  EXPECT_THAT(answer["errors"][1]["errorStatus"].get<std::string>(), HasSubstr("[2].status: a string"));
  EXPECT_EQ(get("/devices/a/modules/m")["moduleId"], "m") << "a device and its module in one request";
}

TEST_F(IdentityApi, BulkBodiesThatAreNone) {
  json many = json::array();
  for (int i = 0; i < 101; ++i) many.push_back({{"id", fmt::format("d{}", i)}});
  struct Row {
    std::string body;
    const char* text;
  };
  for (const Row& row : {Row{many.dump(), "101 items found, 1 to 100 wanted"}, Row{"[]", "0 items found"},
                         Row{"{}", "an array is wanted"}, Row{"[", "not JSON"}}) {
    const Answer answer = world.ask_hub("POST", "/devices", row.body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr(row.text));
  }
  many.erase(many.begin());
  bulk(many, 200);
  EXPECT_EQ(get("/statistics/devices")["totalDeviceCount"], 100);
}

TEST_F(IdentityApi, ABulkRequestIsOneWrite) {
  json items = json::array();
  for (int i = 0; i < 100; ++i) items.push_back({{"id", fmt::format("d{}", i)}});
  const auto before = world.registry->figures().writes;
  bulk(items, 200);
  EXPECT_EQ(world.registry->figures().writes, before + 1);
}

TEST_F(IdentityApi, BulkCarriesTwins) {
  const auto item = [](const char* mode, json tags, json desired) {
    return json{{"id", "d"},
                {"importMode", mode},
                {"tags", std::move(tags)},
                {"properties", {{"desired", std::move(desired)}}}};
  };
  bulk_one(item("create", {{"site", "a"}, {"row", 1}}, {{"rate", 5}}), 200);
  json twin = get("/twins/d");
  EXPECT_EQ(twin["tags"], json({{"site", "a"}, {"row", 1}}));
  EXPECT_EQ(twin["properties"]["desired"]["rate"], 5);
  EXPECT_EQ(twin["properties"]["desired"]["$version"], 1) << "it began so";

  bulk_one(item("updateTwin", {{"row", nullptr}}, {{"mode", "x"}}), 200);
  twin = get("/twins/d");
  EXPECT_EQ(twin["tags"], json({{"site", "a"}})) << "merged, as .NET's UpdateTwins2Async does";
  EXPECT_EQ(twin["properties"]["desired"]["rate"], 5);
  EXPECT_EQ(twin["properties"]["desired"]["mode"], "x");

  json guarded = item("updateTwinIfMatchETag", {{"site", "b"}}, json::object());
  EXPECT_EQ(bulk_one(guarded, 400)["errors"][0]["errorCode"], "PreconditionFailed") << "no etag at all";
  guarded["twinETag"] = "AAAAAAAAAAE=";
  EXPECT_EQ(bulk_one(guarded, 400)["errors"][0]["errorCode"], "PreconditionFailed") << "it has moved";
  guarded["twinETag"] = twin["etag"];
  bulk_one(guarded, 200);
  EXPECT_EQ(get("/twins/d")["tags"]["site"], "b");

  const std::string before = etag_of("/devices/d");
  json update = item("update", {{"site", "c"}}, json::object());
  update["twinETag"] = "stale";
  EXPECT_EQ(bulk_one(update, 400)["errors"][0]["errorCode"], "PreconditionFailed");
  EXPECT_EQ(etag_of("/devices/d"), before) << "a failed item leaves nothing behind";

  EXPECT_EQ(bulk_one({{"id", "n"}, {"tags", {{"a.b", 1}}}}, 400)["errors"][0]["errorCode"],
            "ArgumentInvalid");
  bulk_one({{"id", "d"}, {"moduleId", "m"}, {"importMode", "create"}, {"tags", {{"t", 1}}}}, 200);
  EXPECT_EQ(get("/twins/d/modules/m")["tags"]["t"], 1);
}

TEST_F(IdentityApi, BulkEndsSessions) {
  for (const char* id : {"a", "b", "c"}) make(id);
  const auto deleted = connected("a"), disabled = connected("b"), kept = connected("c");
  json keep = get("/devices/c");
  bulk({{{"id", "a"}, {"importMode", "delete"}},
        {{"id", "b"}, {"importMode", "update"}, {"status", "disabled"}},
        {{"id", "c"}, {"importMode", "update"}, {"authentication", keep["authentication"]}}},
       200);
  ASSERT_TRUE(deleted->reason && disabled->reason);
  EXPECT_EQ(deleted->reason->code(), ErrorCode::device_not_found);
  EXPECT_EQ(disabled->reason->code(), ErrorCode::device_disabled);
  EXPECT_FALSE(kept->reason);
}

TEST_F(IdentityApi, KeysAreMadeAnew) {
  struct Row {
    const char* policy_key;
    bool primary_changes, secondary_changes;
  };
  make("d");
  make_module("d", "m");
  for (const Row& row : {Row{"primaryKey", true, false}, Row{"secondaryKey", false, true},
                         Row{"both", true, true}, Row{"PRIMARYKEY", true, false}}) {
    for (const json& owner : {json{{"id", "d"}}, json{{"id", "d"}, {"moduleId", "m"}}}) {
      const std::string path = owner.contains("moduleId") ? "/devices/d/modules/m" : "/devices/d";
      const json before = get(path)["authentication"]["symmetricKey"];
      const json asked{{"policyKey", row.policy_key}, {"devices", json::array({owner})}};
      const Answer answer = world.ask_hub("POST", "/devices/keys/regenerate", asked.dump());
      ASSERT_EQ(answer.status, 200) << answer.body;
      const json after = get(path)["authentication"]["symmetricKey"];
      EXPECT_EQ(after["primaryKey"] != before["primaryKey"], row.primary_changes) << row.policy_key;
      EXPECT_EQ(after["secondaryKey"] != before["secondaryKey"], row.secondary_changes) << row.policy_key;
      const json rotated = json::parse(answer.body)["rotatedKeys"][0];
      EXPECT_EQ(rotated["id"], "d");
      EXPECT_EQ(rotated["primaryKey"], after["primaryKey"]);
      EXPECT_EQ(rotated["secondaryKey"], after["secondaryKey"]);
    }
  }
}

TEST_F(IdentityApi, KeyRotationReportsEachDevice) {
  make("d");
  make("x509", {{"authentication", {{"type", "certificateAuthority"}}}});
  const auto ask = [&](const json& devices) {
    return world.ask_hub("POST", "/devices/keys/regenerate",
                         json{{"policyKey", "both"}, {"devices", devices}}.dump());
  };
  const auto session = connected("d");
  const Answer some =
      ask({{{"id", "d"}}, {{"id", "x509"}}, {{"id", "gone"}}, {{"id", "d"}, {"moduleId", "m"}}});
  EXPECT_EQ(some.status, 207) << some.body;
  const json body = json::parse(some.body);
  EXPECT_EQ(body["policyKey"], "both");
  EXPECT_EQ(body["rotatedKeys"].size(), 1u);
  ASSERT_EQ(body["errors"].size(), 3u);
  EXPECT_EQ(body["errors"][0]["errorCode"], "ArgumentInvalid");
  EXPECT_EQ(body["errors"][1]["errorCode"], "DeviceNotFound");
  EXPECT_EQ(body["errors"][2]["errorCode"], "ModuleNotFound");
  EXPECT_TRUE(session->reason) << "who had connected with the old key is disconnected";
  EXPECT_EQ(ask(json::array({json{{"id", "gone"}}})).status, 400);
  struct Row {
    const char *body, *text;
  };
  for (const Row& row :
       {Row{R"({"policyKey":"third","devices":[{"id":"d"}]})", "policyKey: "},
        Row{R"({"devices":[{"id":"d"}]})", "policyKey: is missing"},
        Row{R"({"policyKey":"both"})", "devices: is missing"},
        Row{R"({"policyKey":"both","devices":[]})", "devices: 0 items"},
        Row{R"({"policyKey":"both","devices":[{"moduleId":"m"}]})", "devices[0].id: is missing"},
        Row{R"({"policyKey":"both","devices":[7]})", "devices[0]: an object"}}) {
    const Answer answer = world.ask_hub("POST", "/devices/keys/regenerate", row.body);
    EXPECT_EQ(answer.status, 400) << row.body;
    EXPECT_THAT(answer.body, HasSubstr(row.text));
  }
}

}  // namespace
}  // namespace muster::rest
