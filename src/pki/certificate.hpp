#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using X509 = struct x509_st;

namespace muster::pki {

/// One parsed X.509 certificate. A cheap value: copies share the parsed form. Never null.
/// Threads: const access from any thread.
class Certificate {
 public:
  /// certificate_unreadable with what OpenSSL says. Trailing bytes are refused, and so is an encoding that is
  /// not DER, so that one certificate has one thumbprint.
  static Result<Certificate> from_der(ByteView der);
  /// Takes a reference to `x509`, which must not be null (as OpenSSL's handshake gives it).
  static Certificate from_native(X509* x509);

  std::string subject() const;  ///< RFC 2253, UTF-8: "CN=my-device-001".
  std::string issuer() const;
  /// The last CN of the subject, byte for byte as UTF-8; nullopt when there is none, when it holds a NUL, or
  /// is unreadable.
  std::optional<std::string> common_name() const;
  std::string serial_hex() const;  ///< Upper case.
  int version() const;             ///< 1 or 3, as people count.
  WallTime not_before() const;
  WallTime not_after() const;
  /// Basic constraints say CA, or it is a v1 self-signed certificate.
  bool is_ca() const;
  /// An extension that OpenSSL knows does not parse, or contradicts itself. Such a certificate is never part
  /// of a path.
  bool has_unreadable_extension() const;
  bool is_self_issued() const;  ///< Subject equals issuer.
  Bytes der() const;
  std::string pem() const;
  std::string sha1_thumbprint() const;    ///< 40 upper-case hex digits over the DER.
  std::string sha256_thumbprint() const;  ///< 64.
  /// Names match and, where there are key identifiers, they do too. Says nothing about the signature.
  bool could_be_issued_by(const Certificate& issuer) const;
  /// The signature on this certificate was made with `issuer`'s key.
  bool is_signed_by(const Certificate& issuer) const;

  /// The encoding itself, kept since parsing; lives as long as any copy of this certificate.
  ByteView der_view() const noexcept;

  X509* native() const noexcept;
  /// Same bytes.
  friend bool operator==(const Certificate& a, const Certificate& b);

 private:
  struct Parsed;
  explicit Certificate(std::shared_ptr<const Parsed> parsed) : parsed_{std::move(parsed)} {}
  static Certificate keep(X509* owned, Bytes der);
  std::shared_ptr<const Parsed> parsed_;
};

/// More certificates than this in one text are refused.
inline constexpr std::size_t kCertificatesPerTextMax = 256;

/// Every certificate in a PEM text, in order; other PEM blocks and text between are skipped.
/// certificate_unreadable when there is none or one is broken (the reason says which). CRLF and a BOM are
/// accepted.
Result<std::vector<Certificate>> parse_pem_certificates(std::string_view text);

/// A certificate as people upload it: PEM text, DER, base64 of DER, or base64 of PEM text (service/02 and
/// 03). The first one of a PEM bundle.
Result<Certificate> parse_uploaded_certificate(std::string_view text);

/// What a peer presented in its handshake: the leaf, then the rest as sent. Parsed once.
struct Chain {
  std::vector<Certificate> certificates;  ///< Never empty; [0] is the leaf whose key the peer proved to hold.

  const Certificate& leaf() const { return certificates.front(); }
  /// SHA-256 over the DER of all, in order, each with its length before it: the verdict cache's key.
  std::string hash() const;
};

}  // namespace muster::pki
