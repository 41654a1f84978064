// Several hubs: a device is sent from one to another by each policy, and its twin goes with it (issue B).

#include "device.hpp"

#include <functional>

namespace muster::journeys {
namespace {

const ServiceName kSecond = *ServiceName::parse("second");
constexpr std::string_view kSecondHost = "second.azure-devices.net";

/// A webhook in memory: always the hub that it was told last.
class Told final : public provisioning::AllocationWebhook {
 public:
  Task<provisioning::AllocationChoice> ask(provisioning::AllocationQuestion) override {
    if (fails) co_return failure(ErrorCode::allocation_failed, "https://hook: status 500 (3 attempts)");
    co_return provisioning::AllocationChoice{hub, "custom", "", R"({"floor":2})"};
  }
  ServiceName hub = kHub;
  bool fails = false;
};

struct Policy {
  const char* name;
  AllocationPolicy policy;
  std::uint32_t weight;  ///< Of the second hub.
  /// What sends the device there.
  std::function<void(EnrollmentSettings&, Told&)> change;
};

class ByPolicy : public testing::TestWithParam<Policy> {
 protected:
  Told webhook;
  /// Devices are in Berlin, which is nearer to the second hub.
  WholeService service{Terms{.geography = {.latency_ms = {{"berlin", {{"eastus", 95}, {"westeurope", 12}}}},
                                           .ranges = {},
                                           .place_default = "berlin"},
                             .webhook = &webhook}};
};

TEST_P(ByPolicy, ADeviceMovesAndItsTwinFollows) {
  service.changes_enrollment(kGroup, [](EnrollmentSettings& settings) {
    settings.allocation = AllocationPolicy::static_;
    settings.initial_twin_json = R"({"tags":{"site":"a"},"properties":{"desired":{"speed":3}}})";
  });
  const pki::Chain chain = provisioned(service);
  ASSERT_TRUE(service.device(kDevice));
  service.links_hub(kSecond, "westeurope", GetParam().weight);
  service.changes_enrollment(kGroup, [&](EnrollmentSettings& settings) {
    settings.allocation = GetParam().policy;
    GetParam().change(settings, webhook);
  });
  {
    Device device{service, to_dps(chain)};
    const Answer answer = device.provisions(kDevice);
    EXPECT_EQ(answer.body["registrationState"]["assignedHub"], kSecondHost);
    EXPECT_EQ(answer.body["registrationState"]["substatus"], "deviceDataMigrated");
    EXPECT_EQ(answer.body["registrationState"].contains("payload"),
              GetParam().policy == AllocationPolicy::custom);
  }
  EXPECT_FALSE(service.device(kDevice)) << "it leaves nothing behind";
  ASSERT_TRUE(service.device(kDevice, kSecond));
  const auto twin = service.store().devices().find_twin(kSecond, *DeviceId::parse(kDevice)).value();
  EXPECT_EQ(twin->tags_json, R"({"site":"a"})");
  EXPECT_EQ(twin->desired_json, R"({"speed":3})");
  Device there{service, Dialled{.chain = chain, .server_name = std::string{kSecondHost}}};
  EXPECT_EQ(there.connects_to_hub(kDevice).return_code, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Policies, ByPolicy,
    testing::Values(Policy{"hashed", AllocationPolicy::hashed, 1'000'000, [](EnrollmentSettings&, Told&) {}},
                    Policy{"static_", AllocationPolicy::static_, 1,
                           [](EnrollmentSettings& settings, Told&) { settings.hubs = {kSecond}; }},
                    Policy{"geo_latency", AllocationPolicy::geo_latency, 0,
                           [](EnrollmentSettings&, Told&) {}},
                    Policy{"custom", AllocationPolicy::custom, 1,
                           [](EnrollmentSettings&, Told& webhook) { webhook.hub = kSecond; }}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(CustomAllocation, ThatFailsIsAFinalAnswerWithItsReason) {
  Told webhook;
  webhook.fails = true;
  WholeService service{Terms{.webhook = &webhook}};
  service.changes_enrollment(kGroup, [](EnrollmentSettings& settings) {
    settings.allocation = AllocationPolicy::custom;
    settings.webhook_url = "https://hook/";
  });
  const pki::Chain chain = certificate_of(kDevice);
  {
    Device device{service, to_dps(chain)};
    const Answer answer = device.provisions(kDevice);
    EXPECT_EQ(answer.status, 200) << "device/01 section 6.3";
    EXPECT_EQ(answer.body["status"], "failed");
    EXPECT_EQ(answer.body["registrationState"]["errorCode"], 400207);
    EXPECT_FALSE(answer.body["registrationState"].contains("assignedHub"));
  }
  const auto entries = service.journal(kDevice);
  ASSERT_FALSE(entries.empty());
  const auto refused = std::ranges::find(entries, journal::EntryKind::refused,
                                         [](const journal::Kept& kept) { return kept.entry.kind; });
  ASSERT_NE(refused, entries.end());
  EXPECT_EQ(refused->entry.reason, "https://hook: status 500 (3 attempts)");
  EXPECT_EQ(service.registration(kDevice)->status, RegistrationStatus::failed);

  webhook.fails = false;
  Device device{service, to_dps(chain)};
  EXPECT_EQ(device.provisions(kDevice).body["status"], "assigned") << "a later register tries again";
}

}  // namespace
}  // namespace muster::journeys
