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

/// Links a hub of overwhelming weight beside the first, so that hashing sends everybody there.
class Reprovision : public Dps {
 protected:
  const ServiceName other_ = *ServiceName::parse("other");
  std::vector<std::string> left_;

  void SetUp() override {
    service_.identity_left = [this](const DeviceIdentity& left) {
      left_.push_back(std::string{left.hub.str()} + "/" + std::string{left.id.str()});
    };
  }
  void set_policy(bool update, bool migrate) {
    EnrollmentGroup group =
        registry_.store().groups().find(kDps, *EnrollmentGroupId::parse("g")).value().value();
    group.settings.reprovision = {update, migrate};
    ASSERT_TRUE(registry_.store().groups().put(group, registry::kAnyVersion));
  }
  void link_other(bool keep_first = true) {
    ASSERT_TRUE(registry_.store().services().put_hub({.name = other_}, registry::kAnyVersion));
    DpsInstance dps = registry_.store().services().dps_instances().value().at(0);
    dps.linked_hubs = {{other_, "", 1'000'000, true}};
    if (keep_first) dps.linked_hubs.push_back({kHub, "", 1, true});
    ASSERT_TRUE(registry_.store().services().put_dps(dps, registry::kAnyVersion));
  }
  std::string host_of(const Result<Registration>& registration) {
    return registration ? registration->assigned_hub : registration.error().reason();
  }
  bool is_at(const ServiceName& hub) {
    return registry_.store().devices().find(hub, *DeviceId::parse("d")).value().has_value();
  }
};

TEST_F(Reprovision, NeverStaysWhereItIsAsLongAsTheHubIsLinked) {
  ASSERT_TRUE(await(register_device(service_, request("d"))));
  set_policy(false, true);
  link_other();
  EXPECT_EQ(host_of(await(register_device(service_, request("d")))), "my-iot-hub-x509.azure-devices.net");
  EXPECT_TRUE(left_.empty());
  link_other(false);
  EXPECT_EQ(host_of(await(register_device(service_, request("d")))), "other.azure-devices.net");
}

TEST_F(Reprovision, MovesByItsPolicyAndLeavesNothingBehind) {
  ASSERT_TRUE(await(register_device(service_, request("d"))));
  set_policy(true, true);
  link_other();
  const auto moved = await(register_device(service_, request("d")));
  EXPECT_EQ(host_of(moved), "other.azure-devices.net");
  EXPECT_EQ(moved->substatus, RegistrationSubstatus::device_data_migrated);
  EXPECT_FALSE(is_at(kHub));
  EXPECT_TRUE(is_at(other_));
  EXPECT_EQ(left_, std::vector<std::string>{"my-iot-hub-x509/d"});
  EXPECT_EQ(await(register_device(service_, request("d")))->substatus,
            RegistrationSubstatus::device_data_migrated)
      << "how it came there stays true";
}

TEST_F(Reprovision, CanBeginAnew) {
  ASSERT_TRUE(await(register_device(service_, request("d"))));
  set_policy(true, false);
  link_other();
  EXPECT_EQ(await(register_device(service_, request("d")))->substatus,
            RegistrationSubstatus::device_data_reset);
}

/// Custom allocation whose webhook answers what a test wants.
class Custom : public Reprovision {
 protected:
  struct Webhook final : AllocationWebhook {
    Task<AllocationChoice> ask(AllocationQuestion question) override {
      asked.push_back(std::move(question));
      if (fails) co_return failure(ErrorCode::allocation_failed, "http://127.0.0.1:7/: status 500");
      co_return AllocationChoice{hub, "custom", twin, R"({"a":1})"};
    }
    std::vector<AllocationQuestion> asked;
    ServiceName hub = kHub;
    std::string twin;
    bool fails = false;
  };
  Webhook webhook_;
  PolicyAllocation by_webhook_{{}, &webhook_};
  Provisioning custom_{registry_, anchors_, verdicts_, by_webhook_, clock_, *random_, {.operations_max = 3}};

  void SetUp() override {
    EnrollmentGroup group =
        registry_.store().groups().find(kDps, *EnrollmentGroupId::parse("g")).value().value();
    group.settings.allocation = AllocationPolicy::custom;
    group.settings.webhook_url = "http://127.0.0.1:7/";
    group.settings.initial_twin_json = R"({"tags":{"from":"group"}})";
    ASSERT_TRUE(registry_.store().groups().put(group, registry::kAnyVersion));
  }
  std::string tags_at(const ServiceName& hub) {
    const auto twin = registry_.store().devices().find_twin(hub, *DeviceId::parse("d")).value();
    return twin ? twin->tags_json : "";
  }
};

TEST_F(Custom, TheWebhookIsToldOfTheDeviceAndItsAnswerIsKept) {
  webhook_.twin = R"({"tags":{"from":"webhook"}})";
  RegisterRequest wanted = request("d");
  wanted.payload_json = R"({"floor":2})";
  const auto registered = await(register_device(custom_, wanted));
  ASSERT_TRUE(registered) << registered.error().reason();
  ASSERT_EQ(webhook_.asked.size(), 1u);
  const AllocationContext& context = webhook_.asked[0].context;
  EXPECT_EQ(context.group->id.str(), "g");
  EXPECT_EQ(context.payload_json, R"({"floor":2})");
  EXPECT_EQ(context.current_hub, "");
  EXPECT_TRUE(context.chain);
  EXPECT_EQ(stored("d")->payload_json, R"({"a":1})");
  EXPECT_EQ(tags_at(kHub), R"({"from":"webhook"})") << "wins over the enrollment's";
}

TEST_F(Custom, ItsTwinWinsOverDataThatMoves) {
  ASSERT_TRUE(await(register_device(custom_, request("d"))));
  EXPECT_EQ(tags_at(kHub), R"({"from":"group"})");
  link_other();
  webhook_.hub = other_;
  webhook_.twin = R"({"tags":{"from":"webhook"}})";
  const auto moved = await(register_device(custom_, request("d")));
  EXPECT_EQ(host_of(moved), "other.azure-devices.net");
  EXPECT_EQ(webhook_.asked.back().context.current_hub, "my-iot-hub-x509.azure-devices.net");
  EXPECT_EQ(webhook_.asked.back().context.current_device, "d");
  EXPECT_EQ(tags_at(other_), R"({"from":"webhook"})");
}

TEST_F(Custom, AFailureIsStoredAndTheNextRegisterTriesAgain) {
  webhook_.fails = true;
  EXPECT_EQ(await(register_device(custom_, request("d"))).error().code(), ErrorCode::allocation_failed);
  ASSERT_TRUE(stored("d"));
  EXPECT_EQ(stored("d")->status, RegistrationStatus::failed);
  EXPECT_EQ(stored("d")->error_code, 400207) << "device/01 section 6.5";
  EXPECT_NE(stored("d")->error_message.find("status 500"), std::string::npos);
  EXPECT_FALSE(is_at(kHub));
  webhook_.fails = false;
  ASSERT_TRUE(await(register_device(custom_, request("d"))));
  EXPECT_EQ(stored("d")->status, RegistrationStatus::assigned);
  EXPECT_EQ(stored("d")->error_code, 0);
}

TEST_F(Custom, WhoFailsWhileAssignedStaysAndIsMovedLater) {
  ASSERT_TRUE(await(register_device(custom_, request("d"))));
  link_other();
  webhook_.fails = true;
  EXPECT_FALSE(await(register_device(custom_, request("d"))));
  EXPECT_TRUE(is_at(kHub)) << "it goes on as it was";
  webhook_.fails = false;
  webhook_.hub = other_;
  EXPECT_EQ(host_of(await(register_device(custom_, request("d")))), "other.azure-devices.net");
  EXPECT_FALSE(is_at(kHub)) << "and leaves nothing behind";
}

TEST_F(Custom, APollTellsOfTheFailureAlsoAfterARestart) {
  webhook_.fails = true;
  Operations operations{custom_};
  const auto id = operations.start(io_.get_executor(), request("d"));
  ASSERT_TRUE(id);
  settle();
  const auto view = await(operations.poll(io_.get_executor(), request("d"), *id));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->error->code(), ErrorCode::allocation_failed);
  EXPECT_EQ(view->registration->status, RegistrationStatus::failed);
  Operations restarted{custom_};
  const auto later = await(restarted.poll(io_.get_executor(), request("d"), *id));
  EXPECT_FALSE(later->error);
  EXPECT_EQ(later->registration->status, RegistrationStatus::failed);
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

INSTANTIATE_TEST_SUITE_P(
    Kinds, Unsupported,
    testing::Values(
        Kind{"tpm", [](RegisterRequest& r) { r.offers_tpm = true; }, ErrorCode::attestation_unsupported},
        Kind{"csr", [](RegisterRequest& r) { r.asks_for_certificate = true; }, ErrorCode::csr_unsupported},
        Kind{"nothing_shown", [](RegisterRequest& r) { r.chain = nullptr; }, ErrorCode::credential_missing}),
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
