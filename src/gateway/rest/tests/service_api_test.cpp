#include "gateway/rest/tests/world.hpp"
#include "protocol/rest/etag.hpp"

/// The hub and DPS APIs end to end: bytes of a request in, bytes of the answer out, over a registry in
/// memory.
namespace muster::rest {
namespace {

using testing::Test;

bool holds(const Answer& answer, std::string_view text) {
  return answer.body.find(text) != std::string::npos;
}

constexpr const char* kCaDevice =
    R"({"deviceId":"pump-07","authentication":{"type":"certificateAuthority"}})";

class HubApi : public Test {
 protected:
  World world;
};

TEST_F(HubApi, ADeviceIsMadeShownListedAndDeleted) {
  auto made = world.ask_hub("PUT", "/devices/pump-07?api-version=2024-03-31", kCaDevice);
  ASSERT_EQ(made.status, 200) << "service/04: 200 for create as well: " << made.body;
  EXPECT_EQ(made.headers["content-type"], "application/json; charset=utf-8");
  EXPECT_TRUE(made.headers["etag"].starts_with('"'));
  EXPECT_FALSE(made.headers["x-ms-request-id"].empty());

  auto shown =
      world.ask_hub("GET", "/Devices/pump-07/?api-version=whatever", "", "x-ms-client-request-id: abc-1\r\n");
  EXPECT_EQ(shown.body, made.body);
  EXPECT_EQ(shown.headers["x-ms-client-request-id"], "abc-1");
  EXPECT_TRUE(holds(world.ask_hub("GET", "/devices?top=10"), "pump-07"));
  EXPECT_TRUE(
      holds(world.ask_hub("GET", "/twins/pump-07"), R"("authenticationType":"certificateAuthority")"));

  auto gone = world.ask_hub("DELETE", "/devices/pump-07", "", "If-Match: \"*\"\r\n");
  EXPECT_EQ(gone.status, 204) << gone.body;
  EXPECT_EQ(gone.headers.count("content-length"), 0u);
  auto missing = world.ask_hub("GET", "/devices/pump-07");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers["iothub-errorcode"], "DeviceNotFound");
  EXPECT_TRUE(holds(missing, R"("Message":"ErrorCode:DeviceNotFound;)")) << missing.body;
  EXPECT_TRUE(holds(missing, R"("musterCode":"MU-3001")"));
}

TEST_F(HubApi, KeysAreMadeWhereNoneAreGiven) {
  const auto made = world.ask_hub("PUT", "/devices/d",
                                  R"({"deviceId":"d","authentication":{"symmetricKey":{},"type":"sas"}})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_FALSE(holds(made, R"("primaryKey":null)"));
  EXPECT_TRUE(holds(made, R"("type":"sas")"));
  const auto again = world.ask_hub("PUT", "/devices/d", R"({"deviceId":"d"})", "If-Match: *\r\n");
  EXPECT_NE(again.body, made.body) << "service/04: leaving authentication out mints new keys";
}

TEST_F(HubApi, IfMatchRules) {
  // service/04 section 4.2.
  EXPECT_EQ(world.ask_hub("PUT", "/devices/pump-07", kCaDevice, "If-Match: *\r\n").status, 404)
      << "update only";
  auto made = world.ask_hub("PUT", "/devices/pump-07", kCaDevice);
  const auto first_etag = made.headers["etag"];
  auto twice = world.ask_hub("PUT", "/devices/pump-07", kCaDevice);
  EXPECT_EQ(twice.status, 409);
  EXPECT_EQ(twice.headers["iothub-errorcode"], "DeviceAlreadyExists");
  EXPECT_EQ(world.ask_hub("PUT", "/devices/pump-07", kCaDevice, "If-Match: \"nope\"\r\n").status, 412);
  auto changed = world.ask_hub("PUT", "/devices/pump-07", kCaDevice, "If-Match: " + first_etag + "\r\n");
  EXPECT_EQ(changed.status, 200);
  EXPECT_NE(changed.headers["etag"], first_etag);
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/pump-07").status, 412) << "etag missing";
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/pump-07", "", "If-Match: " + first_etag + "\r\n").status, 412);
  EXPECT_EQ(
      world.ask_hub("DELETE", "/devices/pump-07", "", "If-Match: " + changed.headers["etag"] + "\r\n").status,
      204);
  EXPECT_EQ(world.ask_hub("DELETE", "/devices/pump-07", "", "If-Match: *\r\n").status, 404);
}

class EndedSession final : public hub::LiveSession {
 public:
  std::optional<Error> reason;
  void end(Error why) override { reason = std::move(why); }
  WallTime last_activity() const override { return {}; }
};

TEST_F(HubApi, DisablingAndDeletingEndTheSession) {
  world.ask_hub("PUT", "/devices/pump-07", kCaDevice);
  const hub::SessionKey key{world.hub, *DeviceId::parse("pump-07"), ""};
  const auto session = std::make_shared<EndedSession>();
  const auto admission = world.loop.run(world.sessions.admit(key));
  ASSERT_TRUE(admission);
  ASSERT_TRUE(world.loop.run(world.sessions.claim(*admission, session)));
  EXPECT_TRUE(holds(world.ask_hub("GET", "/devices/pump-07"), R"("connectionState":"Connected")"));
  EXPECT_TRUE(holds(world.ask_hub("GET", "/statistics/service"), R"("connectedDeviceCount":1)"));

  world.ask_hub("PUT", "/devices/pump-07", kCaDevice, "If-Match: *\r\n");
  EXPECT_FALSE(session->reason) << "an update that leaves it enabled does not cut it";
  const std::string disabled =
      R"({"deviceId":"pump-07","status":"disabled","authentication":{"type":"certificateAuthority"}})";
  ASSERT_EQ(world.ask_hub("PUT", "/devices/pump-07", disabled, "If-Match: *\r\n").status, 200);
  ASSERT_TRUE(session->reason);
  EXPECT_EQ(session->reason->code(), ErrorCode::device_disabled);
  EXPECT_TRUE(holds(world.ask_hub("GET", "/statistics/devices"), R"("disabledDeviceCount":1)"));

  session->reason.reset();
  ASSERT_EQ(world.ask_hub("DELETE", "/devices/pump-07", "", "If-Match: *\r\n").status, 204);
  ASSERT_TRUE(session->reason);
  EXPECT_EQ(session->reason->code(), ErrorCode::device_not_found);
}

TEST_F(HubApi, QueryPagesThroughAllDevices) {
  for (const char* id : {"a", "b", "c"}) {
    world.ask_hub("PUT", std::string{"/devices/"} + id, fmt::format(R"({{"deviceId":"{}"}})", id));
  }
  const std::string query = R"({"query":"SELECT  *\n FROM Devices "})";
  auto first = world.ask_hub("POST", "/devices/query", query, "x-ms-max-item-count: 2\r\n");
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.headers["x-ms-item-type"], "Twin");
  EXPECT_TRUE(holds(first, R"("deviceId":"b")") && !holds(first, R"("deviceId":"c")"));
  const auto token = first.headers["x-ms-continuation"];
  ASSERT_FALSE(token.empty());
  auto second = world.ask_hub("POST", "/devices/query", query,
                              "x-ms-max-item-count: 2\r\nx-ms-continuation: " + token + "\r\n");
  EXPECT_TRUE(holds(second, R"("deviceId":"c")") && !holds(second, R"("deviceId":"a")"));
  EXPECT_EQ(second.headers.count("x-ms-continuation"), 0u) << "service/05: absent on the last page";
  EXPECT_TRUE(holds(second, R"("authentication":{"type":"sas"})")) << "service/13";
}

TEST_F(HubApi, WhatIsNotThereIsSaidByName) {
  struct Row {
    const char *method, *target, *body, *headers;
    int status;
    const char* text;
  };
  for (const Row& row : std::vector<Row>{
           {"POST", "/devices/query", R"({"query":"select * from devices.jobs"})", "", 400, "MU-4009"},
           {"POST", "/devices/query", "{}", "", 400, "query: is missing"},
           {"POST", "/devices/query", R"({"query":"select * from devices"})", "x-ms-max-item-count: 0\r\n",
            400, "x-ms-max-item-count"},
           {"POST", "/devices/query", R"({"query":"select * from devices"})", "x-ms-continuation: ?\r\n", 400,
            "x-ms-continuation"},
           {"PUT", "/devices/pump-07", R"({"deviceId":"pump-07","status":1})", "", 400, "status: a string"},
           {"PUT", "/devices/a%20b", "{}", "", 400, "MU-3007"},
           {"GET", "/devices?top=0", "", "", 400, "top: "},
           {"POST", "/twins/x/methods", "{}", "", 501, "MU-4008"},
           {"POST", "/devices", "[]", "", 501, "MU-4008"},
           {"GET", "/nowhere", "", "", 404, "MU-4002"},
           {"PATCH", "/devices/x", "", "", 405, "MU-4005"},
           {"GET", "/devices/%zz", "", "", 400, "MU-4001"},
       }) {
    const auto answer = world.ask_hub(row.method, row.target, row.body, row.headers);
    EXPECT_EQ(answer.status, row.status) << row.method << " " << row.target << ": " << answer.body;
    EXPECT_TRUE(holds(answer, row.text)) << answer.body;
  }
  EXPECT_EQ(world.ask_hub("PATCH", "/devices/x").headers["allow"], "GET, PUT, DELETE");
  const auto other = world.ask("GET", "other.azure-devices.net", "/devices");
  EXPECT_EQ(other.status, 404);
  EXPECT_TRUE(holds(other, "there is no hub other")) << other.body;
  EXPECT_EQ(world.ask("GET", "localhost", "/devices").status, 404);
}

TEST_F(HubApi, ACallerWithoutRightsGetsNothing) {
  world.connection->close();
  world.connect(Caller{false, "network"});
  const auto answer = world.ask_hub("GET", "/devices");
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(holds(answer, "IotHubUnauthorizedAccess"));
}

constexpr const char* kGroup =
    R"({"enrollmentGroupId":"My-Group","attestation":{"type":"x509","x509":{"caReferences":{"primary":"my-ca"}}}})";

class DpsApi : public Test {
 protected:
  World world;

  void add_ca(bool verified) {
    ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
      CaCertificate ca{0,
                       {ServiceKind::dps, world.dps},
                       *CertificateName::parse("my-ca"),
                       Bytes(3),
                       "CN=x",
                       "AA",
                       "BB",
                       world.loop.clock.wall(),
                       world.loop.clock.wall(),
                       verified,
                       "",
                       {},
                       {},
                       0};
      MUSTER_TRY(const auto before, store.certificates().find(ca.owner, ca.name));
      if (before) ca.version = before->version;
      MUSTER_CHECK(store.certificates().put(ca, ca.version));
      return {};
    }));
  }
};

TEST_F(DpsApi, AGroupIsMadeShownListedAndDeleted) {
  add_ca(true);
  auto made = world.ask_dps("PUT", "/enrollmentGroups/my-group?api-version=2021-10-01", kGroup);
  ASSERT_EQ(made.status, 200) << "service/02: never 201: " << made.body;
  EXPECT_TRUE(holds(made, R"("etag":"\")")) << "the quotes are in the body's etag: " << made.body;
  EXPECT_EQ(world.ask_dps("GET", "/enrollmentgroups/MY-GROUP/").body, made.body) << "ids fold, paths too";

  // service/02 section 2.2: what az really sends.
  auto listed = world.ask_dps("POST", "/enrollmentGroups/query",
                              R"({"query": "{'additional_properties': {}, 'query': 'SELECT *'}"})");
  EXPECT_EQ(listed.body, "[" + made.body + "]");
  EXPECT_EQ(listed.headers["x-ms-item-type"], "enrollmentGroup");

  EXPECT_EQ(world.ask_dps("PUT", "/enrollmentGroups/my-group", kGroup).status, 409) << "create only";
  EXPECT_EQ(world.ask_dps("PUT", "/enrollmentGroups/my-group", kGroup, "If-Match: \"x\"\r\n").status, 412);
  EXPECT_EQ(world.ask_dps("PUT", "/enrollmentGroups/my-group", kGroup, "If-Match: *\r\n").status, 200);
  EXPECT_EQ(
      world.ask_dps("PUT", "/enrollmentGroups/my-group", kGroup, "If-Match: " + made.headers["etag"] + "\r\n")
          .status,
      412)
      << "that etag has moved";
  EXPECT_EQ(world.ask_dps("DELETE", "/enrollmentGroups/my-group", "", "If-Match: \"x\"\r\n").status, 412);
  EXPECT_EQ(world.ask_dps("DELETE", "/enrollmentGroups/my-group").status, 204) << "If-Match is optional";
  auto missing = world.ask_dps("GET", "/enrollmentGroups/my-group");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.headers["x-ms-error-code"], "404204") << "service/02: seen for a missing group";
  EXPECT_TRUE(holds(missing, R"("errorCode":404204)"));
}

TEST_F(DpsApi, AGroupNeedsAVerifiedCaAndLinkedHubs) {
  auto unknown = world.ask_dps("PUT", "/enrollmentGroups/my-group", kGroup);
  EXPECT_EQ(unknown.status, 400);
  EXPECT_TRUE(holds(unknown, "MU-2004") && holds(unknown, "my-ca")) << unknown.body;
  add_ca(false);
  auto unverified = world.ask_dps("PUT", "/enrollmentGroups/my-group", kGroup);
  EXPECT_EQ(unverified.status, 400);
  EXPECT_TRUE(holds(unverified, "MU-2003") && holds(unverified, "my-ca")) << unverified.body;
  add_ca(true);
  std::string elsewhere{kGroup};
  elsewhere.insert(1, R"("iotHubs":["other.azure-devices.net"],)");
  EXPECT_TRUE(holds(world.ask_dps("PUT", "/enrollmentGroups/my-group", elsewhere), "is not linked"));
  EXPECT_TRUE(holds(world.ask_dps("GET", "/enrollmentGroups/my-group"), "MU-4002")) << "nothing was stored";
}

TEST_F(DpsApi, RegistrationsOfAGroup) {
  add_ca(true);
  ASSERT_EQ(world.ask_dps("PUT", "/enrollmentGroups/my-group", kGroup).status, 200);
  ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
    Registration registration{world.dps, *RegistrationId::parse("pump-07")};
    registration.group_id = "My-Group";
    registration.status = RegistrationStatus::assigned;
    registration.device_id = "pump-07";
    registration.assigned_hub = "my-hub.azure-devices.net";
    MUSTER_CHECK(store.registrations().put(registration, 0));
    return {};
  }));
  auto listed = world.ask_dps("POST", "/registrations/MY-group/query");
  ASSERT_EQ(listed.status, 200) << listed.body;
  EXPECT_EQ(listed.headers["x-ms-item-type"], "deviceRegistration");
  EXPECT_TRUE(holds(listed, R"("registrationId":"pump-07")")) << listed.body;
  auto one = world.ask_dps("GET", "/registrations/PUMP-07");
  EXPECT_EQ("[" + one.body + "]", listed.body);
  EXPECT_EQ(world.ask_dps("POST", "/registrations/nobody/query").status, 404);
  EXPECT_EQ(world.ask_dps("DELETE", "/registrations/pump-07", "", "If-Match: \"x\"\r\n").status, 412);
  EXPECT_EQ(world.ask_dps("DELETE", "/registrations/pump-07", "", "If-Match: " + one.headers["etag"] + "\r\n")
                .status,
            204);
  EXPECT_EQ(world.ask_dps("GET", "/registrations/pump-07").status, 404);
  EXPECT_EQ(world.ask_dps("GET", "/registrations/a+b").status, 400)
      << "+ is a space here, and no id holds one";
}

}  // namespace
}  // namespace muster::rest
