#include "simulator/device.hpp"

#include "client/tests/rig.hpp"
#include "pki/issue.hpp"
#include "simulator/own_certificate.hpp"

#include <gmock/gmock.h>

#include <sstream>

namespace muster::simulator {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

class FixedCredentials final : public Credentials {
 public:
  explicit FixedCredentials(CredentialPem pem) : pem_{std::move(pem)} {}
  Result<CredentialPem> load() override { return pem_; }

 private:
  CredentialPem pem_;
};

/// A certificate for `dev1` that began at kStart and lasts `lifetime`.
CredentialPem issue(hours lifetime) {
  const auto random = make_seeded_random(3);
  const pki::IssueRequest root_request{.subject = "/CN=Root", .now = client::kStart};
  const pki::Issued root = pki::issue_root(root_request, *random).value();
  const pki::IssueRequest request{.subject = "/CN=dev1",
                                  .lifetime = lifetime,
                                  .backdate = std::chrono::minutes{0},
                                  .now = client::kStart};
  const pki::Issued device = pki::issue_device(request, root, *random).value();
  return {device.certificate.pem(), device.key.pem(), {}};
}

DeviceConfig config() {
  DeviceConfig config;
  config.provisioning_host = "global.azure-devices-provisioning.net";
  config.id_scope = "0ne00123ABC";
  config.registration_id = "dev1";
  config.cert_file = "../certs/device/device.pem";
  config.cert_path = "device.pem";
  config.key_path = "device.key";
  config.messages = 2;
  return config;
}

/// Both services in one: which is meant shows in the topics.
void serve(client::Connection& from, const mqtt::Packet& packet) {
  const auto* publish = std::get_if<mqtt::Publish>(&packet);
  if (publish != nullptr && publish->topic.starts_with("devices/")) {
    from.send(mqtt::Puback{publish->packet_id});
  } else {
    client::assign_on_poll(from, packet);
  }
}

class DeviceTest : public testing::Test {
 protected:
  auto start(DeviceConfig with, CredentialPem pem) {
    DeviceSetup setup{*rig_.runtime, std::make_shared<FixedCredentials>(std::move(pem)), std::move(with),
                      out_, seconds{30}};
    return rig_.start(run_device(std::move(setup)));
  }
  client::Rig rig_;
  std::ostringstream out_;
};

// The page's expected output (tutorial 07b), with the values of this device.
TEST_F(DeviceTest, SaysWhatTheTutorialsProgramSays) {
  rig_.answer = serve;
  const auto outcome = start(config(), issue(hours{24 * 365}));
  rig_.advance(seconds{3});
  EXPECT_FALSE(outcome->result);
  rig_.advance(seconds{5});
  ASSERT_TRUE(outcome->result);
  ASSERT_TRUE(*outcome->result) << outcome->result->error().reason();
  EXPECT_TRUE(**outcome->result);
  const std::string text = out_.str();
  const std::string first = text.substr(0, text.find("[1]"));
  EXPECT_EQ(first,
            "=== IoT Device Simulator with X.509 ===\n"
            "\n"
            "Certificate loaded from: ../certs/device/device.pem\n"
            "Registration ID: dev1\n"
            "\n"
            "=== Starting DPS Provisioning ===\n"
            "Host: global.azure-devices-provisioning.net\n"
            "ID Scope: 0ne00123ABC\n"
            "Registration ID: dev1\n"
            "\n"
            "Registering with DPS...\n"
            "Status: assigned\n"
            "Assigned Hub: hub1.azure-devices.net\n"
            "Device ID: dev1\n"
            "\n"
            "=== Connecting to IoT Hub ===\n"
            "Connected to IoT Hub!\n"
            "\n"
            "=== Sending Telemetry ===\n");
  EXPECT_THAT(text.substr(first.size()),
              testing::MatchesRegex("\\[1\\] Sent: Temp=2[0-9]\\.[0-9]°C, Humidity=[67][0-9]\\.[0-9]%\n"
                                    "\\[2\\] Sent: Temp=2[0-9]\\.[0-9]°C, Humidity=[67][0-9]\\.[0-9]%\n"
                                    "\n"
                                    "Telemetry complete!\n"));
  const auto& said = rig_.connection(1).said;
  ASSERT_EQ(said.size(), 4U);
  EXPECT_THAT(said[1], HasSubstr("&%24.ct=application%2Fjson&%24.ce=utf-8 {\"temperature\": 2"));
  EXPECT_THAT(said[1], HasSubstr("\"timestamp\": \"2026-03-01T00:00:03.000000\"}"));
  EXPECT_EQ(said[3], "DISCONNECT");
}

TEST_F(DeviceTest, SaysSentOnlyAfterTheAcknowledgement) {
  rig_.answer = [](client::Connection& from, const mqtt::Packet& packet) {
    const auto* publish = std::get_if<mqtt::Publish>(&packet);
    if (publish == nullptr || !publish->topic.starts_with("devices/")) serve(from, packet);
  };
  auto with = config();
  with.payload_json = R"({"a":1})";
  const auto outcome = start(with, issue(hours{24 * 365}));
  rig_.advance(seconds{3});
  ASSERT_EQ(rig_.connection(1).said.size(), 2U) << "one message in flight";
  EXPECT_THAT(out_.str(), testing::EndsWith("=== Sending Telemetry ===\n"));
  rig_.connection(1).send(mqtt::Puback{1});
  rig_.settle();
  EXPECT_THAT(out_.str(), testing::EndsWith("[1] Sent: {\"a\":1}\n"));
  EXPECT_FALSE(outcome->result);
}

TEST_F(DeviceTest, DisconnectsWhenItIsCancelled) {
  rig_.answer = serve;
  auto with = config();
  with.messages = 0;
  const auto outcome = start(with, issue(hours{24 * 365}));
  rig_.advance(seconds{3});
  outcome->cancel.emit(asio::cancellation_type::terminal);
  rig_.settle();
  ASSERT_TRUE(outcome->result);
  ASSERT_TRUE(*outcome->result);
  EXPECT_FALSE(**outcome->result);
  EXPECT_EQ(rig_.connection(1).said.back(), "DISCONNECT");
}

TEST_F(DeviceTest, RefusesToStartWithAnExpiredCertificate) {
  rig_.clock.jump_wall(hours{49});
  const auto outcome = start(config(), issue(hours{48}));
  ASSERT_TRUE(outcome->result);
  EXPECT_EQ(outcome->result->error().code(), ErrorCode::own_certificate_expired);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(rig_.dialer->dials, 0);
}

struct CertificateRow {
  const char* name;
  hours at;  ///< After notBefore; the certificate lasts 40 days.
  std::optional<ErrorCode> refused;
  std::int64_t days_left;
};
class OwnCertificateTest : public testing::TestWithParam<CertificateRow> {};
TEST_P(OwnCertificateTest, IsJudgedByTheClock) {
  const auto own = check_own_certificate(issue(hours{24 * 40}), config(), client::kStart + GetParam().at);
  if (GetParam().refused) {
    ASSERT_FALSE(own);
    EXPECT_EQ(own.error().code(), *GetParam().refused);
    EXPECT_THAT(own.error().reason(), HasSubstr("device.pem (CN=dev1)"));
  } else {
    ASSERT_TRUE(own) << own.error().reason();
    EXPECT_EQ(own->subject, "CN=dev1");
    EXPECT_EQ(own->days_left, GetParam().days_left);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Times, OwnCertificateTest,
    testing::Values(CertificateRow{"an_hour_early", hours{-1}, ErrorCode::own_certificate_not_yet_valid, 0},
                    CertificateRow{"at_the_start", hours{0}, {}, 40},
                    CertificateRow{"in_the_last_hour", hours{24 * 40 - 1}, {}, 0},
                    CertificateRow{"at_the_end", hours{24 * 40}, ErrorCode::own_certificate_expired, 0}),
    [](const auto& row) { return row.param.name; });

TEST(OwnCertificate, KnowsAForeignKey) {
  CredentialPem pem = issue(hours{48});
  pem.private_key = pki::PrivateKey::generate(pki::KeyType::p256)->pem();
  const auto own = check_own_certificate(pem, config(), client::kStart);
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code(), ErrorCode::key_mismatch);
}

TEST(OwnCertificate, NamesTheFileThatDoesNotHoldWhatItShould) {
  CredentialPem pem = issue(hours{48});
  pem.certificate_chain = "nothing";
  EXPECT_THAT(check_own_certificate(pem, config(), client::kStart).error().reason(),
              HasSubstr("cert_file device.pem"));
}

}  // namespace
}  // namespace muster::simulator
