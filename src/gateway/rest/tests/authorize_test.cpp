#include "gateway/rest/tests/world.hpp"
#include "protocol/hub/sas_token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::rest {
namespace {

constexpr std::string_view kHubHost = "my-hub.azure-devices.net";
constexpr std::string_view kDpsHost = "my-dps.azure-devices-provisioning.net";

/// A world whose callers come over the network: each call shows its own rights.
class AuthorizeTest : public testing::Test {
 protected:
  AuthorizeTest() {
    EXPECT_TRUE(world_.write([this](registry::Store& store) -> Result<void> {
      MUSTER_CHECK(store.services().put_policy(
          {ServiceKind::dps, world_.dps}, {"reader", "ZHBzLWtleQ==", "ZHBzLWtleTI=", {"EnrollmentRead"}}));
      return store.services().put_policy({ServiceKind::hub, world_.hub},
                                         {"registryRead", "cmVhZA==", "cmVhZDI=", {"RegistryRead"}});
    }));
    world_.connection->close();
    world_.connect({.all_rights = false, .remote = "192.0.2.7"});
  }

  std::int64_t now_s() {
    return std::chrono::floor<std::chrono::seconds>(world_.loop.clock.wall()).time_since_epoch().count();
  }
  std::string token(std::string_view resource, std::string_view key, std::string_view policy,
                    std::int64_t expires_in_s = 600) {
    const hub::SasGrant grant{resource, key, now_s() + expires_in_s, policy};
    return hub::format_sas_token(grant).value();
  }
  Answer ask(std::string_view method, std::string_view host, std::string_view target,
             const std::string& authorization) {
    if (world_.connection->closed) world_.connect({.all_rights = false, .remote = "192.0.2.7"});
    return world_.ask(method, host, target, "",
                      authorization.empty() ? "" : "Authorization: " + authorization + "\r\n");
  }

  World world_;
};

TEST_F(AuthorizeTest, APolicyWithTheRightMayCall) {
  const auto read = token(kHubHost, "cmVhZA==", "registryRead");
  EXPECT_EQ(ask("GET", kHubHost, "/devices?api-version=1", read).status, 200);
  EXPECT_EQ(ask("GET", kHubHost, "/devices", token(kHubHost, "cmVhZDI=", "registryRead")).status, 200)
      << "the secondary key";
  EXPECT_EQ(ask("GET", kHubHost, "/devices", token(kHubHost, "cmVhZA==", "REGISTRYREAD")).status, 200);
  EXPECT_EQ(ask("GET", "localhost", "/devices", token("localhost:8443", "cmVhZA==", "registryRead")).status,
            200)
      << "every name that the service answers as, with a port or without";
  EXPECT_EQ(ask("GET", kHubHost, "/devices/a",
                token("my-hub.azure-devices.net/devices/a", "cmVhZA==", "registryRead"))
                .status,
            404)
      << "a token for the one path covers it";
  EXPECT_EQ(
      ask("POST", kDpsHost, "/enrollmentGroups/query", token(kDpsHost, "ZHBzLWtleQ==", "reader")).status,
      200);
}

TEST_F(AuthorizeTest, AnythingElseIs401AndSaysWhy) {
  struct Row {
    const char* name;
    std::string authorization;
    const char* reason;
  };
  const std::string good = token(kHubHost, "cmVhZA==", "registryRead");
  const Row rows[] = {
      {"nothing", "", "no Authorization header"},
      {"bearer", "Bearer abc", "no SharedAccessSignature"},
      {"no policy named", token(kHubHost, "cmVhZA==", ""), "names no policy"},
      {"unknown policy", token(kHubHost, "cmVhZA==", "root"), "there is no policy root"},
      {"wrong key", token(kHubHost, "ZXZpbA==", "registryRead"),
       "signed with none of: policy registryRead's primary key"},
      {"key of another policy", token(kHubHost, "a2V5", "registryRead"), "signed with none of"},
      {"expired", token(kHubHost, "cmVhZA==", "registryRead", -301), "expired 301 s ago"},
      {"another hub's", token("other.azure-devices.net", "cmVhZA==", "registryRead"), "asked was"},
      {"another path", token("my-hub.azure-devices.net/twins", "cmVhZA==", "registryRead"), "asked was"},
      {"half a segment", token("my-hub.azure-devices.net/dev", "cmVhZA==", "registryRead"), "asked was"},
      {"without the right", token(kHubHost, "a2V5", "iothubowner"),
       "policy iothubowner does not have the right RegistryRead"},
  };
  for (const Row& row : rows) {
    const Answer answer = ask("GET", kHubHost, "/devices", row.authorization);
    EXPECT_EQ(answer.status, 401) << row.name;
    EXPECT_THAT(answer.body, testing::HasSubstr(row.reason)) << row.name;
    EXPECT_EQ(answer.headers.at("iothub-errorcode"), "IotHubUnauthorizedAccess") << row.name;
  }
  EXPECT_EQ(ask("GET", kHubHost, "/devices", token(kHubHost, "cmVhZA==", "registryRead", -299)).status, 200)
      << "clocks differ";
  EXPECT_EQ(ask("DELETE", kHubHost, "/devices/a", good).status, 401) << "each call has its own right";
}

TEST_F(AuthorizeTest, DpsRefusesInItsOwnForm) {
  const Answer answer =
      ask("PUT", kDpsHost, "/enrollmentGroups/g", token(kDpsHost, "ZHBzLWtleQ==", "reader"));
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.headers.at("x-ms-error-code"), "401002");
  EXPECT_THAT(answer.body, testing::HasSubstr("EnrollmentWrite"));
}

TEST_F(AuthorizeTest, WhatIsForTheControlSocketStaysThere) {
  const std::string owner = token(kHubHost, "a2V5", "iothubowner");
  for (const char* target : {"/muster/v1/status", "/muster/v1/config", "/muster/v1/refusals",
                             "/subscriptions/sub/providers/Microsoft.Devices/IotHubs"}) {
    EXPECT_EQ(ask("GET", kHubHost, target, owner).status, 401) << target;
  }
  EXPECT_EQ(ask("POST", kHubHost, "/muster/v1/stop", owner).status, 401);
  EXPECT_FALSE(world_.stop_asked);
}

TEST_F(AuthorizeTest, TheEventStreamWantsServiceConnectOfItsHub) {
  const Answer refused =
      ask("GET", kHubHost, "/muster/v1/hubs/my-hub/events", token(kHubHost, "cmVhZA==", "registryRead"));
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.body, testing::HasSubstr("ServiceConnect"));
}

TEST_F(AuthorizeTest, ATargetThatCannotBeReadIsRefusedInItsApisForm) {
  const Answer hub = ask("GET", kHubHost, "//devices/a%00b", "none");
  EXPECT_EQ(hub.status, 400);
  EXPECT_EQ(hub.headers.at("iothub-errorcode"), "IotHubFormatError");
  const Answer dps = ask("GET", kDpsHost, "/enrollments/a%zz?x=1", "none");
  EXPECT_EQ(dps.status, 400);
  EXPECT_EQ(dps.headers.at("x-ms-error-code"), "400004");
}

TEST_F(AuthorizeTest, AHostThatIsNobodysIsRefused) {
  EXPECT_EQ(ask("GET", "evil.example", "/devices", token(kHubHost, "cmVhZA==", "registryRead")).status, 404);
}

TEST_F(AuthorizeTest, AzuresRatesHoldOverTheNetworkOnly) {
  const std::string read = token(kHubHost, "cmVhZA==", "registryRead");
  int allowed = 0;
  while (ask("GET", kHubHost, "/devices", read).status == 200) ++allowed;
  EXPECT_EQ(allowed, 100) << "a minute's worth: device/06 section 3";
  const Answer answer = ask("GET", kHubHost, "/devices", read);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("iothub-errorcode"), "ThrottlingException");
  EXPECT_THAT(answer.body, testing::HasSubstr("identity registry operations at my-hub"));
  world_.connection->close();
  world_.connect();
  EXPECT_EQ(world_.ask_hub("GET", "/devices").status, 200) << "the operator's own socket";
}

TEST_F(AuthorizeTest, WhatIsNotBuiltIsSaidToWhoMayAskOnly) {
  EXPECT_EQ(ask("POST", kHubHost, "/twins/d/methods", "").status, 401);
  EXPECT_EQ(ask("POST", kHubHost, "/twins/d/methods", token(kHubHost, "cmVhZA==", "registryRead")).status,
            401);
  world_.connection->close();
  world_.connect();
  EXPECT_EQ(world_.ask_hub("POST", "/twins/d/methods").status, 501);
}

TEST_F(AuthorizeTest, WhatIsTooLargeIsSaidInTheApisForm) {
  world_.connection->sent.clear();
  world_.connection->peer_sends(
      "POST /devices HTTP/1.1\r\nHost: my-hub.azure-devices.net\r\nContent-Length: 9000000\r\n\r\n");
  Answer answer;
  world_.loop.until([&] { return World::take_answer(world_.connection->sent, answer); });
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.headers.count("iothub-errorcode"), 1u);
  EXPECT_THAT(answer.body, testing::HasSubstr(answer.headers["x-ms-request-id"]));
}

}  // namespace
}  // namespace muster::rest
