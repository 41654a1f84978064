#pragma once
// Private to pki: how OpenSSL's objects are owned here and how its errors become words.

#include "base/bytes.hpp"
#include "base/clock.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <string>

namespace muster::pki {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
template <typename T, auto Free>
using Owned = std::unique_ptr<T, FreeWith<Free>>;

using OwnedX509 = Owned<X509, X509_free>;
using OwnedBio = Owned<BIO, BIO_free_all>;
using OwnedName = Owned<X509_NAME, X509_NAME_free>;
using OwnedPkey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedExtension = Owned<X509_EXTENSION, X509_EXTENSION_free>;

/// OpenSSL's error queue belongs to the thread: what we leave in it, the next TLS read on this thread takes
/// for its own. Every function of pki that may fill it holds one of these.
class ErrorScope {
 public:
  ErrorScope() { ERR_clear_error(); }
  ~ErrorScope() { ERR_clear_error(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;

  /// The reason of the first error in the queue, "bad decrypt"; "unknown error" when there is none.
  std::string first() const;
};

/// The certificate's DER, as it was read; empty when OpenSSL cannot give it.
Bytes encode(const X509* x509);
/// As Certificate::common_name().
std::optional<std::string> common_name_of(const X509& certificate);

/// Chain::hash() in the making: SHA-256 over each certificate's length and DER.
class ChainDigest {
 public:
  ChainDigest();
  void add(ByteView der);
  std::string hex();  ///< Once.

 private:
  Owned<EVP_MD_CTX, EVP_MD_CTX_free> context_;
};

/// What a memory BIO holds. For public data: the copy is not wiped.
std::string text_of(BIO& memory);
/// To the second; nullopt for a time that is not one.
std::optional<WallTime> to_wall_time(const ASN1_TIME* time);
/// Whole seconds since the epoch, rounded down.
time_t to_seconds(WallTime time);
/// RFC 2253, UTF-8 kept, control characters escaped.
std::string to_text(const X509_NAME* name);
/// "2026-01-21 10:30:00Z", as the reasons of faults show times.
std::string shown(WallTime time);
/// A name as a reason shows it: cut where it is longer than a line.
std::string shown(const std::string& name);

}  // namespace muster::pki
