#include "protocol/hub/sas_token.hpp"
#include "provisioning/tests/dps_fixture.hpp"

namespace muster::provisioning {
namespace {

// device/01 section 3: the documents' own group key and the key that is derived for this id.
constexpr const char* kGroupKey =
    "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==";
constexpr const char* kDerivedId = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6";
constexpr const char* kDerivedKey = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=";
constexpr const char* kOtherKey = "b3RoZXIta2V5LTAxMjM0NTY3ODk=";

EnrollmentCertificate enrolled(const pki::Certificate& certificate) {
  return {certificate.der(), certificate.sha1_thumbprint(), certificate.sha256_thumbprint()};
}

class Attest : public Dps {
 protected:
  IndividualEnrollment individual(std::string_view id) {
    IndividualEnrollment enrollment{.dps = kDps, .id = *RegistrationId::parse(id)};
    enrollment.settings.attestation.type = AttestationType::x509;
    return enrollment;
  }
  void put(const IndividualEnrollment& enrollment) {
    ASSERT_TRUE(registry_.store().enrollments().put(enrollment, registry::kAnyVersion));
  }
  void put_key_group(std::string_view id, const char* primary, bool enabled = true) {
    EnrollmentGroup group{.dps = kDps, .id = *EnrollmentGroupId::parse(id)};
    group.settings.attestation = {
        .type = AttestationType::symmetric_key, .primary_key = primary, .secondary_key = kOtherKey};
    group.settings.enabled = enabled;
    ASSERT_TRUE(registry_.store().groups().put(group, registry::kAnyVersion));
  }
  RegisterRequest by_key(std::string_view id, std::string_view key, std::int64_t in_s = 3600,
                         std::string resource = {}) {
    if (resource.empty()) resource = "0ne00123ABC/registrations/" + std::string{id};
    const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall()).time_since_epoch().count();
    return {.dps = kDps,
            .id = *RegistrationId::parse(id),
            .chain = nullptr,
            .password = hub::format_sas_token({resource, key, now + in_s, "registration"}).value()};
  }
  AttestOutcome judge(RegisterRequest request) { return await(attest(service_, std::move(request))).value(); }
  void expect_refused(RegisterRequest request, ErrorCode code) {
    const AttestOutcome outcome = judge(std::move(request));
    EXPECT_FALSE(outcome.attested);
    ASSERT_TRUE(outcome.judgement.failure());
    EXPECT_EQ(outcome.judgement.failure()->code(), code) << outcome.judgement.failure()->reason();
  }
};

TEST_F(Attest, AnIndividualEnrollmentTakesItsCertificates) {
  const RegisterRequest first = request("d");
  const auto self_signed = pki::forge::forge({.common_name = "d"});
  IndividualEnrollment enrollment = individual("d");
  enrollment.device_id = "Pump-7";
  enrollment.settings.attestation.client_primary = enrolled(first.chain->leaf());
  enrollment.settings.attestation.client_secondary = enrolled(self_signed.certificate);
  put(enrollment);
  const AttestOutcome primary = judge(first);
  ASSERT_TRUE(primary.attested) << primary.judgement.failure()->reason();
  EXPECT_EQ(primary.attested->device_id, "Pump-7");
  EXPECT_EQ(primary.attested->group_id, "");
  EXPECT_EQ(primary.attested->individual_version, 1);
  EXPECT_EQ(primary.attested->auth.type, DeviceAuthType::self_signed);
  EXPECT_EQ(primary.attested->auth.primary_thumbprint, first.chain->leaf().sha256_thumbprint());
  EXPECT_EQ(primary.attested->auth.secondary_thumbprint, self_signed.certificate.sha256_thumbprint());
  RegisterRequest second = request("d");
  second.chain = std::make_shared<const pki::Chain>(pki::Chain{{self_signed.certificate}});
  EXPECT_TRUE(judge(second).attested) << "nobody has to have signed it";
  expect_refused(request("d"), ErrorCode::enrollment_certificate_mismatch);
  expect_refused(by_key("d", kOtherKey), ErrorCode::certificate_missing);
  clock_.jump_wall(self_signed.certificate.not_after() + std::chrono::seconds{1} - clock_.wall());
  expect_refused(second, ErrorCode::certificate_expired);
}

TEST_F(Attest, AnIndividualEnrollmentBlocksThoughTheGroupWouldTakeIt) {
  ASSERT_TRUE(judge(request("d")).attested);
  IndividualEnrollment enrollment = individual("d");
  enrollment.settings.attestation.client_primary = enrolled(request("d").chain->leaf());
  enrollment.settings.enabled = false;
  put(enrollment);
  expect_refused(request("d"), ErrorCode::enrollment_disabled);
  expect_refused(request("D"), ErrorCode::enrollment_disabled);
  EXPECT_TRUE(judge(request("another")).attested);
}

TEST_F(Attest, AnIndividualEnrollmentTakesEitherKey) {
  IndividualEnrollment enrollment = individual("sensor");
  enrollment.settings.attestation = {
      .type = AttestationType::symmetric_key, .primary_key = kDerivedKey, .secondary_key = kOtherKey};
  put(enrollment);
  for (const char* key : {kDerivedKey, kOtherKey}) {
    const AttestOutcome outcome = judge(by_key("sensor", key));
    ASSERT_TRUE(outcome.attested) << outcome.judgement.failure()->reason();
    EXPECT_EQ(outcome.attested->auth.type, DeviceAuthType::sas);
    EXPECT_EQ(outcome.attested->auth.primary_key, kDerivedKey);
    EXPECT_EQ(outcome.attested->auth.secondary_key, kOtherKey);
  }
  expect_refused(by_key("sensor", kGroupKey), ErrorCode::token_signature_invalid);
  expect_refused(by_key("sensor", kOtherKey, -301), ErrorCode::token_expired);
  expect_refused(by_key("sensor", kOtherKey, 3600, "0ne00123ABC/registrations/other"),
                 ErrorCode::token_resource_mismatch);
  expect_refused(request("sensor"), ErrorCode::credential_missing);
}

TEST_F(Attest, AGroupsDeviceProvesItselfWithADerivedKey) {
  put_key_group("keys", kGroupKey);
  const AttestOutcome outcome = judge(by_key(kDerivedId, kDerivedKey));
  ASSERT_TRUE(outcome.attested) << outcome.judgement.failure()->reason();
  EXPECT_EQ(outcome.attested->group_id, "keys");
  EXPECT_EQ(outcome.attested->device_id, kDerivedId);
  EXPECT_EQ(outcome.attested->auth.primary_key, kDerivedKey);
  EXPECT_EQ(outcome.attested->auth.secondary_key, hub::derive_device_key(kOtherKey, kDerivedId));
  EXPECT_TRUE(judge(by_key("SN-1", *hub::derive_device_key(kGroupKey, "sn-1"))).attested) << "lower-cased";
  EXPECT_TRUE(judge(by_key("SN-1", *hub::derive_device_key(kGroupKey, "SN-1"))).attested) << "as typed";
  expect_refused(by_key(kDerivedId, kGroupKey), ErrorCode::token_signature_invalid);
  put_key_group("keys", kGroupKey, false);
  expect_refused(by_key(kDerivedId, kDerivedKey), ErrorCode::enrollment_disabled);
}

TEST_F(Attest, WithoutAnyKeyGroupNoEnrollmentMatches) {
  expect_refused(by_key("x", kOtherKey), ErrorCode::no_enrollment_matches);
}

TEST_F(Attest, ATpmEnrollmentIsRefusedByName) {
  IndividualEnrollment enrollment = individual("t");
  enrollment.settings.attestation.type = AttestationType::tpm;
  put(enrollment);
  expect_refused(request("t"), ErrorCode::attestation_unsupported);
}

TEST_F(Attest, AKeyDeviceRegistersAndItsHubKnowsTheKeys) {
  put_key_group("keys", kGroupKey);
  const auto registered = await(register_device(service_, by_key(kDerivedId, kDerivedKey)));
  ASSERT_TRUE(registered) << registered.error().reason();
  EXPECT_EQ(registered->attestation, AttestationType::symmetric_key);
  const auto identity = registry_.store().devices().find(kHub, *DeviceId::parse(kDerivedId)).value();
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->auth.type, DeviceAuthType::sas);
  EXPECT_EQ(identity->auth.primary_key, kDerivedKey);
}

}  // namespace
}  // namespace muster::provisioning
