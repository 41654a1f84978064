#pragma once

#include "base/result.hpp"
#include "pki/certificate.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

using EVP_PKEY = struct evp_pkey_st;

namespace muster::pki {

enum class KeyType : std::uint8_t { p256, rsa2048, rsa3072, rsa4096 };

/// "p256", "rsa2048", ...; nullopt otherwise.
std::optional<KeyType> parse_key_type(std::string_view text);

/// A private key in memory. Copies share it; it is wiped when the last goes. Never printed.
class PrivateKey {
 public:
  static Result<PrivateKey> generate(KeyType type);
  /// PKCS #8, PKCS #1 or SEC 1 PEM, encrypted or not. key_mismatch is never returned here; file_unreadable
  /// when it cannot be parsed or the passphrase is wrong or missing (the reason says which).
  static Result<PrivateKey> from_pem(std::string_view pem, std::string_view passphrase = {});

  std::string pem() const;          ///< PKCS #8, unencrypted.
  std::string description() const;  ///< "EC P-256", "RSA 2048".
  bool matches(const Certificate& certificate) const;
  EVP_PKEY* native() const noexcept { return key_.get(); }

 private:
  explicit PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_{std::move(key)} {}
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace muster::pki
