#include "pki/path_fault.hpp"

namespace muster::pki {
namespace {

ErrorCode code_of(int error) {
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return ErrorCode::certificate_not_yet_valid;
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return ErrorCode::certificate_expired;
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH:
    case X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY:
      return ErrorCode::certificate_signature_invalid;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return ErrorCode::certificate_not_a_ca;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REJECTED:
    case X509_V_ERR_CERT_UNTRUSTED:
      return ErrorCode::certificate_purpose;
    default:
      return ErrorCode::certificate_chain_invalid;
  }
}

/// Several verdicts of OpenSSL that all say: no way from here to the anchor.
bool is_missing_issuer(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return true;
    default:
      return false;
  }
}

std::string purposes_of(const Certificate& certificate) {
  const auto usage = X509_get_extended_key_usage(certificate.native());
  if (usage == UINT32_MAX) return {};
  std::string text;
  const auto add = [&](std::uint32_t bit, std::string_view name) {
    if ((usage & bit) != 0) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
  };
  add(XKU_SSL_SERVER, "serverAuth");
  add(XKU_SSL_CLIENT, "clientAuth");
  add(XKU_SMIME, "emailProtection");
  add(XKU_CODE_SIGN, "codeSigning");
  add(XKU_OCSP_SIGN, "OCSPSigning");
  add(XKU_TIMESTAMP, "timeStamping");
  return text.empty() ? "only others" : text;
}

std::string purpose_reason(const std::string& who, const Certificate& at, Purpose purpose) {
  const std::string_view wanted = purpose == Purpose::client ? "clientAuth" : "serverAuth";
  const std::uint32_t bit = purpose == Purpose::client ? XKU_SSL_CLIENT : XKU_SSL_SERVER;
  const auto usage = X509_get_extended_key_usage(at.native());
  if (usage != UINT32_MAX && (usage & bit) == 0) {
    return fmt::format("{} is not for {}: its extended key usage is {}", who, wanted, purposes_of(at));
  }
  return fmt::format("{} is not for {}: its key usage does not allow it", who, wanted);
}

std::string name_constraint_reason(const std::string& who, bool excluded) {
  return fmt::format("{} holds a name that the name constraints of a CA above it {}", who,
                     excluded ? "exclude" : "do not permit");
}

}  // namespace

void FaultCollector::add(X509_STORE_CTX& context) {
  const int error = X509_STORE_CTX_get_error(&context);
  const int depth = std::max(0, X509_STORE_CTX_get_error_depth(&context));
  X509* current = X509_STORE_CTX_get_current_cert(&context);
  if (current == nullptr) current = X509_STORE_CTX_get0_cert(&context);
  const Certificate at = Certificate::from_native(current);
  const ErrorCode code = code_of(error);
  const auto index = static_cast<std::size_t>(depth);
  const bool missing = is_missing_issuer(error);

  for (const PathFault& earlier : faults_) {
    // OpenSSL reports a CA that is none a second time as one of the wrong purpose.
    const bool same_depth = earlier.depth == index;
    if (same_depth && code == ErrorCode::certificate_purpose &&
        earlier.code == ErrorCode::certificate_not_a_ca)
      return;
    if (same_depth && code == earlier.code && code != ErrorCode::certificate_chain_invalid) return;
    if (missing && earlier.code == ErrorCode::certificate_chain_invalid) return;
  }
  faults_.push_back({code, reason_of(error, at, depth, context), index});
}

std::string FaultCollector::named(const Certificate& certificate, int depth) const {
  std::string_view role = "intermediate certificate";
  if (depth == 0) role = "leaf certificate";
  if (depth > 0 && certificate == anchor_) role = "CA certificate";
  return fmt::format("{} {}", role, shown(certificate.subject()));
}

std::string FaultCollector::reason_of(int error, const Certificate& at, int depth,
                                      X509_STORE_CTX& context) const {
  const std::string who = named(at, depth);
  if (is_missing_issuer(error)) {
    return fmt::format(
        "{} was issued by {}, and no certificate at hand leads from there to CA {} (SHA-256 {})", who,
        shown(at.issuer()), shown(anchor_.subject()), anchor_.sha256_thumbprint());
  }
  switch (error) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{} starts {}, clock says {}", who, shown(at.not_before()), shown(now_));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{} expired {}, clock says {}", who, shown(at.not_after()), shown(now_));
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE:
      return fmt::format("{} was not signed by the key of {}", who, shown(at.issuer()));
    case X509_V_ERR_INVALID_CA:
      return at.is_ca() ? fmt::format("{} may not issue certificates: its key usage lacks keyCertSign", who)
                        : fmt::format("{} is not a CA: its basic constraints do not say CA:TRUE", who);
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return fmt::format("{} may not issue certificates: its key usage lacks keyCertSign", who);
    case X509_V_ERR_INVALID_PURPOSE:
      return purpose_reason(who, at, purpose_);
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return fmt::format("{} allows {} CA certificates below it, this chain has {}", who,
                         X509_get_pathlen(at.native()), depth - 1);
    case X509_V_ERR_PERMITTED_VIOLATION:
      return name_constraint_reason(who, false);
    case X509_V_ERR_EXCLUDED_VIOLATION:
      return name_constraint_reason(who, true);
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return fmt::format("the chain of {} is longer than {} certificates",
                         shown(Certificate::from_native(X509_STORE_CTX_get0_cert(&context)).subject()),
                         kPathCertificatesMax);
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
      return fmt::format("{} has a critical extension that is not known here", who);
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return fmt::format("{} has a key that is too weak (RSA below 2048 bits, or a curve below 224)", who);
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return fmt::format("{} is signed with a digest that is too weak ({})", who,
                         OBJ_nid2ln(X509_get_signature_nid(at.native())));
    default:
      return fmt::format("{}: {}", who, X509_verify_cert_error_string(error));
  }
}

}  // namespace muster::pki
