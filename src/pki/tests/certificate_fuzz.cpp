#include "base/assert.hpp"
#include "pki/issue.hpp"
#include "pki/java_key_store.hpp"
#include "pki/key.hpp"
#include "pki/openssl.hpp"

#include <array>

// The input is what somebody uploads as a certificate, or gives as a file of certificates or a key: PEM, DER,
// base64 of either. What is accepted is told about in UTF-8, and is read back from each form that we write.

namespace muster::pki {
namespace {

void check_text(const std::string& text) {
  MUSTER_ASSERT(is_valid_utf8(as_bytes(text)), "a text that is not UTF-8");
}

void check_certificate(const Certificate& certificate) {
  const Bytes der = certificate.der();
  const auto from_der = Certificate::from_der(der);
  MUSTER_ASSERT(from_der && *from_der == certificate && from_der->der() == der, "another from its DER");
  const auto from_pem = parse_uploaded_certificate(certificate.pem());
  MUSTER_ASSERT(from_pem && *from_pem == certificate, "another from its PEM");
  const auto from_base64 = parse_uploaded_certificate(to_base64(der));
  MUSTER_ASSERT(from_base64 && *from_base64 == certificate, "another from its base64");
  MUSTER_ASSERT(certificate.sha1_thumbprint().size() == 40 && certificate.sha256_thumbprint().size() == 64,
                "a thumbprint of another length");
  check_text(certificate.subject());
  check_text(certificate.issuer());
  check_text(describe(certificate));
  if (const auto name = certificate.common_name()) {
    check_text(*name);
    MUSTER_ASSERT(name->find('\0') == std::string::npos, "a name with a NUL");
  }
  if (certificate.is_signed_by(certificate)) {
    MUSTER_ASSERT(!certificate.serial_hex().empty(), "no serial number");
  }
  (void)certificate.could_be_issued_by(certificate);
  (void)java_trust_store(std::array{der}, WallTime{});
}

}  // namespace
}  // namespace muster::pki

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::pki;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (const auto uploaded = parse_uploaded_certificate(text)) {
    check_certificate(*uploaded);
  } else {
    check_text(uploaded.error().reason());
  }
  if (const auto all = parse_pem_certificates(text)) {
    MUSTER_ASSERT(!all->empty() && all->size() <= kCertificatesPerTextMax, "out of their limits");
  } else {
    check_text(all.error().reason());
  }
  if (const auto key = PrivateKey::from_pem(text)) {
    const auto again = PrivateKey::from_pem(key->pem());
    MUSTER_ASSERT(again && again->pem() == key->pem(), "another key from its PEM");
    check_text(key->description());
  } else {
    check_text(key.error().reason());
  }
  MUSTER_ASSERT(ERR_peek_error() == 0, "an error left for the next TLS read");
  return 0;
}
