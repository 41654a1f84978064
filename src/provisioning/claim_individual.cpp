#include "provisioning/claim.hpp"
#include "trust/token.hpp"

#include <fmt/format.h>

namespace muster::provisioning {
namespace {

/// The enrolled certificate itself has to come, self-signed or not (device/01 section 8.2): nothing above it
/// is looked at.
void check_certificate(trust::Judgement& judgement, const Attestation& attestation,
                       const pki::Certificate& leaf) {
  const std::string presented = leaf.sha256_thumbprint();
  struct Enrolled {
    const char* name;
    const std::optional<EnrollmentCertificate>& certificate;
  };
  std::string enrolled;
  for (const Enrolled& one : {Enrolled{"primary", attestation.client_primary},
                              Enrolled{"secondary", attestation.client_secondary}}) {
    if (!one.certificate) continue;
    if (equals_ignoring_case(one.certificate->sha256_thumbprint, presented)) {
      judgement.pass("certificate", fmt::format("is the {} of the enrollment, {}", one.name, presented));
      return;
    }
    enrolled +=
        fmt::format("{}{} {}", enrolled.empty() ? "" : ", ", one.name, one.certificate->sha256_thumbprint);
  }
  judgement.fail("certificate", Error{ErrorCode::enrollment_certificate_mismatch,
                                      fmt::format("presented {}, enrolled {}", presented, enrolled)});
}

void check_validity(trust::Judgement& judgement, const pki::Certificate& leaf, WallTime now) {
  if (now < leaf.not_before()) {
    judgement.fail("validity", Error{ErrorCode::certificate_not_yet_valid,
                                     fmt::format("{} is valid from {}", leaf.subject(),
                                                 format_utc_7(leaf.not_before()))});
  } else if (now > leaf.not_after()) {
    judgement.fail("validity",
                   Error{ErrorCode::certificate_expired, fmt::format("{} was valid until {}", leaf.subject(),
                                                                     format_utc_7(leaf.not_after()))});
  } else {
    judgement.pass("validity", fmt::format("until {}", format_utc_7(leaf.not_after())));
  }
}

std::string enrolled_thumbprint(const std::optional<EnrollmentCertificate>& certificate) {
  return certificate ? certificate->sha256_thumbprint : std::string{};
}

bool by_certificate(const Provisioning& service, trust::Judgement& judgement, const Evidence& evidence,
                    const IndividualEnrollment& enrollment, DeviceAuth& auth) {
  const RegisterRequest& request = evidence.request;
  if (!request.chain) {
    judgement.fail("certificate", Error{ErrorCode::certificate_missing,
                                        "the enrollment attests by X.509, and no certificate came"});
    return false;
  }
  const Attestation& attestation = enrollment.settings.attestation;
  const pki::Certificate& leaf = request.chain->leaf();
  check_certificate(judgement, attestation, leaf);
  check_validity(judgement, leaf, service.clock.wall());
  check_common_name(judgement, request.id, leaf);
  // Both of the enrollment's, so that a device may change to the other one without registering again.
  auth = attestation.client_primary ? thumbprint_auth(enrolled_thumbprint(attestation.client_primary),
                                                      enrolled_thumbprint(attestation.client_secondary))
                                    : thumbprint_auth(enrolled_thumbprint(attestation.client_secondary), "");
  return judgement.accepted();
}

bool by_key(const Provisioning& service, trust::Judgement& judgement, const Evidence& evidence,
            const IndividualEnrollment& enrollment, DeviceAuth& auth) {
  const Attestation& attestation = enrollment.settings.attestation;
  auth = {.type = DeviceAuthType::sas,
          .primary_key = attestation.primary_key,
          .secondary_key = attestation.secondary_key};
  return check_registration_token(service, judgement, evidence,
                                  {{"the enrollment's primary key", attestation.primary_key},
                                   {"its secondary key", attestation.secondary_key}});
}

}  // namespace

std::optional<Claim> claim_individual(const Provisioning& service, trust::Judgement& judgement,
                                      const Evidence& evidence, const IndividualEnrollment& enrollment) {
  // A disabled one blocks its device, although a group would take it (device/01 section 8.2).
  check_enabled(judgement, enrollment.settings, "individual enrollment", enrollment.id.str());
  if (judgement.failure()) return std::nullopt;
  Claim claim{
      .settings = enrollment.settings,
      .individual_version = enrollment.settings.version,
      .group_id = {},
      .device_id = enrollment.device_id.empty() ? std::string{enrollment.id.str()} : enrollment.device_id,
      .auth = {}};
  bool taken = false;
  switch (enrollment.settings.attestation.type) {
    case AttestationType::x509:
      taken = by_certificate(service, judgement, evidence, enrollment, claim.auth);
      break;
    case AttestationType::symmetric_key:
      taken = by_key(service, judgement, evidence, enrollment, claim.auth);
      break;
    case AttestationType::none:
    case AttestationType::tpm:
      judgement.fail("attestation",
                     Error{ErrorCode::attestation_unsupported,
                           fmt::format("individual enrollment {} attests by TPM", enrollment.id.str())});
      break;
  }
  if (!taken) return std::nullopt;
  return claim;
}

}  // namespace muster::provisioning
