#include "pki/certificate.hpp"

#include "base/assert.hpp"
#include "pki/openssl.hpp"

#include <openssl/pem.h>
#include <openssl/sha.h>

#include <mutex>
#include <unordered_set>

namespace muster::pki {
namespace {

using Sha256 = std::array<std::byte, SHA256_DIGEST_LENGTH>;

Sha256 sha256_of(ByteView bytes) {
  Sha256 digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

/// Signatures that were looked at and found good, by the digests of both certificates: CAs are asked about
/// again with each device of theirs, 50 us a time. What it says never changes, so it is shared by all.
class GoodSignatures {
 public:
  static GoodSignatures& instance() {
    static GoodSignatures all;
    return all;
  }
  bool contains(const Sha256& certificate, const Sha256& issuer) {
    const std::lock_guard lock{mutex_};
    return known_.contains(key(certificate, issuer));
  }
  void add(const Sha256& certificate, const Sha256& issuer) {
    const std::lock_guard lock{mutex_};
    if (known_.size() >= kKnownMax) known_.clear();
    known_.insert(key(certificate, issuer));
  }

 private:
  static std::string key(const Sha256& certificate, const Sha256& issuer) {
    return std::string{as_text(certificate)}.append(as_text(issuer));
  }
  static constexpr std::size_t kKnownMax = 1'024;
  std::mutex mutex_;
  std::unordered_set<std::string> known_;
};

}  // namespace

Bytes encode(const X509* x509) {
  const int size = i2d_X509(x509, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<std::size_t>(size));
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(x509, &out);
  return der;
}

ChainDigest::ChainDigest() : context_{EVP_MD_CTX_new()} {
  MUSTER_ASSERT(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1,
                "SHA-256 is there");
}

void ChainDigest::add(ByteView der) {
  const std::uint64_t size = der.size();
  EVP_DigestUpdate(context_.get(), &size, sizeof size);
  EVP_DigestUpdate(context_.get(), der.data(), der.size());
}

std::string ChainDigest::hex() {
  std::array<std::byte, SHA256_DIGEST_LENGTH> digest;
  EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return to_hex(digest);
}

/// The parsed form beside its encoding: thumbprints, hashes and comparison read the bytes that are there.
struct Certificate::Parsed {
  OwnedX509 x509;
  Bytes der;
  Sha256 sha256;
};

Certificate Certificate::keep(X509* owned, Bytes der) {
  // OpenSSL works extensions out on first use. Doing it here means that later reads change nothing, from
  // whatever thread.
  X509_check_purpose(owned, -1, 0);
  const Sha256 sha256 = sha256_of(der);
  return Certificate{std::make_shared<const Parsed>(Parsed{OwnedX509{owned}, std::move(der), sha256})};
}

Result<Certificate> Certificate::from_der(ByteView der) {
  const ErrorScope errors;
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* begin = at;
  OwnedX509 x509{d2i_X509(nullptr, &at, static_cast<long>(der.size()))};
  if (!x509) return failure(ErrorCode::certificate_unreadable, "not an X.509 certificate: " + errors.first());
  const auto size_read = static_cast<std::size_t>(at - begin);
  if (size_read != der.size()) {
    return failure(ErrorCode::certificate_unreadable,
                   fmt::format("{} bytes follow the certificate's {}", der.size() - size_read, size_read));
  }
  Bytes bytes{der.begin(), der.end()};
  if (encode(x509.get()) != bytes) {
    return failure(ErrorCode::certificate_unreadable, "the certificate's encoding is not DER");
  }
  return keep(x509.release(), std::move(bytes));
}

Certificate Certificate::from_native(X509* x509) {
  MUSTER_ASSERT(x509 != nullptr, "a certificate is never null");
  const ErrorScope errors;
  X509_up_ref(x509);
  return keep(x509, encode(x509));
}

X509* Certificate::native() const noexcept { return parsed_->x509.get(); }
ByteView Certificate::der_view() const noexcept { return parsed_->der; }
Bytes Certificate::der() const { return parsed_->der; }

bool operator==(const Certificate& a, const Certificate& b) {
  return a.parsed_ == b.parsed_ ||
         (a.parsed_->sha256 == b.parsed_->sha256 && a.parsed_->der == b.parsed_->der);
}

std::string Certificate::subject() const { return to_text(X509_get_subject_name(native())); }
std::string Certificate::issuer() const { return to_text(X509_get_issuer_name(native())); }

std::optional<std::string> Certificate::common_name() const { return common_name_of(*native()); }

std::optional<std::string> common_name_of(const X509& certificate) {
  const ErrorScope errors;
  const X509_NAME* name = X509_get_subject_name(&certificate);
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_commonName, at)) >= 0;) last = at;
  if (last < 0) return std::nullopt;

  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  if (size < 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  // "pump-07\0.example" must never be read as pump-07.
  if (text.find('\0') != std::string::npos) return std::nullopt;
  if (!is_valid_utf8(as_bytes(text))) return std::nullopt;
  return text;
}

std::string Certificate::serial_hex() const {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(native());
  const ByteView bytes{reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(serial)),
                       static_cast<std::size_t>(ASN1_STRING_length(serial))};
  const bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
  return (negative ? "-" : "") + to_hex_upper(bytes);
}

int Certificate::version() const { return static_cast<int>(X509_get_version(native())) + 1; }

WallTime Certificate::not_before() const {
  // A date that is not one never begins.
  return to_wall_time(X509_get0_notBefore(native())).value_or(WallTime::max());
}

WallTime Certificate::not_after() const {
  // And one that is not one is over.
  return to_wall_time(X509_get0_notAfter(native())).value_or(WallTime::min());
}

bool Certificate::is_ca() const {
  const std::uint32_t flags = X509_get_extension_flags(native());
  constexpr std::uint32_t kV1SelfSigned = EXFLAG_V1 | EXFLAG_SS;
  return (flags & EXFLAG_CA) != 0 || (flags & kV1SelfSigned) == kV1SelfSigned;
}

bool Certificate::has_unreadable_extension() const {
  return (X509_get_extension_flags(native()) & EXFLAG_INVALID) != 0;
}

bool Certificate::is_self_issued() const { return (X509_get_extension_flags(native()) & EXFLAG_SI) != 0; }

std::string Certificate::pem() const {
  const ErrorScope errors;
  const OwnedBio out{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(out.get(), native());
  return text_of(*out);
}

std::string Certificate::sha1_thumbprint() const {
  std::array<std::byte, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(parsed_->der.data()), parsed_->der.size(),
       reinterpret_cast<unsigned char*>(digest.data()));
  return to_hex_upper(digest);
}

std::string Certificate::sha256_thumbprint() const { return to_hex_upper(parsed_->sha256); }

bool Certificate::could_be_issued_by(const Certificate& issuer) const {
  const ErrorScope errors;
  const int verdict = X509_check_issued(issuer.native(), native());
  // Whether the issuer was allowed to sign is for the judge to say, who then names what is missing.
  return verdict == X509_V_OK || verdict == X509_V_ERR_KEYUSAGE_NO_CERTSIGN;
}

bool Certificate::is_signed_by(const Certificate& issuer) const {
  if (GoodSignatures::instance().contains(parsed_->sha256, issuer.parsed_->sha256)) return true;
  const ErrorScope errors;
  EVP_PKEY* key = X509_get0_pubkey(issuer.native());
  const bool good = key != nullptr && X509_verify(native(), key) == 1;
  if (good) GoodSignatures::instance().add(parsed_->sha256, issuer.parsed_->sha256);
  return good;
}

std::string Chain::hash() const {
  ChainDigest digest;
  for (const Certificate& certificate : certificates) digest.add(certificate.der_view());
  return digest.hex();
}

}  // namespace muster::pki
