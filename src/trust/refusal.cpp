#include "trust/path.hpp"

namespace muster::trust {
namespace {

/// "muster dps certificate verify --dps-name my-dps-x509", ready for the flags that follow.
std::string command(const ServiceRef& service, std::string_view verb) {
  const std::string_view kind = service.kind == ServiceKind::dps ? "dps" : "hub";
  return fmt::format("muster {0} certificate {1} --{0}-name {2}", kind, verb, service.name.str());
}

/// Why the end of the path leads no further.
std::string end_of(std::span<const pki::Certificate> path) {
  const auto& last = path.back();
  if (path.size() == 1 && last.is_self_issued()) {
    return fmt::format("leaf certificate {} is self-signed: no CA issued it", short_name(last.subject()));
  }
  if (last.is_self_issued()) {
    return fmt::format("the chain {} ends at a CA (SHA-256 {}) that is not uploaded", drawn(path),
                       last.sha256_thumbprint());
  }
  return fmt::format("certificate {} was issued by {}, and no certificate of that CA is uploaded or was sent",
                     short_name(last.subject()), short_name(last.issuer()));
}

/// An uploaded CA of the name that was looked for, with another key: a common mistake, since tutorials share
/// their names.
std::string lookalike_of(std::span<const pki::Certificate> path, const Anchors& anchors) {
  for (const auto& known : anchors.certificates()) {
    for (const auto& certificate : path) {
      if (known.subject() != certificate.issuer()) continue;
      return fmt::format("; {} is known here by another certificate with another key (SHA-256 {})",
                         short_name(known.subject()), known.sha256_thumbprint());
    }
  }
  return {};
}

}  // namespace

Error unknown_ca(const pki::Chain& chain, std::span<const pki::Certificate> path, const Anchors& anchors) {
  std::string reason = fmt::format("{}: {}", named(anchors.service()), end_of(path));
  reason += lookalike_of(path, anchors);
  if (path.size() == pki::kPathCertificatesMax)
    reason += fmt::format("; no more than {} certificates are followed", path.size());
  if (chain.certificates.size() > pki::kUntrustedMax) {
    reason += fmt::format("; of {} certificates sent, the first {} were considered",
                          chain.certificates.size(), pki::kUntrustedMax);
  }
  for (const Error& fault : anchors.faults()) reason += "; " + fault.reason();
  return Error{ErrorCode::ca_unknown, std::move(reason)}.with_remedy(fmt::format(
      "Upload the CA certificate that issued it: `{} --certificate-name NAME --path CA.pem`, and verify it.",
      command(anchors.service(), "create")));
}

Error unverified_ca(const KnownCa& ca, const Anchors& anchors) {
  const CaCertificate& record = ca.record;
  return Error{ErrorCode::ca_not_verified,
               fmt::format("{}: CA certificate {} ({}, SHA-256 {}) is uploaded but not verified",
                           named(anchors.service()), record.name.str(), short_name(ca.certificate.subject()),
                           ca.certificate.sha256_thumbprint())}
      .with_remedy(fmt::format(
          "Verify it: `{} --certificate-name {}` gives a code, `muster pki verify-proof` makes the "
          "certificate that answers it, `{} --certificate-name {} --path proof.pem` hands it in.",
          command(record.owner, "generate-verification-code"), record.name.str(),
          command(record.owner, "verify"), record.name.str()));
}

Error leaf_is_ca(const pki::Certificate& leaf, std::string_view known_as) {
  return Error{ErrorCode::certificate_chain_invalid,
               fmt::format("leaf certificate {} is {} itself, not a certificate that it issued",
                           short_name(leaf.subject()), known_as)}
      .with_remedy("Present a device certificate that this CA issued: `muster pki create-device`.");
}

}  // namespace muster::trust
