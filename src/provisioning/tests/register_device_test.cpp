#include "provisioning/register_device.hpp"

#include "provisioning/tests/dps_fixture.hpp"

namespace muster::provisioning {
namespace {

using RegisterDevice = Dps;

TEST_F(RegisterDevice, StoresRegistrationAndIdentityTogether) {
  const auto registered = await(register_device(service_, request("d")));
  ASSERT_TRUE(registered) << registered.error().reason();
  EXPECT_EQ(registered->assigned_hub, "my-iot-hub-x509.azure-devices.net");
  EXPECT_EQ(registered->group_id, "g");
  EXPECT_TRUE(registry_.store().devices().find(kHub, *DeviceId::parse("d")).value());
}

TEST_F(RegisterDevice, StartsOverWhenTrustMovedAndIsJudgedByTheNewOne) {
  int assignments = 0;
  registry_.before_assign = [&](registry::Store&) {
    if (++assignments == 1)
      upload("another-ca", pki::forge::forge(pki::forge::root_shape("Another")).certificate);
  };
  ASSERT_TRUE(await(register_device(service_, request("d"))));
  EXPECT_EQ(assignments, 2);
}

TEST_F(RegisterDevice, AnEnrollmentDisabledBetweenTheTwoHopsRefuses) {
  registry_.before_assign = [&](registry::Store&) { enroll(false); };
  const auto registered = await(register_device(service_, request("d")));
  EXPECT_EQ(registered.error().code(), ErrorCode::enrollment_disabled);
  EXPECT_FALSE(stored("d"));
  EXPECT_FALSE(registry_.store().devices().find(kHub, *DeviceId::parse("d")).value());
}

TEST_F(RegisterDevice, GivesUpWhenTrustNeverStandsStill) {
  int assignments = 0;
  registry_.before_assign = [&](registry::Store&) {
    ++assignments;
    enroll(true);
  };
  const auto registered = await(register_device(service_, request("d")));
  EXPECT_EQ(registered.error().code(), ErrorCode::registration_conflict);
  EXPECT_EQ(assignments, service_.config.attempts_max);
  EXPECT_FALSE(stored("d"));
}

TEST_F(RegisterDevice, AFailureOfTheRegistryIsTheServicesOwn) {
  registry_.failing = Error{ErrorCode::registry_unavailable, "gone"};
  EXPECT_EQ(await(register_device(service_, request("d"))).error().code(), ErrorCode::registry_unavailable);
}

TEST_F(RegisterDevice, WritesTheIdentityThatIsConfigured) {
  service_.config.identity_type = IdentityType::certificate_authority;
  ASSERT_TRUE(await(register_device(service_, request("d"))));
  const auto auth = registry_.store().devices().find(kHub, *DeviceId::parse("d")).value()->auth;
  EXPECT_EQ(auth.type, DeviceAuthType::certificate_authority);
  const auto ca = registry_.store().certificates().find_by_id(auth.attested_ca_id).value();
  ASSERT_TRUE(ca);
  EXPECT_EQ(ca->name.str(), "my-intermediate-ca") << "the one that the group refers to";
}

TEST_F(RegisterDevice, StaysAtItsHubWhenAnotherIsLinked) {
  ASSERT_TRUE(await(register_device(service_, request("d"))));
  const ServiceName other = *ServiceName::parse("other");
  ASSERT_TRUE(registry_.store().services().put_hub({.name = other}, 0));
  DpsInstance dps = registry_.store().services().dps_instances().value().at(0);
  dps.linked_hubs = {{other, "", 1'000'000, true}, {kHub, "", 1, true}};
  ASSERT_TRUE(registry_.store().services().put_dps(dps, registry::kAnyVersion));
  EXPECT_EQ(await(register_device(service_, request("d")))->assigned_hub,
            "my-iot-hub-x509.azure-devices.net");
  dps.linked_hubs.pop_back();
  ASSERT_TRUE(registry_.store().services().put_dps(dps, registry::kAnyVersion));
  EXPECT_EQ(await(register_device(service_, request("d")))->assigned_hub, "other.azure-devices.net")
      << "its hub is not allowed any more";
}

struct Kind {
  const char* name;
  std::function<void(RegisterRequest&)> change;
  ErrorCode code;
};

class Unsupported : public Dps, public testing::WithParamInterface<Kind> {};

TEST_P(Unsupported, IsRefusedByNameBeforeAnythingIsRead) {
  RegisterRequest wanted = request("d");
  GetParam().change(wanted);
  const auto outcome = await(attest(service_, wanted));
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->attested);
  EXPECT_EQ(outcome->judgement.failure()->code(), GetParam().code);
  EXPECT_EQ(registry_.figures().reads, 0u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Unsupported,
                         testing::Values(Kind{"tpm", [](RegisterRequest& r) { r.offers_tpm = true; },
                                              ErrorCode::attestation_unsupported},
                                         Kind{"csr",
                                              [](RegisterRequest& r) { r.asks_for_certificate = true; },
                                              ErrorCode::csr_unsupported},
                                         Kind{"symmetric_key", [](RegisterRequest& r) { r.chain = nullptr; },
                                              ErrorCode::attestation_unsupported}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(OperationId, IsTheSameEachTimeAndSaysNothingElse) {
  const auto id = [](std::string_view dps, std::string_view device) {
    return operation_id_of(*ServiceName::parse(dps), *RegistrationId::parse(device));
  };
  EXPECT_EQ(id("dps", "d"), id("DPS", "D"));
  EXPECT_NE(id("dps", "d"), id("dps", "e"));
  EXPECT_NE(id("dps", "d"), id("other", "d"));
  EXPECT_EQ(id("dps", "d").find_first_of("/?&=$+#"), std::string::npos) << "device/01 6.1";
  EXPECT_EQ(id("dps", "d").size(), 2 + 16 + 1 + 36u);
}

}  // namespace
}  // namespace muster::provisioning
