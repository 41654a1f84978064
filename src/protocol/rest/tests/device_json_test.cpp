#include "protocol/rest/device_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace muster::rest {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const ServiceName kHub = *ServiceName::parse("my-hub");
const DeviceId kId = *DeviceId::parse("pump-07");
constexpr WallTime kNoon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + std::chrono::hours{12};
constexpr std::string_view kSha1 = "0123456789abcdef0123456789abcdef01234567";
constexpr std::string_view kKey = "MDEyMzQ1Njc4OWFiY2RlZg==";  // 16 bytes.

Result<DeviceIdentity> parse(const json& body) { return parse_device(body.dump(), kHub, kId); }

DeviceRecord record() {
  DeviceIdentity identity{kHub, kId, "638412", true, "", kNoon, {}, false, "", {}, kNoon, 1};
  identity.auth.type = DeviceAuthType::certificate_authority;
  return {identity, Twin{kHub, kId}};
}

TEST(DeviceJson, ReadsWhatTheCliSends) {
  // service/09 section 9.1.
  const auto sas = parse({{"deviceId", "pump-07"},
                          {"status", "enabled"},
                          {"authentication", {{"symmetricKey", json::object()}, {"type", "sas"}}},
                          {"capabilities", {{"iotEdge", false}}}});
  ASSERT_TRUE(sas) << sas.error().reason();
  EXPECT_EQ(sas->auth.type, DeviceAuthType::sas);
  EXPECT_TRUE(sas->auth.primary_key.empty()) << "the service makes the keys";
  EXPECT_TRUE(sas->enabled);

  const auto ca = parse({{"deviceId", "pump-07"},
                         {"authentication", {{"type", "certificateAuthority"}}},
                         {"status", "disabled"}});
  ASSERT_TRUE(ca) << ca.error().reason();
  EXPECT_EQ(ca->auth.type, DeviceAuthType::certificate_authority);
  EXPECT_FALSE(ca->enabled);

  const auto thumbprint =
      parse({{"deviceId", "pump-07"},
             {"authentication",
              {{"type", "selfSigned"},
               {"x509Thumbprint", {{"primaryThumbprint", kSha1}, {"secondaryThumbprint", nullptr}}}}}});
  ASSERT_TRUE(thumbprint) << thumbprint.error().reason();
  EXPECT_EQ(thumbprint->auth.primary_thumbprint, "0123456789ABCDEF0123456789ABCDEF01234567");
  EXPECT_TRUE(thumbprint->auth.secondary_thumbprint.empty());
}

TEST(DeviceJson, DefaultsAndWhatIsLeftOut) {
  const auto bare = parse({{"deviceId", "pump-07"}, {"unknownMember", 1}, {"etag", "x"}});
  ASSERT_TRUE(bare) << "unknown members are ignored: " << bare.error().reason();
  EXPECT_EQ(bare->auth.type, DeviceAuthType::sas);

  const auto changed = parse({{"deviceId", "pump-07"},
                              {"authentication",
                               {{"type", "certificateAuthority"},
                                {"symmetricKey", {{"primaryKey", kKey}, {"secondaryKey", kKey}}},
                                {"x509Thumbprint", {{"primaryThumbprint", kSha1}}}}}});
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->auth.primary_key.empty() && changed->auth.primary_thumbprint.empty())
      << "what does not belong to the type is not kept";
}

TEST(DeviceJson, RefusesByNameOfTheMember) {
  struct Row {
    const char* name;
    json body;
    ErrorCode code;
    std::string_view begins;
  };
  const std::string long_reason(129, 'x');
  const auto with = [](const char* key, json value) {
    return json{{"deviceId", "pump-07"}, {key, std::move(value)}};
  };
  const auto auth = [&](json value) { return with("authentication", std::move(value)); };
  const std::vector<Row> rows{
      {"no id", json::object(), ErrorCode::field_invalid, "deviceId: is missing"},
      {"other id", {{"deviceId", "pump-08"}}, ErrorCode::field_invalid, "deviceId: "},
      {"other case", {{"deviceId", "PUMP-07"}}, ErrorCode::field_invalid, "deviceId: "},
      {"id is a number", {{"deviceId", 7}}, ErrorCode::field_invalid, "deviceId: a string"},
      {"status", with("status", "on"), ErrorCode::field_invalid, "status: "},
      {"status reason", with("statusReason", long_reason), ErrorCode::field_invalid, "statusReason: "},
      {"authentication", auth("sas"), ErrorCode::field_invalid, "authentication: an object"},
      {"type", auth({{"type", "psk"}}), ErrorCode::field_invalid, "authentication.type: "},
      {"type none", auth({{"type", "none"}}), ErrorCode::field_invalid, "authentication.type: none"},
      {"one key", auth({{"symmetricKey", {{"primaryKey", kKey}}}}), ErrorCode::field_invalid,
       "authentication.symmetricKey.secondaryKey: is missing"},
      {"short key", auth({{"symmetricKey", {{"primaryKey", "AAAA"}, {"secondaryKey", kKey}}}}),
       ErrorCode::field_invalid, "authentication.symmetricKey.primaryKey: "},
      {"key not base64", auth({{"symmetricKey", {{"primaryKey", "!!"}, {"secondaryKey", kKey}}}}),
       ErrorCode::field_invalid, "authentication.symmetricKey.primaryKey: "},
      {"thumbprint", auth({{"type", "selfSigned"}, {"x509Thumbprint", {{"primaryThumbprint", "01:23"}}}}),
       ErrorCode::field_invalid, "authentication.x509Thumbprint.primaryThumbprint: "},
      {"no thumbprint", auth({{"type", "selfSigned"}}), ErrorCode::field_invalid,
       "authentication.x509Thumbprint.primaryThumbprint: is missing"},
      {"capabilities", with("capabilities", {{"iotEdge", "yes"}}), ErrorCode::field_invalid,
       "capabilities.iotEdge: "},
      {"scope", with("deviceScope", 1), ErrorCode::field_invalid, "deviceScope: "},
      {"scope is empty", with("parentScopes", json::array({""})), ErrorCode::field_invalid,
       "parentScopes[0]: "},
      {"scope is a number", with("parentScopes", json::array({1})), ErrorCode::field_invalid,
       "parentScopes[0]: "},
      {"two parents", with("parentScopes", json::array({"x", "y"})), ErrorCode::field_invalid,
       "parentScopes: holds more than one"},
      {"etag", with("etag", 1), ErrorCode::field_invalid, "etag: a string"},
      {"generation", with("generationId", 1), ErrorCode::field_invalid, "generationId: a string"},
      {"connection", with("connectionState", true), ErrorCode::field_invalid, "connectionState: a string"},
      {"status time", with("statusUpdatedTime", 1), ErrorCode::field_invalid, "statusUpdatedTime: a string"},
      {"activity", with("lastActivityTime", 1), ErrorCode::field_invalid, "lastActivityTime: a string"},
      {"message count", with("cloudToDeviceMessageCount", "1"), ErrorCode::field_invalid,
       "cloudToDeviceMessageCount: an integer"},
      {"keys", auth({{"symmetricKey", 1}}), ErrorCode::field_invalid,
       "authentication.symmetricKey: an object"},
      {"a key is a number", auth({{"symmetricKey", {{"primaryKey", 1}}}}), ErrorCode::field_invalid,
       "authentication.symmetricKey.primaryKey: a string"},
      {"long key",
       auth({{"symmetricKey",
              {{"primaryKey", std::string(88, 'A')}, {"secondaryKey", std::string(88, 'A')}}}}),
       ErrorCode::field_invalid, "authentication.symmetricKey.primaryKey: base64 of 16 to 64"},
      {"parents not array", with("parentScopes", "x"), ErrorCode::field_invalid, "parentScopes: "},
  };
  for (const auto& row : rows) {
    const auto parsed = parse(row.body);
    ASSERT_FALSE(parsed) << row.name;
    EXPECT_EQ(parsed.error().code(), row.code) << row.name;
    EXPECT_TRUE(parsed.error().reason().starts_with(row.begins))
        << row.name << ": " << parsed.error().reason();
  }
}

TEST(DeviceJson, ReasonsAreMeasuredInCharacters) {
  std::string reason;
  for (int i = 0; i < 128; ++i) reason += "\xC3\xA4";
  EXPECT_TRUE(parse({{"deviceId", "pump-07"}, {"statusReason", reason}}));
  EXPECT_FALSE(parse({{"deviceId", "pump-07"}, {"statusReason", reason + "x"}}));
}

TEST(DeviceJson, ScopesAreReadAndWritten) {
  const auto edge = parse({{"deviceId", "pump-07"},
                           {"capabilities", {{"iotEdge", true}}},
                           {"deviceScope", "own"},
                           {"parentScopes", json::array({"above"})}});
  ASSERT_TRUE(edge) << edge.error().reason();
  const auto body = json::parse(format_device(*edge, {}));
  EXPECT_EQ(body["deviceScope"], "own");
  EXPECT_EQ(body["parentScopes"], json::array({"above"}));
}

TEST(ModuleJson, ReadsAndWrites) {
  const ModuleId module = *ModuleId::parse("filter");
  const auto parse_it = [&](json body) { return parse_module(body.dump(), kHub, kId, module); };
  const auto none = parse_it({{"deviceId", "pump-07"},
                              {"moduleId", "filter"},
                              {"managedBy", "me"},
                              {"authentication", {{"type", "none"}}}});
  ASSERT_TRUE(none) << none.error().reason();
  EXPECT_EQ(none->auth.type, DeviceAuthType::sas) << "service/04 section 4.3: silently";
  const auto body = json::parse(format_module(*none, {}));
  EXPECT_EQ(body["moduleId"], "filter");
  EXPECT_EQ(body["managedBy"], "me");
  EXPECT_FALSE(body.contains("status"));
  EXPECT_TRUE(body["authentication"]["x509Thumbprint"]["primaryThumbprint"].is_null());
  struct Row {
    json body;
    std::string_view begins;
  };
  for (const Row& row :
       {Row{{{"deviceId", "pump-07"}}, "moduleId: is missing"},
        Row{{{"moduleId", "filter"}}, "deviceId: is missing"},
        Row{{{"deviceId", "pump-07"}, {"moduleId", "Filter"}}, "moduleId: "},
        Row{{{"deviceId", "pump-07"}, {"moduleId", "filter"}, {"managedBy", 1}}, "managedBy: a"},
        Row{{{"deviceId", "pump-07"}, {"moduleId", "filter"}, {"etag", 1}}, "etag: a"}}) {
    const auto parsed = parse_it(row.body);
    ASSERT_FALSE(parsed) << row.body;
    EXPECT_TRUE(parsed.error().reason().starts_with(row.begins)) << parsed.error().reason();
  }
}

TEST(DeviceJson, RefusesBodiesThatAreNotAnObject) {
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  for (const std::string& body :
       {std::string{}, std::string{"[]"}, std::string{"{"}, std::string{"{\"deviceId\":\"\xFF\"}"}, deep,
        std::string{"{\"a\":1e999}"}}) {
    const auto parsed = parse_device(body, kHub, kId);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().code(), ErrorCode::request_malformed) << body;
  }
}

TEST(DeviceJson, WritesEveryMemberThatTheCliIndexesInto) {
  const auto body = json::parse(format_device(record().identity, {}));
  EXPECT_TRUE(body["authentication"]["symmetricKey"]["primaryKey"].is_null());
  EXPECT_TRUE(body["authentication"]["symmetricKey"]["secondaryKey"].is_null());
  EXPECT_TRUE(body["authentication"]["x509Thumbprint"]["primaryThumbprint"].is_null());
  EXPECT_TRUE(body["authentication"]["x509Thumbprint"]["secondaryThumbprint"].is_null());
  EXPECT_EQ(body["authentication"]["type"], "certificateAuthority");
  EXPECT_EQ(body["capabilities"]["iotEdge"], false);
  EXPECT_EQ(body["connectionState"], "Disconnected");
  EXPECT_EQ(body["lastActivityTime"], "0001-01-01T00:00:00") << "service/04 section 4.3: when never";
  EXPECT_EQ(body["connectionStateUpdatedTime"], "0001-01-01T00:00:00");
  EXPECT_EQ(body["statusUpdatedTime"], "2026-11-25T12:00:00.0000000Z");
  EXPECT_TRUE(body["statusReason"].is_null());
  EXPECT_EQ(body["cloudToDeviceMessageCount"], 0);
  EXPECT_EQ(body["generationId"], "638412");

  const auto live = json::parse(format_device(record().identity, {true, kNoon, kNoon}));
  EXPECT_EQ(live["connectionState"], "Connected");
  EXPECT_EQ(live["lastActivityTime"], "2026-11-25T12:00:00.0000000Z");
}

TEST(DeviceJson, LastActivityIsOfThisDeviceOrNever) {
  struct Row {
    const char* name;
    std::optional<WallTime> seen;
    const char* written;
  };
  auto device = record();
  device.identity.created = kNoon;
  for (const Row& row : {Row{"nothing is known", std::nullopt, "0001-01-01T00:00:00"},
                         Row{"an earlier device of that name was there", kNoon - 1s, "0001-01-01T00:00:00"},
                         Row{"this one was", kNoon + 1s, "2026-11-25T12:00:01.0000000Z"}}) {
    const Connectivity known{.last_activity = row.seen};
    EXPECT_EQ(json::parse(format_device(device.identity, known))["lastActivityTime"], row.written)
        << row.name;
    EXPECT_EQ(json::parse(format_twin(device, known, TwinShape::twin))["lastActivityTime"], row.written)
        << row.name;
  }
}

TEST(DeviceJson, WhatIsWrittenCanBeSentBack) {
  auto identity = record().identity;
  identity.auth.type = DeviceAuthType::sas;
  identity.auth.primary_key = identity.auth.secondary_key = kKey;
  identity.status_reason = "why not";
  const auto back = parse_device(format_device(identity, {}), kHub, kId);
  ASSERT_TRUE(back) << back.error().reason();
  EXPECT_EQ(back->auth.primary_key, kKey);
  EXPECT_EQ(back->status_reason, "why not");
  EXPECT_EQ(back->enabled, identity.enabled);
}

TEST(TwinJson, HasTheShapeOfANewTwin) {
  const auto twin = json::parse(format_twin(record(), {}, TwinShape::twin));
  EXPECT_EQ(twin["version"], 2) << "service/04 section 4.4";
  EXPECT_EQ(twin["properties"]["desired"]["$version"], 1);
  EXPECT_EQ(twin["properties"]["reported"]["$version"], 1);
  EXPECT_TRUE(twin["properties"]["desired"]["$metadata"].contains("$lastUpdated"));
  EXPECT_EQ(twin["authenticationType"], "certificateAuthority");
  EXPECT_TRUE(twin.contains("statusUpdateTime"));
  EXPECT_FALSE(twin.contains("generationId"));
  EXPECT_FALSE(twin.contains("connectionStateUpdatedTime"));
  EXPECT_FALSE(twin.contains("authentication"));
}

TEST(TwinJson, QueryRowsCarryAuthenticationTypeTwice) {
  const auto row = json::parse(format_twin(record(), {}, TwinShape::query_row));
  EXPECT_EQ(row["authentication"]["type"], "certificateAuthority")
      << "service/13: the tutorial's own query asks for it";
  EXPECT_EQ(row["authenticationType"], "certificateAuthority");
}

TEST(TwinJson, StoredDocumentsAreShownWithTheirMetadata) {
  auto stored = record();
  stored.twin.tags_json = R"({"site":"A"})";
  stored.twin.desired_json = R"({"rate":5})";
  stored.twin.desired_metadata_json =
      R"({"$lastUpdated":"2026-01-01T00:00:00Z","rate":{"$lastUpdated":"2026-01-01T00:00:00Z"}})";
  stored.twin.desired_version = 4;
  const auto twin = json::parse(format_twin(stored, {}, TwinShape::twin));
  EXPECT_EQ(twin["tags"]["site"], "A");
  EXPECT_EQ(twin["properties"]["desired"]["rate"], 5);
  EXPECT_EQ(twin["properties"]["desired"]["$version"], 4);
  EXPECT_EQ(twin["properties"]["desired"]["$metadata"]["$lastUpdated"], "2026-01-01T00:00:00Z");
}

TEST(Statistics, AreCounts) {
  EXPECT_EQ(format_device_statistics({3, 2, 1}),
            R"({"totalDeviceCount":3,"enabledDeviceCount":2,"disabledDeviceCount":1})");
  EXPECT_EQ(format_service_statistics(2), R"({"connectedDeviceCount":2})");
}

TEST(QueryBody, GivesTheText) {
  EXPECT_EQ(*parse_query_body(R"({"query":"select * from devices"})"), "select * from devices");
  EXPECT_EQ(parse_query_body(R"({"q":1})").error().reason(), "query: is missing");
  EXPECT_EQ(parse_query_body(json{{"query", std::string(8193, 'x')}}.dump()).error().code(),
            ErrorCode::field_invalid);
}

}  // namespace
}  // namespace muster::rest
