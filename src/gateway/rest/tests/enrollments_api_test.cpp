#include "base/bytes.hpp"
#include "gateway/rest/tests/world.hpp"

#include <nlohmann/json.hpp>

/// Individual enrollments, and what they share with groups, end to end: bytes of a request in, bytes of the
/// answer out.
namespace muster::rest {
namespace {

using nlohmann::json;

bool holds(const Answer& answer, std::string_view text) {
  return answer.body.find(text) != std::string::npos;
}

/// Both kinds obey the same rules; each test below that can is run for both.
struct Kind {
  const char *path, *id, *list, *item_type;
};
constexpr std::array kKinds{
    Kind{"/enrollments", "registrationId", "enrollments", "enrollment"},
    Kind{"/enrollmentGroups", "enrollmentGroupId", "enrollmentGroups", "enrollmentGroup"}};

json symmetric(const Kind& kind, const char* id) {
  return {{kind.id, id}, {"attestation", {{"type", "symmetricKey"}, {"symmetricKey", json::object()}}}};
}

class EnrollmentsApi : public testing::TestWithParam<Kind> {
 protected:
  World world;

  std::string at(std::string_view rest) const { return fmt::format("{}{}", GetParam().path, rest); }
  Answer put(const char* id, const json& body, std::string headers = "") {
    return world.ask_dps("PUT", at(fmt::format("/{}", id)), body.dump(), std::move(headers));
  }
  json keys_of(const char* id) {
    const auto shown = world.ask_dps("POST", at(fmt::format("/{}/attestationmechanism", id)));
    EXPECT_EQ(shown.status, 200) << shown.body;
    return json::parse(shown.body);
  }
  json bulk(const char* mode, json items) {
    const auto answer = world.ask_dps("POST", at("/"), json{{"mode", mode}, {GetParam().list, items}}.dump());
    EXPECT_EQ(answer.status, 200) << "service/02 section 2.3: 200 even with item errors: " << answer.body;
    return json::parse(answer.body);
  }
};

TEST_P(EnrollmentsApi, OneIsMadeShownListedAndDeleted) {
  auto made = put("Pump-07", symmetric(GetParam(), "Pump-07"));
  ASSERT_EQ(made.status, 200) << "service/02: never 201: " << made.body;
  EXPECT_TRUE(holds(made, R"("etag":"\")")) << "service/02 section 2.1: with the quotes";
  EXPECT_EQ(world.ask_dps("GET", at("/PUMP-07/?api-version=2019-03-31")).body, made.body) << "ids fold";
  auto listed = world.ask_dps("POST", at("/query"), R"({"query":"SELECT *"})");
  EXPECT_EQ(listed.body, "[" + made.body + "]");
  EXPECT_EQ(listed.headers["x-ms-item-type"], GetParam().item_type) << ".NET throws without it";
  EXPECT_EQ(world.ask_dps("DELETE", at("/pump-07"), "", "If-Match: *\r\n").status, 204);
  auto missing = world.ask_dps("GET", at("/pump-07"));
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers["x-ms-error-code"], "404204");
}

TEST_P(EnrollmentsApi, IfMatchRules) {
  // service/02 section 2.1.
  const json body = symmetric(GetParam(), "d");
  EXPECT_EQ(put("d", body, "If-Match: *\r\n").status, 404) << "nothing to update";
  auto made = put("d", body);
  EXPECT_EQ(put("d", body).status, 409) << "without If-Match only create";
  EXPECT_EQ(put("d", body, "If-Match: \"x\"\r\n").status, 412);
  const auto verbatim = json::parse(made.body)["etag"].get<std::string>();
  auto changed = put("d", body, "If-Match: " + verbatim + "\r\n");
  EXPECT_EQ(changed.status, 200) << "Node sends the body's etag verbatim";
  EXPECT_NE(changed.headers["etag"], made.headers["etag"]);
  EXPECT_EQ(put("d", body, "If-Match: " + verbatim + "\r\n").status, 412) << "it has moved";
  EXPECT_EQ(world.ask_dps("DELETE", at("/d"), "", "If-Match: " + verbatim + "\r\n").status, 412);
  EXPECT_EQ(world.ask_dps("DELETE", at("/d")).status, 204) << "optional";
  EXPECT_EQ(world.ask_dps("DELETE", at("/d")).status, 404);
}

TEST_P(EnrollmentsApi, KeysAreMadeKeptAndShownByOneCallAlone) {
  ASSERT_EQ(put("d", symmetric(GetParam(), "d")).status, 200);
  const json made = keys_of("d");
  EXPECT_EQ(made["type"], "symmetricKey");
  const auto primary = made["symmetricKey"]["primaryKey"].get<std::string>();
  EXPECT_EQ(from_base64(primary)->size(), 64u) << "device/01 section 3: made keys have 64 bytes";
  EXPECT_NE(made["symmetricKey"]["secondaryKey"], primary);
  EXPECT_FALSE(holds(world.ask_dps("GET", at("/d")), primary));
  EXPECT_FALSE(holds(world.ask_dps("POST", at("/query")), primary));

  ASSERT_EQ(put("d", json::parse(world.ask_dps("GET", at("/d")).body), "If-Match: *\r\n").status, 200);
  EXPECT_EQ(keys_of("d"), made) << "an update without keys keeps them";
  json own = symmetric(GetParam(), "d");
  own["attestation"]["symmetricKey"] = {{"primaryKey", to_base64(Bytes(16))}, {"secondaryKey", primary}};
  const auto rotated = put("d", own, "If-Match: *\r\n");
  EXPECT_FALSE(holds(rotated, primary));
  EXPECT_EQ(keys_of("d")["symmetricKey"]["secondaryKey"], primary);
  EXPECT_EQ(world.ask_dps("POST", at("/nobody/attestationmechanism")).status, 404);
}

TEST_P(EnrollmentsApi, QueriesPage) {
  for (const char* id : {"a", "b", "c"}) put(id, symmetric(GetParam(), id));
  auto first = world.ask_dps("POST", at("/query"), R"({"query":"SELECT *"})", "x-ms-max-item-count: 2\r\n");
  EXPECT_EQ(json::parse(first.body).size(), 2u);
  const auto token = first.headers["x-ms-continuation"];
  ASSERT_FALSE(token.empty());
  auto second = world.ask_dps("POST", at("/query"), R"({"query":"SELECT *"})",
                              "x-ms-max-item-count: 2\r\nx-ms-continuation: " + token + "\r\n");
  EXPECT_EQ(json::parse(second.body)[0][GetParam().id], "c");
  EXPECT_EQ(second.headers.count("x-ms-continuation"), 0u)
      << "service/02 section 2.2: absent on the last page";
}

TEST_P(EnrollmentsApi, AConditionIsRefusedAndNotIgnored) {
  const auto refused = world.ask_dps("POST", at("/query"), R"({"query":"SELECT * WHERE etag = 'x'"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(holds(refused, "MU-4009") && holds(refused, "has a WHERE")) << refused.body;
}

TEST_P(EnrollmentsApi, HubsMustBeLinked) {
  json body = symmetric(GetParam(), "d");
  body["iotHubs"] = {"other.azure-devices.net"};
  const auto refused = put("d", body);
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(holds(refused,
                    "iotHubs: other.azure-devices.net is not linked to DPS my-dps, which has "
                    "my-hub.azure-devices.net"))
      << refused.body;
  body["iotHubs"] = {"MY-hub.azure-devices.net"};
  body["allocationPolicy"] = "geoLatency";
  const auto made = put("d", body);
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_TRUE(holds(made, R"("allocationPolicy":"geoLatency")"));
}

TEST_P(EnrollmentsApi, BulkDoesWhatItCanAndReportsTheRest) {
  const auto& kind = GetParam();
  const auto created = bulk("create", {symmetric(kind, "a"), symmetric(kind, "b")});
  EXPECT_EQ(created, json({{"isSuccessful", true}, {"errors", json::array()}}));

  json no_attestation{{kind.id, "d"}};
  const auto mixed = bulk("create", {symmetric(kind, "a"), symmetric(kind, "c"), no_attestation,
                                     json::object(), symmetric(kind, "bad id")});
  EXPECT_EQ(mixed["isSuccessful"], false);
  ASSERT_EQ(mixed["errors"].size(), 4u) << mixed;
  EXPECT_EQ(mixed["errors"][0][kind.id], "a");
  EXPECT_EQ(mixed["errors"][0]["errorCode"], 409201);
  EXPECT_EQ(mixed["errors"][1][kind.id], "d");
  EXPECT_NE(mixed["errors"][1]["errorStatus"].get<std::string>().find("attestation: is missing"),
            std::string::npos);
  EXPECT_EQ(mixed["errors"][2][kind.id], "") << "an item without an id is reported all the same";
  EXPECT_EQ(mixed["errors"][3][kind.id], "bad id");
  EXPECT_EQ(world.ask_dps("GET", at("/c")).status, 200) << "one that fails does not stop the others";
  EXPECT_EQ(world.ask_dps("GET", at("/d")).status, 404);
}

TEST_P(EnrollmentsApi, BulkModesSayWhatIfMatchSays) {
  const auto& kind = GetParam();
  ASSERT_EQ(bulk("create", json::array({symmetric(kind, "a")}))["isSuccessful"], true);
  json disabled = symmetric(kind, "a");
  disabled["provisioningStatus"] = "disabled";
  EXPECT_EQ(bulk("update", {disabled, symmetric(kind, "x")})["errors"][0]["errorCode"], 404204);
  EXPECT_TRUE(holds(world.ask_dps("GET", at("/a")), R"("provisioningStatus":"disabled")"));

  EXPECT_EQ(bulk("updateIfMatchETag", json::array({disabled}))["errors"][0]["errorCode"], 412002)
      << "no etag";
  disabled["etag"] = "\"stale\"";
  EXPECT_EQ(bulk("updateIfMatchETag", json::array({disabled}))["errors"][0]["errorCode"], 412001);
  disabled["etag"] = json::parse(world.ask_dps("GET", at("/a")).body)["etag"];
  EXPECT_EQ(bulk("updateIfMatchETag", json::array({disabled}))["isSuccessful"], true);

  const auto removed = bulk("delete", {json{{kind.id, "a"}}, json{{kind.id, "x"}}});
  EXPECT_EQ(removed["errors"].size(), 1u) << "the id alone will do: " << removed;
  EXPECT_EQ(removed["errors"][0]["errorCode"], 404204);
  EXPECT_EQ(world.ask_dps("GET", at("/a")).status, 404);
}

TEST_P(EnrollmentsApi, BulkTakesTenItems) {
  json items = json::array();
  for (int i = 0; i < 11; ++i) items.push_back(symmetric(GetParam(), fmt::format("d{}", i).c_str()));
  const auto refused =
      world.ask_dps("POST", at(""), json{{"mode", "create"}, {GetParam().list, items}}.dump());
  EXPECT_EQ(refused.status, 400);
  EXPECT_TRUE(holds(refused, "11 items found, 1 to 10 wanted")) << refused.body;
  EXPECT_EQ(world.ask_dps("GET", at("/d0")).status, 404) << "nothing was done";
  items.erase(10);
  EXPECT_EQ(bulk("create", items)["isSuccessful"], true);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EnrollmentsApi, testing::ValuesIn(kKinds),
                         [](const auto& row) { return std::string{row.param.list}; });

class IndividualApi : public testing::Test {
 protected:
  World world;

  /// As if the device had registered.
  void register_device(const char* id) {
    ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
      Registration registration{world.dps, *RegistrationId::parse(id)};
      registration.status = RegistrationStatus::assigned;
      registration.device_id = id;
      registration.assigned_hub = "my-hub.azure-devices.net";
      MUSTER_CHECK(store.registrations().put(registration, 0));
      const DeviceIdentity identity{.hub = world.hub, .id = *DeviceId::parse(id)};
      MUSTER_CHECK(store.devices().put(identity, 0, nullptr));
      return {};
    }));
  }
};

TEST_F(IndividualApi, ShowsWhatTheDeviceHasComeTo) {
  ASSERT_EQ(world.ask_dps("PUT", "/enrollments/pump-07", symmetric(kKinds[0], "pump-07").dump()).status, 200);
  EXPECT_FALSE(holds(world.ask_dps("GET", "/enrollments/pump-07"), "registrationState"));
  register_device("pump-07");
  const auto shown = json::parse(world.ask_dps("GET", "/enrollments/pump-07").body);
  EXPECT_EQ(shown["registrationState"]["assignedHub"], "my-hub.azure-devices.net");
  EXPECT_EQ(shown["registrationState"], json::parse(world.ask_dps("GET", "/registrations/pump-07").body));
  EXPECT_EQ(json::parse(world.ask_dps("POST", "/enrollments/query").body)[0], shown);
}

TEST_F(IndividualApi, DeletingLeavesTheIdentity) {
  // Azure's page on deprovisioning: disenrolling and removing the hub's identity are two steps.
  ASSERT_EQ(world.ask_dps("PUT", "/enrollments/pump-07", symmetric(kKinds[0], "pump-07").dump()).status, 200);
  register_device("pump-07");
  ASSERT_EQ(world.ask_dps("DELETE", "/enrollments/pump-07").status, 204);
  EXPECT_EQ(world.ask_hub("GET", "/devices/pump-07").status, 200);
  EXPECT_EQ(world.ask_dps("GET", "/registrations/pump-07").status, 200);
  ASSERT_EQ(world.ask_dps("DELETE", "/registrations/pump-07").status, 204);
  EXPECT_EQ(world.ask_hub("GET", "/devices/pump-07").status, 200);
}

TEST_F(IndividualApi, FieldsOfItsOwn) {
  struct Row {
    const char *name, *member;
    json value;
    int status;
    const char* text;
  };
  for (const Row& row : std::vector<Row>{
           {"device id", "deviceId", "line-3_pump", 200, R"("deviceId":"line-3_pump")"},
           {"bad device id", "deviceId", "a/b", 400, "deviceId: "},
           {"information", "optionalDeviceInformation", {{"serial", "7"}}, 200, R"({"serial":"7"})"},
           {"fixed hub", "iotHubHostName", "my-hub.azure-devices.net", 200, R"("allocationPolicy":"static")"},
           {"unknown fixed hub", "iotHubHostName", "x.azure-devices.net", 400, "is not linked"},
           {"tpm", "attestation", {{"type", "tpm"}, {"tpm", {{"endorsementKey", "AAAA"}}}}, 400, "MU-2"},
           {"unknown member", "credentialPolicyName", "p", 200, "registrationId"},
       }) {
    json body = symmetric(kKinds[0], "pump-07");
    body[row.member] = row.value;
    const auto answer = world.ask_dps("PUT", "/enrollments/pump-07", body.dump());
    EXPECT_EQ(answer.status, row.status) << row.name << ": " << answer.body;
    EXPECT_TRUE(holds(answer, row.text)) << row.name << ": " << answer.body;
    world.ask_dps("DELETE", "/enrollments/pump-07");
  }
  EXPECT_EQ(world.ask_dps("PUT", "/enrollments/a%2Fb", "{}").status, 400);
}

}  // namespace
}  // namespace muster::rest
