#pragma once
// For tests: what is uploaded to a service and which groups it has, from forged certificates.

#include "pki/tests/forge.hpp"
#include "trust/anchors.hpp"

namespace muster::trust::fixtures {

inline const ServiceRef kDps{ServiceKind::dps, *ServiceName::parse("my-dps-x509")};
inline const ServiceRef kHub{ServiceKind::hub, *ServiceName::parse("my-iot-hub-x509")};

struct Upload {
  std::string name;
  pki::Certificate certificate;
  bool verified = true;
  ServiceRef owner = kDps;
};

struct Group {
  std::string id;
  std::string ca_primary = {};
  std::string ca_secondary = {};
  std::optional<pki::Certificate> signing_primary = std::nullopt;
  std::optional<pki::Certificate> signing_secondary = std::nullopt;
  bool enabled = true;
};

inline CaCertificate record_of(const Upload& upload, std::int64_t id) {
  return {.id = id,
          .owner = upload.owner,
          .name = *CertificateName::parse(upload.name),
          .der = upload.certificate.der(),
          .subject = upload.certificate.subject(),
          .sha1_thumbprint = upload.certificate.sha1_thumbprint(),
          .sha256_thumbprint = upload.certificate.sha256_thumbprint(),
          .not_before = upload.certificate.not_before(),
          .not_after = upload.certificate.not_after(),
          .verified = upload.verified};
}

inline std::optional<EnrollmentCertificate> inline_of(const std::optional<pki::Certificate>& certificate) {
  if (!certificate) return std::nullopt;
  return EnrollmentCertificate{certificate->der(), certificate->sha1_thumbprint(),
                               certificate->sha256_thumbprint()};
}

inline EnrollmentGroup record_of(const Group& group) {
  EnrollmentGroup record{.dps = kDps.name, .id = *EnrollmentGroupId::parse(group.id)};
  record.settings.enabled = group.enabled;
  auto& attestation = record.settings.attestation;
  attestation.type = AttestationType::x509;
  attestation.ca_primary = group.ca_primary;
  attestation.ca_secondary = group.ca_secondary;
  attestation.signing_primary = inline_of(group.signing_primary);
  attestation.signing_secondary = inline_of(group.signing_secondary);
  return record;
}

/// Uploads get the ids 1, 2, ... in order.
inline std::shared_ptr<const Anchors> anchors_of(const ServiceRef& service,
                                                 const std::vector<Upload>& uploads,
                                                 const std::vector<Group>& groups = {},
                                                 std::int64_t generation = 1) {
  std::vector<CaCertificate> records;
  for (const Upload& upload : uploads)
    records.push_back(record_of(upload, static_cast<std::int64_t>(records.size() + 1)));
  std::vector<EnrollmentGroup> group_records;
  for (const Group& group : groups) group_records.push_back(record_of(group));
  return std::make_shared<const Anchors>(service, generation, std::move(records), std::move(group_records));
}

}  // namespace muster::trust::fixtures
