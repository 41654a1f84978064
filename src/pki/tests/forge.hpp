#pragma once
// For tests: certificates of any shape, also of those that pki's profiles refuse to make.

#include "pki/issue.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <utility>

namespace muster::pki::forge {

inline WallTime day(int year, unsigned month, unsigned date) {
  return std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(date)};
}
/// The time that the tests live in.
inline const WallTime kNow = day(2026, 6, 1);

/// What a forged certificate says. The defaults are a good device's.
struct Shape {
  std::string common_name = "pump-07";
  WallTime from = day(2026, 1, 1);
  WallTime until = day(2027, 1, 1);
  const char* basic_constraints = "critical,CA:FALSE";  ///< Null here and below: no such extension.
  const char* key_usage = "critical,digitalSignature";
  const char* extended_key_usage = "clientAuth";
  const char* name_constraints = nullptr;
  const char* alternative_name = nullptr;
  const char* unknown_extension = nullptr;  ///< "critical,DER:0500": under an OID nobody knows.
  bool key_identifiers = true;
  bool version_1 = false;
  const EVP_MD* digest = EVP_sha256();
  bool break_signature = false;
  bool break_extension = false;  ///< Subject alternative name that is no list of names.
};

inline Shape root_shape(std::string name = "My-Root-CA") {
  return {.common_name = std::move(name),
          .until = day(2036, 1, 1),
          .basic_constraints = "critical,CA:TRUE,pathlen:1",
          .key_usage = "critical,keyCertSign,cRLSign",
          .extended_key_usage = nullptr};
}
inline Shape intermediate_shape(std::string name = "My-Intermediate-CA") {
  Shape shape = root_shape(std::move(name));
  shape.until = day(2031, 1, 1);
  shape.basic_constraints = "critical,CA:TRUE,pathlen:0";
  return shape;
}

inline void must(bool done) {
  if (!done)
    ERR_print_errors_fp(stderr), std::abort();  // A test's certificate that cannot be made is a broken test.
}

inline void add(X509* x509, X509* issuer, int nid, const char* value) {
  if (value == nullptr) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  must(extension != nullptr && X509_add_ext(x509, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

inline int unknown_nid() {
  static const int nid = OBJ_create("1.3.6.1.4.1.99999.7", "forged", "forged extension");
  return nid;
}

inline void add_null(X509* x509, int nid, bool critical) {
  ASN1_OCTET_STRING* null = ASN1_OCTET_STRING_new();
  must(ASN1_OCTET_STRING_set(null, reinterpret_cast<const unsigned char*>("\x05\x00"), 2) == 1);
  X509_EXTENSION* extension = X509_EXTENSION_create_by_NID(nullptr, nid, critical ? 1 : 0, null);
  must(extension != nullptr && X509_add_ext(x509, extension, -1) == 1);
  X509_EXTENSION_free(extension);
  ASN1_OCTET_STRING_free(null);
}

/// What pki leaves in OpenSSL's per-thread queue, the next TLS read on that thread would take for its own.
inline bool left_no_error() { return ERR_peek_error() == 0; }

inline time_t seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// A certificate of this shape with `key`, signed by `issuer` (itself when null).
inline Certificate certificate_for(const Shape& shape, const Issued* issuer, const PrivateKey& key) {
  static long serial = 1000;
  X509* x509 = X509_new();
  must(X509_set_version(x509, shape.version_1 ? 0 : 2) == 1);
  must(ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial) == 1);
  X509_NAME* name = X509_get_subject_name(x509);
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(shape.common_name.data()),
                                  static_cast<int>(shape.common_name.size()), -1, 0) == 1);
  X509* signer = issuer != nullptr ? issuer->certificate.native() : x509;
  must(X509_set_issuer_name(x509, X509_get_subject_name(signer)) == 1);
  must(X509_set_pubkey(x509, key.native()) == 1);
  ASN1_TIME_set(X509_getm_notBefore(x509), seconds(shape.from));
  ASN1_TIME_set(X509_getm_notAfter(x509), seconds(shape.until));
  if (!shape.version_1) {
    add(x509, signer, NID_basic_constraints, shape.basic_constraints);
    add(x509, signer, NID_key_usage, shape.key_usage);
    add(x509, signer, NID_ext_key_usage, shape.extended_key_usage);
    add(x509, signer, NID_name_constraints, shape.name_constraints);
    add(x509, signer, NID_subject_alt_name, shape.alternative_name);
    if (shape.break_extension) add_null(x509, NID_subject_alt_name, false);
    if (shape.unknown_extension != nullptr)
      add_null(x509, unknown_nid(), std::string{shape.unknown_extension} == "critical");
    if (shape.key_identifiers) {
      add(x509, signer, NID_subject_key_identifier, "hash");
      if (X509_get_ext_by_NID(signer, NID_subject_key_identifier, -1) >= 0)
        add(x509, signer, NID_authority_key_identifier, "keyid");
    }
  }
  EVP_PKEY* signing_key = issuer != nullptr ? issuer->key.native() : key.native();
  must(X509_sign(x509, signing_key, shape.digest) > 0);
  // Parsed anew: the extensions made OpenSSL draw conclusions before there was a signature.
  Certificate made = *Certificate::from_der(Certificate::from_native(x509).der());
  X509_free(x509);
  if (!shape.break_signature) return made;
  Bytes der = made.der();
  der.back() ^= std::byte{1};  // The last byte of the signature's s: still DER, no longer true.
  return *Certificate::from_der(der);
}

inline Issued forge(const Shape& shape, const Issued* issuer = nullptr) {
  PrivateKey key = *PrivateKey::generate(KeyType::p256);
  Certificate certificate = certificate_for(shape, issuer, key);
  return {std::move(certificate), std::move(key)};
}

/// The tutorial's three, made once for all tests of a program.
struct Tutorial {
  Issued root = forge(root_shape());
  Issued intermediate = forge(intermediate_shape(), &root);
  Issued device = forge({.common_name = "my-device-001"}, &intermediate);
};
inline const Tutorial& tutorial() {
  static const Tutorial made;
  return made;
}

}  // namespace muster::pki::forge
