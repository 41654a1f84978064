#include "hub/connect.hpp"

#include "pki/tests/forge.hpp"
#include "protocol/hub/sas_token.hpp"
#include "registry/tests/inline_registry.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::hub {
namespace {

using pki::forge::forge;
using pki::forge::tutorial;
using testing::HasSubstr;

const ServiceName kHub = *ServiceName::parse("my-iot-hub-x509");
const ServiceName kDps = *ServiceName::parse("my-dps-x509");
constexpr std::string_view kDevice = "my-device-001";

class Connecting : public testing::Test {
 protected:
  Connecting() {
    EXPECT_TRUE(store().services().put_hub({.name = kHub}, 0));
    EXPECT_TRUE(store().services().put_dps({.name = kDps, .linked_hubs = {{kHub, "", 1, true}}}, 0));
  }
  registry::Store& store() { return registry_.store(); }

  void has_identity(const DeviceAuth& auth, bool enabled = true) {
    const DeviceIdentity identity{
        .hub = kHub, .id = *DeviceId::parse(kDevice), .enabled = enabled, .auth = auth};
    ASSERT_TRUE(store().devices().put(identity, registry::kAnyVersion, nullptr));
  }
  std::int64_t upload(const ServiceRef& owner, const pki::Certificate& certificate, bool verified = true) {
    return store()
        .certificates()
        .put({.owner = owner,
              .name = *CertificateName::parse("ca"),
              .der = certificate.der(),
              .verified = verified},
             registry::kAnyVersion)
        .value()
        ->id;
  }
  ConnectOutcome connect(std::optional<pki::Certificate> leaf, std::optional<std::string> password = {},
                         std::string module = {}) {
    ConnectRequest request{.hub = kHub,
                           .device = *DeviceId::parse(kDevice),
                           .module = std::move(module),
                           .password = std::move(password),
                           .hosts = {"my-iot-hub-x509.azure-devices.net", "127.0.0.1"}};
    if (leaf) request.chain = std::make_shared<const pki::PresentedChain>(pki::Chain{{*leaf}});
    asio::io_context io;
    std::optional<Result<ConnectOutcome>> outcome;
    asio::co_spawn(io, authorize(service_, std::move(request)),
                   [&](std::exception_ptr, Result<ConnectOutcome> result) { outcome = std::move(result); });
    io.run();
    EXPECT_TRUE(outcome->has_value());
    return **outcome;
  }
  void expect_refused(const ConnectOutcome& outcome, ErrorCode code) {
    EXPECT_FALSE(outcome.connected);
    ASSERT_TRUE(outcome.judgement.failure());
    EXPECT_EQ(outcome.judgement.failure()->code(), code) << outcome.judgement.failure()->reason();
  }

  const ServiceRef hub_{ServiceKind::hub, kHub}, dps_{ServiceKind::dps, kDps};
  pki::Certificate leaf_ = tutorial().device.certificate;
  registry::InlineRegistry registry_;
  trust::AnchorCache anchors_;
  trust::VerdictCache verdicts_;
  TestClock clock_{pki::forge::kNow};
  ConnectService service_{registry_, anchors_, verdicts_, clock_};
};

struct Thumbprint {
  const char* name;
  std::function<DeviceAuth(const pki::Certificate&)> auth;
  bool accepted;
};

DeviceAuth by_thumbprint(std::string primary, std::string secondary = {}) {
  return {.type = DeviceAuthType::self_signed,
          .primary_thumbprint = std::move(primary),
          .secondary_thumbprint = std::move(secondary)};
}

class ByThumbprint : public Connecting, public testing::WithParamInterface<Thumbprint> {};

// device/04 section 2: the hub compares the leaf's SHA-256 or SHA-1 thumbprint with the primary and the
// secondary one.
TEST_P(ByThumbprint, EitherDigestInEitherPlace) {
  has_identity(GetParam().auth(leaf_));
  const ConnectOutcome outcome = connect(leaf_);
  if (GetParam().accepted) {
    ASSERT_TRUE(outcome.connected);
    EXPECT_EQ(outcome.connected->method, AuthMethod::x509_thumbprint);
  } else {
    expect_refused(outcome, ErrorCode::thumbprint_mismatch);
    EXPECT_THAT(outcome.judgement.failure()->reason(), HasSubstr("SHA1Hash=" + leaf_.sha1_thumbprint()));
    EXPECT_THAT(outcome.judgement.failure()->reason(), HasSubstr("SHA2Hash=" + leaf_.sha256_thumbprint()));
  }
}

const std::string kOther(64, 'A');

INSTANTIATE_TEST_SUITE_P(
    Places, ByThumbprint,
    testing::Values(
        Thumbprint{"sha256_primary", [](auto& leaf) { return by_thumbprint(leaf.sha256_thumbprint()); },
                   true},
        Thumbprint{"sha1_primary", [](auto& leaf) { return by_thumbprint(leaf.sha1_thumbprint()); }, true},
        Thumbprint{"sha256_secondary",
                   [](auto& leaf) { return by_thumbprint(kOther, leaf.sha256_thumbprint()); }, true},
        Thumbprint{"sha1_secondary", [](auto& leaf) { return by_thumbprint(kOther, leaf.sha1_thumbprint()); },
                   true},
        Thumbprint{"only_secondary", [](auto& leaf) { return by_thumbprint("", leaf.sha1_thumbprint()); },
                   true},
        Thumbprint{"lower_case",
                   [](auto& leaf) { return by_thumbprint(ascii_lower(leaf.sha256_thumbprint())); }, true},
        Thumbprint{"another", [](auto&) { return by_thumbprint(kOther, kOther); }, false},
        Thumbprint{"none", [](auto&) { return by_thumbprint(""); }, false},
        Thumbprint{"a_part", [](auto& leaf) { return by_thumbprint(leaf.sha256_thumbprint().substr(0, 40)); },
                   false}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(Connecting, WithoutAnIdentity) {
  const ConnectOutcome outcome = connect(leaf_);
  expect_refused(outcome, ErrorCode::device_not_found);
  EXPECT_EQ(outcome.judgement.failure()->reason(),
            "my-iot-hub-x509.azure-devices.net does not contain the device my-device-001");
}

TEST_F(Connecting, Disabled) {
  has_identity(by_thumbprint(leaf_.sha256_thumbprint()), false);
  expect_refused(connect(leaf_), ErrorCode::device_disabled);
}

TEST_F(Connecting, WithoutACertificate) {
  has_identity(by_thumbprint(leaf_.sha256_thumbprint()));
  expect_refused(connect(std::nullopt), ErrorCode::certificate_missing);
  expect_refused(connect(std::nullopt, "a password"), ErrorCode::credential_wrong_type);
}

TEST_F(Connecting, WithACertificateToAnIdentityOfAnotherType) {
  for (const auto type : {DeviceAuthType::sas, DeviceAuthType::none}) {
    has_identity({.type = type, .primary_key = "a2V5"});
    expect_refused(connect(leaf_), ErrorCode::credential_wrong_type);
  }
}

DeviceAuth by_ca(std::int64_t attested) {
  return {.type = DeviceAuthType::certificate_authority, .attested_ca_id = attested};
}

TEST_F(Connecting, ByTheCaThatDpsAttested) {
  has_identity(by_ca(upload(dps_, tutorial().intermediate.certificate)));
  const ConnectOutcome outcome = connect(leaf_);
  ASSERT_TRUE(outcome.connected) << outcome.judgement.failure()->reason();
  EXPECT_EQ(outcome.connected->method, AuthMethod::x509_ca);
}

TEST_F(Connecting, EveryCheckIsKeptInTheOrderMade) {
  has_identity(by_ca(upload(dps_, tutorial().intermediate.certificate)));
  const ConnectOutcome outcome = connect(leaf_);
  std::vector<std::string> names;
  for (const auto& check : outcome.judgement.checks()) names.push_back(check.name);
  ASSERT_GE(names.size(), 5u);
  EXPECT_THAT(names,
              testing::IsSupersetOf({"identity", "device enabled", "chain", "CA verified", "device id"}));
  EXPECT_EQ(names[0], "identity");
  EXPECT_EQ(names[1], "device enabled");
  EXPECT_EQ(names[2], "chain");
  EXPECT_EQ(names.back(), "device id");
}

TEST_F(Connecting, ByAnAttestedCaThatWasRemoved) {
  has_identity(by_ca(upload(dps_, tutorial().intermediate.certificate)));
  ASSERT_TRUE(connect(leaf_).connected);
  ASSERT_TRUE(store().certificates().remove(dps_, *CertificateName::parse("ca"), registry::kAnyVersion));
  EXPECT_FALSE(connect(leaf_).connected) << "also not by a judgement that was kept";
}

TEST_F(Connecting, ByAnAttestedCaThatIsNotVerifiedAnyMore) {
  const auto id = upload(dps_, tutorial().intermediate.certificate);
  has_identity(by_ca(id));
  ASSERT_TRUE(connect(leaf_).connected);
  ASSERT_EQ(upload(dps_, tutorial().intermediate.certificate, false), id);
  expect_refused(connect(leaf_), ErrorCode::ca_not_verified);
}

TEST_F(Connecting, ByACaOfTheHubsOwn) {
  upload(hub_, tutorial().intermediate.certificate);
  has_identity(by_ca(0));
  EXPECT_TRUE(connect(leaf_).connected);
}

TEST_F(Connecting, ByACaThatOnlyDpsHas) {
  upload(dps_, tutorial().intermediate.certificate);
  has_identity(by_ca(0));
  EXPECT_FALSE(connect(leaf_).connected) << "a device made at the hub needs a CA of the hub's";
}

TEST_F(Connecting, ByCaWithTheNameOfAnother) {
  has_identity(by_ca(upload(dps_, tutorial().intermediate.certificate)));
  const ConnectOutcome outcome =
      connect(forge({.common_name = "pump-07"}, &tutorial().intermediate).certificate);
  expect_refused(outcome, ErrorCode::device_id_mismatch);
  EXPECT_THAT(outcome.judgement.failure()->reason(), HasSubstr("\"pump-07\""));
}

// Registration ids are compared without case, device ids with (docs/adr/0011): a device that DPS made reaches
// its hub with a certificate that was re-issued in another spelling.
TEST_F(Connecting, ByCaWithItsNameInOtherCase) {
  const auto reissued = forge({.common_name = "My-Device-001"}, &tutorial().intermediate).certificate;
  has_identity(by_ca(upload(dps_, tutorial().intermediate.certificate)));
  EXPECT_TRUE(connect(reissued).connected);

  upload(hub_, tutorial().intermediate.certificate);
  has_identity(by_ca(0));
  const ConnectOutcome outcome = connect(reissued);
  expect_refused(outcome, ErrorCode::device_id_mismatch);
  EXPECT_THAT(outcome.judgement.failure()->remedy(), HasSubstr("CN \"my-device-001\", letter for letter"));
}

TEST_F(Connecting, ByCaIsJudgedByTheClock) {
  has_identity(by_ca(upload(dps_, tutorial().intermediate.certificate)));
  ASSERT_TRUE(connect(leaf_).connected);
  clock_.jump_wall(std::chrono::hours{24 * 365});
  expect_refused(connect(leaf_), ErrorCode::certificate_expired);
}

constexpr const char* kKey = "ZGV2aWNlLWtleS0wMTIzNDU2Nzg5";
constexpr const char* kKey2 = "c2Vjb25kLWtleS0wMTIzNDU2Nzg5";
constexpr const char* kPolicyKey = "cG9saWN5LWtleS0wMTIzNDU2Nzg5";
constexpr const char* kHost = "my-iot-hub-x509.azure-devices.net";

class ByToken : public Connecting {
 protected:
  ByToken() {
    has_identity({.type = DeviceAuthType::sas, .primary_key = kKey, .secondary_key = kKey2});
    for (const auto& [name, right] : {std::pair{"device", "DeviceConnect"}, {"service", "ServiceConnect"}})
      EXPECT_TRUE(store().services().put_policy(hub_, {name, kPolicyKey, "", {right}}));
  }
  std::string token(const std::string& resource, std::string_view key, std::string_view policy = {},
                    std::int64_t in_s = 3600) {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall()).time_since_epoch().count();
    return hub::format_sas_token({resource, key, now + in_s, policy}).value();
  }
};

TEST_F(ByToken, TheDevicesOwnKeysAndAPolicysLetIn) {
  const std::string mine = std::string{kHost} + "/devices/my-device-001";
  for (const char* key : {kKey, kKey2}) {
    const ConnectOutcome outcome = connect(std::nullopt, token(mine, key));
    ASSERT_TRUE(outcome.connected) << outcome.judgement.failure()->reason();
    EXPECT_EQ(outcome.connected->method, AuthMethod::sas_device);
    EXPECT_EQ(outcome.connected->expires,
              std::chrono::floor<std::chrono::seconds>(clock_.wall()) + std::chrono::seconds{3600 + 300});
  }
  const ConnectOutcome by_policy = connect(std::nullopt, token(kHost, kPolicyKey, "device"));
  ASSERT_TRUE(by_policy.connected);
  EXPECT_EQ(by_policy.connected->method, AuthMethod::sas_hub);
  EXPECT_TRUE(connect(std::nullopt, token("127.0.0.1/devices/my-device-001", kKey)).connected)
      << "any name that the hub answers as";
  EXPECT_TRUE(connect(leaf_, token(mine, kKey)).connected) << "the identity's type decides";
  EXPECT_TRUE(connect(std::nullopt, token(mine, kKey, "", -299)).connected) << "clocks differ";
}

TEST_F(ByToken, AnythingElseIsRefusedByName) {
  const std::string mine = std::string{kHost} + "/devices/my-device-001";
  expect_refused(connect(std::nullopt), ErrorCode::credential_wrong_type);
  expect_refused(connect(leaf_), ErrorCode::credential_wrong_type);
  expect_refused(connect(std::nullopt, "secret"), ErrorCode::token_malformed);
  expect_refused(connect(std::nullopt, token(mine, kPolicyKey)), ErrorCode::token_signature_invalid);
  expect_refused(connect(std::nullopt, token(mine, kKey, "", -301)), ErrorCode::token_expired);
  expect_refused(connect(std::nullopt, token(std::string{kHost} + "/devices/another", kKey)),
                 ErrorCode::token_resource_mismatch);
  expect_refused(connect(std::nullopt, token("other.azure-devices.net/devices/my-device-001", kKey)),
                 ErrorCode::token_resource_mismatch);
  expect_refused(connect(std::nullopt, token(kHost, kPolicyKey, "service")), ErrorCode::token_policy_unknown);
  expect_refused(connect(std::nullopt, token(kHost, kPolicyKey, "nobody")), ErrorCode::token_policy_unknown);
  expect_refused(connect(std::nullopt, token(kHost, kKey, "device")), ErrorCode::token_signature_invalid);
}

TEST_F(ByToken, AModuleHasKeysOfItsOwn) {
  ModuleIdentity module{.hub = kHub,
                        .device = *DeviceId::parse(kDevice),
                        .id = *ModuleId::parse("camera"),
                        .generation_id = "7"};
  module.auth = {.type = DeviceAuthType::sas, .primary_key = kKey2};
  ASSERT_TRUE(store().modules().put(module, 0, nullptr));
  const std::string mine = std::string{kHost} + "/devices/my-device-001/modules/camera";
  const ConnectOutcome outcome = connect(std::nullopt, token(mine, kKey2), "camera");
  ASSERT_TRUE(outcome.connected) << outcome.judgement.failure()->reason();
  EXPECT_EQ(outcome.connected->module, "camera");
  EXPECT_EQ(outcome.connected->generation_id, "7");
  expect_refused(connect(std::nullopt, token(mine, kKey), "camera"), ErrorCode::token_signature_invalid);
  expect_refused(connect(std::nullopt, token(mine, kKey2), "lamp"), ErrorCode::device_not_found);
  has_identity({.type = DeviceAuthType::sas, .primary_key = kKey}, false);
  expect_refused(connect(std::nullopt, token(mine, kKey2), "camera"), ErrorCode::device_disabled);
}

}  // namespace
}  // namespace muster::hub
