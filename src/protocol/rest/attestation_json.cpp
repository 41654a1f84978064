#include "protocol/rest/attestation_json.hpp"

#include "base/assert.hpp"
#include "muster/ids.hpp"
#include "pki/certificate.hpp"
#include "protocol/rest/symmetric_keys_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace muster::rest {
namespace {

using OptionalCertificate = std::optional<EnrollmentCertificate>;

EnrollmentCertificate certificate_of(const pki::Certificate& certificate) {
  return {certificate.der(), certificate.sha1_thumbprint(), certificate.sha256_thumbprint()};
}

/// A certificate that came back as its info alone: that one of `candidates` which has its thumbprint.
Result<EnrollmentCertificate> keep_certificate(const Fields& fields,
                                               const std::array<const OptionalCertificate*, 2>& candidates) {
  MUSTER_TRY(auto info, fields.object("info"));
  if (!info) return failure(fields.invalid("certificate", "is missing"));
  MUSTER_TRY(auto sha256, info->text("sha256Thumbprint"));
  MUSTER_TRY(auto sha1, info->text("sha1Thumbprint"));
  for (const auto* candidate : candidates) {
    if (!candidate || !*candidate) continue;
    const auto& known = **candidate;
    if ((sha256 && equals_ignoring_case(*sha256, known.sha256_thumbprint)) ||
        (!sha256 && sha1 && equals_ignoring_case(*sha1, known.sha1_thumbprint))) {
      return known;
    }
  }
  return failure(
      fields.invalid("certificate", "is missing, and no stored certificate has this info's thumbprint"));
}

Result<OptionalCertificate> read_certificate(const Fields& pair, std::string_view name, bool must_be_ca,
                                             const std::array<const OptionalCertificate*, 2>& candidates) {
  MUSTER_TRY(auto fields, pair.object(name));
  if (!fields) return OptionalCertificate{};
  MUSTER_TRY(auto text, fields->text("certificate"));
  if (!text || text->empty()) {
    MUSTER_TRY(auto kept, keep_certificate(*fields, candidates));
    return OptionalCertificate{std::move(kept)};
  }
  auto certificate = pki::parse_uploaded_certificate(*text);
  if (!certificate) return failure(fields->invalid("certificate", certificate.error().reason()));
  if (must_be_ca && !certificate->is_ca()) {
    return failure(fields->refused(ErrorCode::certificate_not_ca_upload, "certificate",
                                   fmt::format("{} is not a CA certificate", certificate->subject())));
  }
  return OptionalCertificate{certificate_of(*certificate)};
}

Result<void> read_ca_references(const Fields& pair, Attestation& into) {
  MUSTER_TRY(into.ca_primary, pair.required_text("primary"));
  MUSTER_TRY(auto secondary, pair.text("secondary"));
  into.ca_secondary = secondary.value_or("");
  for (const auto& [member, name] :
       {std::pair{"primary", &into.ca_primary}, std::pair{"secondary", &into.ca_secondary}}) {
    if (name->empty()) continue;
    if (const auto parsed = CertificateName::parse(*name); !parsed) {
      return failure(pair.invalid(member, fmt::format("\"{}\" {}", *name, parsed.error())));
    }
  }
  if (into.ca_primary.empty()) return failure(pair.invalid("primary", "is empty"));
  return {};
}

/// Both certificates of a pair; `primary` must be there, as the .NET SDK demands of replies (service/02
/// section 2.3).
Result<void> read_pair(const Fields& pair, bool must_be_ca, const OptionalCertificate* known_primary,
                       const OptionalCertificate* known_secondary,
                       std::pair<OptionalCertificate&, OptionalCertificate&> into) {
  const std::array candidates{known_primary, known_secondary};
  MUSTER_TRY(into.first, read_certificate(pair, "primary", must_be_ca, candidates));
  MUSTER_TRY(into.second, read_certificate(pair, "secondary", must_be_ca, candidates));
  if (!into.first) return failure(pair.invalid("primary", "is missing"));
  return {};
}

Result<Attestation> read_x509(const Fields& fields, EnrollmentKind kind, const Attestation* existing) {
  MUSTER_TRY(auto client, fields.object("clientCertificates"));
  MUSTER_TRY(auto signing, fields.object("signingCertificates"));
  MUSTER_TRY(auto references, fields.object("caReferences"));
  if (client.has_value() + signing.has_value() + references.has_value() != 1) {
    return failure(
        fields.invalid(kind == EnrollmentKind::group ? "signingCertificates" : "clientCertificates",
                       "exactly one of clientCertificates, signingCertificates and caReferences is wanted"));
  }
  Attestation result;
  result.type = AttestationType::x509;
  if (references) {
    // A device that is enrolled alone shows its own certificate (device/01 section 8.2).
    if (kind == EnrollmentKind::individual) {
      return failure(fields.invalid(
          "caReferences", "belongs to enrollment groups, an individual one has clientCertificates"));
    }
    MUSTER_CHECK(read_ca_references(*references, result));
    return result;
  }
  if (client) {
    if (kind == EnrollmentKind::group) {
      return failure(fields.invalid("clientCertificates",
                                    "belongs to individual enrollments, a group has signingCertificates"));
    }
    MUSTER_CHECK(read_pair(*client, false, existing ? &existing->client_primary : nullptr,
                           existing ? &existing->client_secondary : nullptr,
                           {result.client_primary, result.client_secondary}));
    return result;
  }
  if (kind == EnrollmentKind::individual) {
    return failure(fields.invalid("signingCertificates",
                                  "belongs to enrollment groups, an individual one has clientCertificates"));
  }
  MUSTER_CHECK(read_pair(*signing, true, existing ? &existing->signing_primary : nullptr,
                         existing ? &existing->signing_secondary : nullptr,
                         {result.signing_primary, result.signing_secondary}));
  return result;
}

/// Without keys those that are stored stay: replies never show them, so what a client writes back has none.
/// Where nothing is stored either they are left empty, and the service makes both.
Result<Attestation> read_symmetric(const Fields& fields, const Attestation* existing) {
  MUSTER_TRY(auto keys, read_symmetric_keys(fields));
  Attestation result;
  result.type = AttestationType::symmetric_key;
  if (keys.primary.empty() && existing && existing->type == AttestationType::symmetric_key) {
    keys = {existing->primary_key, existing->secondary_key};
  }
  result.primary_key = std::move(keys.primary);
  result.secondary_key = std::move(keys.secondary);
  return result;
}

/// X509CertificateInfo: all eight are required in replies.
nlohmann::ordered_json write_certificate(const EnrollmentCertificate& stored) {
  const auto certificate = pki::Certificate::from_der(stored.der);
  MUSTER_ASSERT(certificate.has_value(), "a stored certificate was parsed when it came");
  return {{"info",
           {{"subjectName", certificate->subject()},
            {"sha1Thumbprint", stored.sha1_thumbprint},
            {"sha256Thumbprint", stored.sha256_thumbprint},
            {"issuerName", certificate->issuer()},
            {"notBeforeUtc", format_utc(certificate->not_before())},
            {"notAfterUtc", format_utc(certificate->not_after())},
            {"serialNumber", certificate->serial_hex()},
            {"version", certificate->version()}}}};
}

nlohmann::ordered_json write_pair(const OptionalCertificate& primary, const OptionalCertificate& secondary) {
  nlohmann::ordered_json pair{{"primary", write_certificate(*primary)}};
  if (secondary) pair["secondary"] = write_certificate(*secondary);
  return pair;
}

}  // namespace

Result<Attestation> read_attestation(const Fields& fields, EnrollmentKind kind, const Attestation* existing) {
  MUSTER_TRY(const std::string type, fields.required_text("type"));
  if (equals_ignoring_case(type, "x509")) {
    MUSTER_TRY(auto x509, fields.object("x509"));
    if (!x509) return failure(fields.invalid("x509", "is missing"));
    return read_x509(*x509, kind, existing);
  }
  if (equals_ignoring_case(type, "symmetricKey")) return read_symmetric(fields, existing);
  if (equals_ignoring_case(type, "tpm")) {
    return failure(
        fields.refused(ErrorCode::attestation_unsupported, "type",
                       fmt::format("{} attestation is not supported, x509 and symmetricKey are", type)));
  }
  return failure(fields.invalid("type", fmt::format("\"{}\" found, x509 or symmetricKey wanted", type)));
}

nlohmann::ordered_json write_attestation(const Attestation& attestation) {
  switch (attestation.type) {
    case AttestationType::none:
      return {{"type", "none"}};
    case AttestationType::tpm:
      return {{"type", "tpm"}};
    case AttestationType::symmetric_key:
      return {{"type", "symmetricKey"}};  // Keys only from attestationmechanism.
    case AttestationType::x509:
      break;
  }
  nlohmann::ordered_json x509 = nlohmann::ordered_json::object();
  if (attestation.client_primary) {
    x509["clientCertificates"] = write_pair(attestation.client_primary, attestation.client_secondary);
  } else if (attestation.signing_primary) {
    x509["signingCertificates"] = write_pair(attestation.signing_primary, attestation.signing_secondary);
  } else {
    x509["caReferences"]["primary"] = attestation.ca_primary;
    if (!attestation.ca_secondary.empty()) x509["caReferences"]["secondary"] = attestation.ca_secondary;
  }
  return {{"type", "x509"}, {"x509", std::move(x509)}};
}

nlohmann::ordered_json write_attestation_with_keys(const Attestation& attestation) {
  auto mechanism = write_attestation(attestation);
  if (attestation.type == AttestationType::symmetric_key) {
    mechanism["symmetricKey"] = {{"primaryKey", attestation.primary_key},
                                 {"secondaryKey", attestation.secondary_key}};
  }
  return mechanism;
}

}  // namespace muster::rest
