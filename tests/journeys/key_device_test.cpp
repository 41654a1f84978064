// A device with a symmetric key, all the way (protocol/device/01 section 3, 04 section 2), and its end with
// its token (04 section 10).

#include "device.hpp"
#include "protocol/hub/sas_token.hpp"

namespace muster::journeys {
namespace {

constexpr const char* kGroupKey = "Z3JvdXAta2V5LTAxMjM0NTY3ODkwMTIzNDU2Nzg5";
constexpr const char* kSensor = "sensor-1";
constexpr const char* kHubHost = "my-iot-hub-x509.azure-devices.net";

class KeyDevice : public testing::Test {
 protected:
  KeyDevice() {
    EnrollmentGroup group{.dps = *ServiceName::parse("my-dps-x509"), .id = *EnrollmentGroupId::parse("keys")};
    group.settings.attestation = {.type = AttestationType::symmetric_key, .primary_key = kGroupKey};
    EXPECT_TRUE(service_.store().groups().put(group, 0).value());
  }
  std::string token(const std::string& resource, std::chrono::seconds life) {
    const auto now = std::chrono::floor<std::chrono::seconds>(service_.clock.wall()).time_since_epoch();
    return hub::format_sas_token({resource, key_, (now + life).count(), ""}).value();
  }
  Dialled without_certificate(std::string_view name) {
    return {.chain = std::nullopt, .server_name = std::string{name}};
  }

  WholeService service_;
  const std::string key_ = hub::derive_device_key(kGroupKey, kSensor).value();
};

TEST_F(KeyDevice, RegistersConnectsAndIsCutWhenItsTokenHasRunOut) {
  Device at_dps{service_, without_certificate(kGlobalProvisioningHost)};
  const std::string dps_token = token(std::string{kScope} + "/registrations/" + kSensor, 1h);
  at_dps.says(Connect{.keep_alive_s = 60,
                      .client_id = kSensor,
                      .user_name = "0ne00123ABC/registrations/sensor-1/api-version=2019-03-31",
                      .password = as_bytes(dps_token)});
  ASSERT_EQ(at_dps.hears<Connack>().return_code, 0);
  at_dps.subscribes_to_responses();
  const Answer accepted = at_dps.registers(kSensor);
  ASSERT_EQ(accepted.status, 202) << accepted.body;
  const Answer assigned = at_dps.polls(accepted.body.value("operationId", ""));
  ASSERT_EQ(assigned.status, 200) << assigned.body;
  EXPECT_EQ(assigned.body["registrationState"]["assignedHub"], kHubHost);
  EXPECT_FALSE(assigned.body["registrationState"].contains("x509"));

  Device at_hub{service_, without_certificate(kHubHost)};
  const std::string hub_token = token(std::string{kHubHost} + "/devices/" + kSensor, 1h);
  at_hub.says(Connect{.keep_alive_s = 1767,
                      .client_id = kSensor,
                      .user_name = "my-iot-hub-x509.azure-devices.net/sensor-1/?api-version=2019-10-01",
                      .password = as_bytes(hub_token)});
  ASSERT_EQ(at_hub.hears<Connack>().return_code, 0);
  at_hub.publishes(events_topic(kSensor), "1", 1);
  at_hub.hears<Puback>();
  EXPECT_EQ(service_.events().at(0).method, AuthMethod::sas_device);

  // An hour, and the five minutes that clocks may differ by; PINGREQ keeps it alive until then.
  service_.passes(30min);
  at_hub.says(Pingreq{});
  at_hub.hears<Pingresp>();
  service_.passes(35min - 1s);
  EXPECT_FALSE(at_hub.is_closed());
  service_.passes(2s);
  EXPECT_TRUE(at_hub.is_closed());
  EXPECT_EQ(service_.journal(kSensor).at(0).entry.code, ErrorCode::token_expired);
}

TEST_F(KeyDevice, APasswordThatIsNoTokenIsRefusedAtConnect) {
  Device device{service_, without_certificate(kGlobalProvisioningHost)};
  device.says(Connect{.keep_alive_s = 60,
                      .client_id = kSensor,
                      .user_name = "0ne00123ABC/registrations/sensor-1/api-version=2019-03-31",
                      .password = as_bytes("secret")});
  EXPECT_EQ(device.hears<Connack>().return_code, 4) << "device/01 section 2: bad SAS format";
}

TEST_F(KeyDevice, AWrongKeyIsToldOnTheRegisterTopic) {
  Device device{service_, without_certificate(kGlobalProvisioningHost)};
  const std::string wrong =
      hub::format_sas_token({"0ne00123ABC/registrations/other", key_, 4'000'000'000, ""}).value();
  device.says(Connect{.keep_alive_s = 60,
                      .client_id = "other",
                      .user_name = "0ne00123ABC/registrations/other/api-version=2019-03-31",
                      .password = as_bytes(wrong)});
  ASSERT_EQ(device.hears<Connack>().return_code, 0);
  device.subscribes_to_responses();
  const Answer refused = device.registers("other");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.body.value("errorCode", 0), 401002);
  EXPECT_EQ(service_.journal("other").at(0).entry.code, ErrorCode::token_signature_invalid);
}

}  // namespace
}  // namespace muster::journeys
