#include "gateway/rest/tests/world.hpp"

#include <nlohmann/json.hpp>

/// POST /muster/v1/dps/{dps}/allocate: the choice that registering would make, and nothing changes.
namespace muster::rest {
namespace {

using nlohmann::json;

class DryRun : public testing::Test {
 protected:
  World world;
  ServiceName other = *ServiceName::parse("other");

  void SetUp() override {
    ASSERT_TRUE(world.write([this](registry::Store& store) -> Result<void> {
      MUSTER_CHECK(
          store.services().put_hub(Hub{.name = other, .location = "westus", .partition_count = 2}, 0));
      auto dps = store.services().dps_instances()->front();
      dps.linked_hubs.push_back({other, "westus", 3, true});
      MUSTER_CHECK(store.services().put_dps(dps, registry::kAnyVersion));
      EnrollmentGroup group{.dps = world.dps, .id = *EnrollmentGroupId::parse("g")};
      group.settings.attestation = {.type = AttestationType::x509, .ca_primary = "ca"};
      MUSTER_CHECK(store.groups().put(group, 0));
      return {};
    }));
  }
  void set(AllocationPolicy policy, std::string url = "") {
    ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
      auto group = store.groups().find(world.dps, *EnrollmentGroupId::parse("g"))->value();
      group.settings.allocation = policy;
      group.settings.webhook_url = std::move(url);
      MUSTER_CHECK(store.groups().put(group, registry::kAnyVersion));
      return {};
    }));
  }
  Answer ask(const json& body) {
    return world.ask("POST", "muster", "/muster/v1/dps/my-dps/allocate", body.dump());
  }
  json outcome(const json& body) {
    const Answer answer = ask(body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
};

TEST_F(DryRun, SaysWhereEachDeviceWouldGoAndWhy) {
  const json answer = outcome({{"enrollment", "g"}, {"ids", {"d1", "d2", "d3"}}});
  EXPECT_EQ(answer["kind"], "enrollmentGroup");
  EXPECT_EQ(answer["policy"], "hashed");
  EXPECT_EQ(answer["policyOf"], "dps");
  EXPECT_EQ(answer["hubs"].size(), 2u);
  ASSERT_EQ(answer["devices"].size(), 3u);
  for (const json& device : answer["devices"])
    EXPECT_TRUE(device["why"].get<std::string>().starts_with("hashed: weight ")) << device;
  ASSERT_TRUE(world.write([this](registry::Store& store) -> Result<void> {
    EXPECT_FALSE(store.registrations().find(world.dps, *RegistrationId::parse("d1")).value());
    return {};
  }));
}

TEST_F(DryRun, ByTheEnrollmentsOwnPolicy) {
  set(AllocationPolicy::static_);
  const json answer = outcome({{"enrollment", "g"}, {"ids", {"d1"}}});
  EXPECT_EQ(answer["policyOf"], "enrollment");
  EXPECT_EQ(answer["devices"][0]["hub"], "my-hub.azure-devices.net");
}

TEST_F(DryRun, AsksAWebhookOnlyWhenTold) {
  set(AllocationPolicy::custom, "https://hook.example/allocate?code=secret");
  const json device = outcome({{"enrollment", "g"}, {"ids", {"d1"}}})["devices"][0];
  EXPECT_FALSE(device.contains("hub"));
  EXPECT_EQ(device["why"], "custom: https://hook.example:443/allocate would be asked") << "the key stays out";
  const json asked = outcome({{"enrollment", "g"}, {"ids", {"d1"}}, {"askWebhook", true}})["devices"][0];
  EXPECT_EQ(asked["error"]["code"], "MU-2302") << "this world has no webhook to ask by";
}

TEST_F(DryRun, OfAnIndividualEnrollmentIsItsOneDevice) {
  ASSERT_TRUE(world.write([this](registry::Store& store) -> Result<void> {
    IndividualEnrollment one{.dps = world.dps, .id = *RegistrationId::parse("pump-07")};
    one.settings.hubs = {other};
    MUSTER_CHECK(store.enrollments().put(one, 0));
    return {};
  }));
  const json answer = outcome({{"enrollment", "pump-07"}, {"ids", {"x"}}});
  EXPECT_EQ(answer["kind"], "individualEnrollment");
  ASSERT_EQ(answer["devices"].size(), 1u);
  EXPECT_EQ(answer["devices"][0]["registrationId"], "pump-07");
  EXPECT_EQ(answer["devices"][0]["hub"], "other.azure-devices.net");
}

TEST_F(DryRun, RefusesByName) {
  EXPECT_EQ(ask({{"enrollment", "nobody"}}).status, 404);
  EXPECT_EQ(ask({{"ids", json::array()}}).status, 400);
  EXPECT_NE(ask({{"enrollment", "g"}, {"ids", {"a b"}}}).body.find("ids[0]: "), std::string::npos);
  json many = json::array();
  for (int i = 0; i < 2'001; ++i) many.push_back("d");
  EXPECT_NE(ask({{"enrollment", "g"}, {"ids", many}}).body.find("at most 2000"), std::string::npos);
  EXPECT_EQ(world.ask("POST", "muster", "/muster/v1/dps/far/allocate", R"({"enrollment":"g"})").status, 404);
}

}  // namespace
}  // namespace muster::rest
