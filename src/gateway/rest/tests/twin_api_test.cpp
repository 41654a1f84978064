#include "gateway/rest/tests/world.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ToldSession final : public hub::LiveSession {
 public:
  void end(Error) override {}
  WallTime last_activity() const override { return {}; }
  void tell(std::shared_ptr<const hub::DesiredChange> change) override { patches.push_back(change->patch); }
  std::vector<std::string> patches;
};

/// protocol/service/04 sections 4.2 and 4.4.
class TwinApi : public testing::Test {
 protected:
  TwinApi() {
    EXPECT_EQ(world.ask_hub("PUT", "/devices/pump-07", R"({"deviceId":"pump-07"})").status, 200);
    const hub::SessionKey key{world.hub, *DeviceId::parse("pump-07"), ""};
    const auto admission = world.loop.run(world.sessions.admit(key));
    EXPECT_TRUE(*world.loop.run(world.sessions.claim(*admission, session)));
  }
  json patch(std::string_view body, std::string headers = "") {
    Answer answer =
        world.ask_hub("PATCH", "/twins/pump-07?api-version=2021-04-12", std::string{body}, headers);
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.headers["etag"], "\"" + json::parse(answer.body)["etag"].get<std::string>() + "\"");
    return json::parse(answer.body);
  }

  World world;
  std::shared_ptr<ToldSession> session = std::make_shared<ToldSession>();
};

TEST_F(TwinApi, ANewOneIsAsDocumented) {
  const json twin = json::parse(world.ask_hub("GET", "/twins/pump-07").body);
  EXPECT_EQ(twin["etag"], "AAAAAAAAAAE=");
  EXPECT_EQ(twin["deviceEtag"], json::parse(world.ask_hub("GET", "/devices/pump-07").body)["etag"]);
  EXPECT_EQ(twin["version"], 2);
  EXPECT_EQ(twin["properties"]["desired"]["$version"], 1);
  EXPECT_EQ(twin["properties"]["reported"]["$version"], 1);
  EXPECT_EQ(twin["connectionState"], "Connected");
}

TEST_F(TwinApi, PatchMergesDeletesByNullAndTellsTheDevice) {
  patch(R"({"tags":{"site":"b","room":4},"properties":{"desired":{"interval":5,"mode":"x"}}})");
  const json twin = patch(R"({"tags":{"room":null},"properties":{"desired":{"mode":null,"rate":2}}})");
  EXPECT_EQ(twin["tags"], json({{"site", "b"}}));
  EXPECT_EQ(twin["etag"], "AAAAAAAAAAM=");
  EXPECT_EQ(twin["version"], 4);
  const json& desired = twin["properties"]["desired"];
  EXPECT_EQ(desired["$version"], 3);
  EXPECT_EQ(desired["interval"], 5);
  EXPECT_FALSE(desired.contains("mode"));
  EXPECT_EQ(desired["$metadata"]["interval"]["$lastUpdatedVersion"], 2);
  EXPECT_EQ(desired["$metadata"]["rate"]["$lastUpdatedVersion"], 3);
  EXPECT_THAT(session->patches, testing::ElementsAre(R"({"$version":2,"interval":5,"mode":"x"})",
                                                     R"({"$version":3,"mode":null,"rate":2})"));
  EXPECT_EQ(json::parse(world.ask_hub("GET", "/twins/pump-07").body), twin);
}

TEST_F(TwinApi, PutReplacesTagsAndDesiredWhollyAndNotReported) {
  patch(R"({"tags":{"site":"b"},"properties":{"desired":{"interval":5,"mode":"x"}}})");
  const auto answer = world.ask_hub(
      "PUT", "/twins/pump-07",
      R"({"deviceId":"pump-07","properties":{"desired":{"mode":"y","$version":7},"reported":{"r":1}}})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json twin = json::parse(answer.body);
  EXPECT_EQ(twin["tags"], json::object());
  EXPECT_EQ(twin["properties"]["desired"]["mode"], "y");
  EXPECT_FALSE(twin["properties"]["desired"].contains("interval"));
  EXPECT_EQ(twin["properties"]["desired"]["$version"], 3);
  EXPECT_FALSE(twin["properties"]["reported"].contains("r"));
  EXPECT_EQ(session->patches.back(), R"({"$version":3,"interval":null,"mode":"y"})");
}

TEST_F(TwinApi, IfMatchMayBeLeftOutAndIsHeldTo) {
  struct Row {
    const char *method, *if_match;
    int status;
  };
  // The etag is AAAAAAAAAAE= until the first write that is let through.
  for (const Row& row : std::vector<Row>{{"PATCH", "\"AAAAAAAAAAI=\"", 412},
                                         {"PUT", "\"AAAAAAAAAAI=\"", 412},
                                         {"PATCH", "\"AAAAAAAAAAE=\"", 200},
                                         {"PUT", "AAAAAAAAAAI=", 200},
                                         {"PATCH", "*", 200},
                                         {"PUT", "\"*\"", 200},
                                         {"PATCH", "W/\"AAAAAAAAAAU=\"", 200},
                                         {"PATCH", "", 200}}) {
    SCOPED_TRACE(row.if_match);
    auto answer = world.ask_hub(row.method, "/twins/pump-07", R"({"tags":{"a":1}})",
                                fmt::format("If-Match: {}\r\n", row.if_match));
    EXPECT_EQ(answer.status, row.status) << answer.body;
    if (row.status == 412) {
      EXPECT_EQ(answer.headers["iothub-errorcode"], "PreconditionFailed");
    }
  }
}

TEST_F(TwinApi, ReportedPropertiesMoveNoEtag) {
  const hub::SessionKey key{world.hub, *DeviceId::parse("pump-07"), ""};
  ASSERT_TRUE(
      world.loop.run(world.twins.patch_reported(key, *hub::parse_reported_patch(R"({"battery":90})"))));
  const json twin = json::parse(world.ask_hub("GET", "/twins/pump-07").body);
  EXPECT_EQ(twin["properties"]["reported"]["battery"], 90);
  EXPECT_EQ(twin["properties"]["reported"]["$version"], 2);
  EXPECT_FALSE(twin["properties"]["reported"]["$metadata"]["battery"].contains("$lastUpdatedVersion"));
  EXPECT_EQ(twin["etag"], "AAAAAAAAAAE=");
  EXPECT_EQ(twin["version"], 3);
}

TEST_F(TwinApi, WhatIsWrongIsSaidInTheHubsForm) {
  struct Row {
    const char *target, *body;
    int status;
    const char *name, *text;
  };
  const std::string large =
      fmt::format(R"({{"tags":{{"a":"{0}","b":"{0}","c":"{0}"}}}})", std::string(4000, 's'));
  for (const Row& row :
       std::vector<Row>{{"/twins/nobody", "{}", 404, "DeviceNotFound", "has no device nobody"},
                        {"/twins/pump-07/modules/none", "{}", 404, "DeviceNotFound", "has no module none"},
                        {"/twins/a%20b", "{}", 400, "ArgumentInvalid", "device id"},
                        {"/twins/pump-07", "{", 400, "IotHubFormatError", "not JSON"},
                        {"/twins/pump-07", "[]", 400, "IotHubFormatError", "an object is wanted"},
                        {"/twins/pump-07", R"({"tags":1})", 400, "ArgumentInvalid", "tags: an object"},
                        {"/twins/pump-07", R"({"properties":{"desired":{"a":{"b c":1}}}})", 400,
                         "ArgumentInvalid", "properties.desired.a.b c: the key"},
                        {"/twins/pump-07", large.c_str(), 413, "MessageTooLarge", "8192 allowed"}}) {
    for (const char* method : {"PATCH", "PUT"}) {
      SCOPED_TRACE(fmt::format("{} {} {:.60}", method, row.target, row.body));
      auto answer = world.ask_hub(method, row.target, row.body);
      EXPECT_EQ(answer.status, row.status);
      EXPECT_EQ(answer.headers["iothub-errorcode"], row.name);
      EXPECT_THAT(answer.body, HasSubstr(std::string{"ErrorCode:"} + row.name)) << "form A (section 4.9)";
      EXPECT_THAT(answer.body, HasSubstr(row.text));
    }
  }
  EXPECT_TRUE(session->patches.empty());
}

TEST_F(TwinApi, AModuleHasItsOwn) {
  const ModuleIdentity module{
      .hub = world.hub, .device = *DeviceId::parse("pump-07"), .id = *ModuleId::parse("valve")};
  ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
    MUSTER_CHECK(store.modules().put(module, 0, nullptr));
    return {};
  }));
  const auto answer = world.ask_hub("PATCH", "/twins/pump-07/modules/valve",
                                    R"({"tags":{"t":1},"properties":{"desired":{"open":true}}})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const json twin = json::parse(answer.body);
  EXPECT_EQ(twin["deviceId"], "pump-07");
  EXPECT_EQ(twin["moduleId"], "valve");
  EXPECT_EQ(twin["connectionState"], "Disconnected") << "the module's, not the device's";
  EXPECT_EQ(twin["properties"]["desired"]["open"], true);
  EXPECT_EQ(json::parse(world.ask_hub("GET", "/twins/pump-07/modules/valve").body), twin);
  EXPECT_EQ(json::parse(world.ask_hub("GET", "/twins/pump-07").body)["tags"], json::object());
  EXPECT_TRUE(session->patches.empty());
}

}  // namespace
}  // namespace muster::rest
