#include "gateway/rest/arm_call.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"
#include "pki/certificate.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

/// CA certificates of hubs and DPS instances, with proof of possession. Source: protocol/service/03
/// section 3.1. What changes trust is durable before it is answered.
namespace muster::rest {
namespace {

constexpr std::size_t kCodeBytes = 24;
constexpr std::size_t kGroupsPage = 200;

/// What a call on one certificate stands on, copied: it runs on the registry's threads.
struct CertificateCall {
  const Services& services;
  ServiceRef owner;
  CertificateName name;
  IfMatch if_match;
  std::string body;
};

Result<CertificateCall> certificate_call(const Call& call, ServiceKind kind) {
  MUSTER_TRY(auto service, arm_service_name(call));
  auto name = CertificateName::parse(call.ids[3]);
  if (!name)
    return failure(ErrorCode::field_invalid,
                   fmt::format("certificate name: \"{}\" {}", call.ids[3], name.error()));
  return CertificateCall{call.services, ServiceRef{kind, std::move(service)}, *std::move(name),
                         parse_if_match(call.request.header("If-Match")), call.request.body};
}

Result<CaCertificate> require_certificate(const CertificateCall& call, registry::Store& store) {
  MUSTER_CHECK(require_service(store, call.owner));
  MUSTER_TRY(auto certificate, store.certificates().find(call.owner, call.name));
  if (certificate) return *std::move(certificate);
  return failure(ErrorCode::resource_not_found,
                 fmt::format("{} has no certificate {}", call.owner.name.str(), call.name.str()));
}

Result<void> check_match(const CertificateCall& call, const CaCertificate& existing) {
  if (call.if_match.kind == IfMatch::Kind::absent) {
    return failure(ErrorCode::precondition_missing,
                   fmt::format("If-Match is wanted: certificate {} has etag {}", call.name.str(),
                               certificate_etag(existing)));
  }
  if (matches(call.if_match, certificate_etag(existing))) return {};
  return failure(ErrorCode::precondition_failed,
                 fmt::format("certificate {} has etag {}, If-Match wanted {}", call.name.str(),
                             certificate_etag(existing), call.if_match.tag));
}

Response show(const CertificateCall& call, const CaCertificate& certificate) {
  return Response::json(format_certificate(certificate, arm_scope(call.services)))
      .with("ETag", quoted_etag(certificate_etag(certificate)));
}

Result<Response> keep(const CertificateCall& call, const CaCertificate& certificate, registry::Store& store) {
  MUSTER_TRY(const auto stored, store.certificates().put(certificate, certificate.version));
  if (!stored) {
    return failure(ErrorCode::precondition_failed,
                   fmt::format("certificate {} was changed meanwhile", call.name.str()));
  }
  return show(call, *stored);
}

Result<pki::Certificate> uploaded_ca(const CertificateUpload& upload) {
  auto certificate = pki::parse_uploaded_certificate(upload.certificate);
  if (!certificate) return failure(ErrorCode::field_invalid, "certificate: " + certificate.error().reason());
  if (certificate->is_ca()) return certificate;
  return failure(ErrorCode::certificate_not_ca_upload,
                 fmt::format("certificate: {} is not a CA certificate", certificate->subject()));
}

/// A new certificate is verified only if the upload says so; the same one again keeps what it had unless it
/// says otherwise.
Result<Response> upload(const CertificateCall& call, registry::Store& store) {
  MUSTER_CHECK(require_service(store, call.owner));
  MUSTER_TRY(const auto body, parse_certificate_upload(call.body));
  MUSTER_TRY(const auto certificate, uploaded_ca(body));
  MUSTER_TRY(const auto existing, store.certificates().find(call.owner, call.name));
  if (existing) {
    MUSTER_CHECK(check_match(call, *existing));
  } else if (call.if_match.kind == IfMatch::Kind::tag) {
    return failure(ErrorCode::precondition_failed,
                   fmt::format("there is no certificate {}", call.name.str()));
  }
  const WallTime now = call.services.clock.wall();
  const bool same = existing && existing->der == certificate.der();
  const CaCertificate wanted{
      .id = existing ? existing->id : 0,
      .owner = call.owner,
      .name = existing ? existing->name : call.name,
      .der = certificate.der(),
      .subject = certificate.subject(),
      .sha1_thumbprint = certificate.sha1_thumbprint(),
      .sha256_thumbprint = certificate.sha256_thumbprint(),
      .not_before = certificate.not_before(),
      .not_after = certificate.not_after(),
      .verified = body.is_verified.value_or(same && existing->verified),
      .verification_code = {},
      .created = existing ? existing->created : now,
      .updated = now,
      .version = existing ? existing->version : 0,
  };
  return keep(call, wanted, store);
}

/// A group that names the certificate would match nobody without it.
Result<void> check_unused(const CertificateCall& call, registry::Store& store) {
  if (call.owner.kind != ServiceKind::dps) return {};
  std::string after;
  do {
    MUSTER_TRY(const auto page, store.groups().list(call.owner.name, after, kGroupsPage));
    for (const auto& group : page.items) {
      const auto& attestation = group.settings.attestation;
      if (equals_ignoring_case(attestation.ca_primary, call.name.str()) ||
          equals_ignoring_case(attestation.ca_secondary, call.name.str())) {
        return failure(ErrorCode::resource_in_use, fmt::format("enrollment group {} refers to certificate {}",
                                                               group.id.str(), call.name.str()));
      }
    }
    after = page.next;
  } while (!after.empty());
  return {};
}

Result<Response> remove(const CertificateCall& call, registry::Store& store) {
  MUSTER_TRY(const auto existing, require_certificate(call, store));
  MUSTER_CHECK(check_match(call, existing));
  MUSTER_CHECK(check_unused(call, store));
  MUSTER_CHECK(store.certificates().remove(call.owner, call.name, existing.version));
  return Response::no_content();
}

Result<Response> generate_code(const CertificateCall& call, registry::Store& store) {
  MUSTER_TRY(auto certificate, require_certificate(call, store));
  MUSTER_CHECK(check_match(call, certificate));
  Bytes code(kCodeBytes);
  call.services.random.fill(code);
  certificate.verification_code = to_hex_upper(code);
  certificate.updated = call.services.clock.wall();
  return keep(call, certificate, store);
}

/// The proof: a certificate whose CN is the code, signed with the CA's key. Its dates do not matter: the code
/// is new each time.
Result<void> check_proof(const CaCertificate& ca, const pki::Certificate& proof) {
  if (ca.verification_code.empty()) {
    return failure(
        Error{ErrorCode::proof_of_possession_failed,
              fmt::format("certificate {} has no verification code to prove", ca.name.str())}
            .with_remedy("Generate a verification code first, and issue the proof for that code."));
  }
  const auto name = proof.common_name();
  if (!name || *name != ca.verification_code) {
    return failure(
        ErrorCode::proof_of_possession_failed,
        fmt::format("the proof's CN is {}, the code is {}", name.value_or("missing"), ca.verification_code));
  }
  MUSTER_TRY(const auto issuer, pki::Certificate::from_der(ca.der));
  if (!proof.could_be_issued_by(issuer) || !proof.is_signed_by(issuer)) {
    return failure(ErrorCode::proof_of_possession_failed,
                   fmt::format("the proof (issuer {}) is not signed with the key of {} ({})", proof.issuer(),
                               ca.name.str(), ca.subject));
  }
  return {};
}

Result<Response> verify(const CertificateCall& call, registry::Store& store) {
  MUSTER_TRY(auto certificate, require_certificate(call, store));
  MUSTER_CHECK(check_match(call, certificate));
  MUSTER_TRY(const auto body, parse_certificate_upload(call.body));
  const auto proof = pki::parse_uploaded_certificate(body.certificate);
  if (!proof) return failure(ErrorCode::field_invalid, "certificate: " + proof.error().reason());
  MUSTER_CHECK(check_proof(certificate, *proof));
  certificate.verified = true;
  certificate.verification_code.clear();
  certificate.updated = call.services.clock.wall();
  return keep(call, certificate, store);
}

using Work = Result<Response> (*)(const CertificateCall&, registry::Store&);

Task<Response> change(const Call& call, ServiceKind kind, Work work) {
  MUSTER_CO_TRY(const auto copied, certificate_call(call, kind));
  const auto write = [copied, work](registry::Store& store) { return work(copied, store); };
  co_return co_await answer_by_writing(call.services, write);
}

Task<Response> get_one(const Call& call, ServiceKind kind) {
  MUSTER_CO_TRY(const auto copied, certificate_call(call, kind));
  const auto read = [copied](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto certificate, require_certificate(copied, store));
    return show(copied, certificate);
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> list_all(const Call& call, ServiceKind kind) {
  MUSTER_CO_TRY(const auto name, arm_service_name(call));
  const auto read = [&services = call.services,
                     owner = ServiceRef{kind, name}](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_service(store, owner));
    MUSTER_TRY(const auto certificates, store.certificates().list(owner));
    return Response::json(format_certificates(certificates, arm_scope(services)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace

Task<Response> list_hub_certificates(const Call& call) { return list_all(call, ServiceKind::hub); }
Task<Response> get_hub_certificate(const Call& call) { return get_one(call, ServiceKind::hub); }
Task<Response> put_hub_certificate(const Call& call) { return change(call, ServiceKind::hub, upload); }
Task<Response> delete_hub_certificate(const Call& call) { return change(call, ServiceKind::hub, remove); }
Task<Response> generate_hub_code(const Call& call) { return change(call, ServiceKind::hub, generate_code); }
Task<Response> verify_hub_certificate(const Call& call) { return change(call, ServiceKind::hub, verify); }
Task<Response> list_dps_certificates(const Call& call) { return list_all(call, ServiceKind::dps); }
Task<Response> get_dps_certificate(const Call& call) { return get_one(call, ServiceKind::dps); }
Task<Response> put_dps_certificate(const Call& call) { return change(call, ServiceKind::dps, upload); }
Task<Response> delete_dps_certificate(const Call& call) { return change(call, ServiceKind::dps, remove); }
Task<Response> generate_dps_code(const Call& call) { return change(call, ServiceKind::dps, generate_code); }
Task<Response> verify_dps_certificate(const Call& call) { return change(call, ServiceKind::dps, verify); }

}  // namespace muster::rest
