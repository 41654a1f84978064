#include "base/assert.hpp"
#include "pki/draft.hpp"

namespace muster::pki {
namespace {

void add_extension(X509_CRL& crl, int nid, void* structure) {
  const bool added = X509_CRL_add1_ext_i2d(&crl, nid, structure, 0, 0) == 1;
  MUSTER_ASSERT(added, "memory");
}

void add_issuer_key(X509_CRL& crl, const Certificate& issuer) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer.native(), nullptr, nullptr, &crl, 0);
  X509V3_set_ctx_nodb(&context);
  const OwnedExtension extension{
      X509V3_EXT_conf_nid(nullptr, &context, NID_authority_key_identifier, "keyid")};
  if (extension)
    X509_CRL_add_ext(&crl, extension.get(), -1);  // A CA without a key identifier has none to name.
}

}  // namespace

Result<Bytes> issue_empty_crl(const Issued& issuer, WallTime now, std::chrono::hours lifetime,
                              std::uint64_t number) {
  const ErrorScope errors;
  MUSTER_CHECK(check_issuer(issuer));
  const Owned<X509_CRL, X509_CRL_free> crl{X509_CRL_new()};
  const Owned<ASN1_TIME, ASN1_TIME_free> from{ASN1_TIME_set(nullptr, to_seconds(now))};
  const Owned<ASN1_TIME, ASN1_TIME_free> until{ASN1_TIME_set(nullptr, to_seconds(now + lifetime))};
  const Owned<ASN1_INTEGER, ASN1_INTEGER_free> serial{ASN1_INTEGER_new()};
  const bool set =
      crl && from && until && serial && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
      X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.certificate.native())) == 1 &&
      X509_CRL_set1_lastUpdate(crl.get(), from.get()) == 1 &&
      X509_CRL_set1_nextUpdate(crl.get(), until.get()) == 1 &&
      ASN1_INTEGER_set_uint64(serial.get(), number) == 1;
  MUSTER_ASSERT(set, "memory");
  add_issuer_key(*crl, issuer.certificate);
  add_extension(*crl, NID_crl_number, serial.get());
  if (X509_CRL_sign(crl.get(), issuer.key.native(), EVP_sha256()) <= 0) {
    return failure(ErrorCode::io_failed, "signing the CRL: " + errors.first());
  }
  Bytes der(static_cast<std::size_t>(i2d_X509_CRL(crl.get(), nullptr)));
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509_CRL(crl.get(), &out);
  return der;
}

}  // namespace muster::pki
