#include "pki/key.hpp"

#include "pki/key_decoding.hpp"
#include "pki/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <cstring>

namespace muster::pki {
namespace {

struct KeyTypeRow {
  KeyType type;
  std::string_view name;
  unsigned rsa_bits;  ///< 0: an elliptic curve.
};
constexpr std::array kKeyTypes{
    KeyTypeRow{KeyType::p256, "p256", 0},
    KeyTypeRow{KeyType::rsa2048, "rsa2048", 2048},
    KeyTypeRow{KeyType::rsa3072, "rsa3072", 3072},
    KeyTypeRow{KeyType::rsa4096, "rsa4096", 4096},
};

struct Passphrase {
  std::string_view text;
  bool asked = false;
};

/// Without a callback OpenSSL would ask on the terminal, and a service would hang there.
int give_passphrase(char* into, int size, int /*writing*/, void* user) {
  auto& passphrase = *static_cast<Passphrase*>(user);
  passphrase.asked = true;
  if (passphrase.text.empty() || passphrase.text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, passphrase.text.data(), passphrase.text.size());
  return static_cast<int>(passphrase.text.size());
}

}  // namespace

std::optional<KeyType> parse_key_type(std::string_view text) {
  const auto row = std::ranges::find(kKeyTypes, text, &KeyTypeRow::name);
  if (row == kKeyTypes.end()) return std::nullopt;
  return row->type;
}

Result<PrivateKey> PrivateKey::generate(KeyType type) {
  const ErrorScope errors;
  const auto& row = *std::ranges::find(kKeyTypes, type, &KeyTypeRow::type);
  EVP_PKEY* key = row.rsa_bits != 0 ? EVP_RSA_gen(row.rsa_bits) : EVP_EC_gen(SN_X9_62_prime256v1);
  if (key == nullptr) {
    return failure(ErrorCode::io_failed, fmt::format("making a {} key: {}", row.name, errors.first()));
  }
  return PrivateKey{std::shared_ptr<EVP_PKEY>{in_built_in_form(key), EVP_PKEY_free}};
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem, std::string_view passphrase) {
  const ErrorScope errors;
  const OwnedBio in{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  Passphrase given{passphrase};
  EVP_PKEY* key = in ? PEM_read_bio_PrivateKey(in.get(), nullptr, give_passphrase, &given) : nullptr;
  if (key != nullptr) return PrivateKey{std::shared_ptr<EVP_PKEY>{in_built_in_form(key), EVP_PKEY_free}};

  if (given.asked && passphrase.empty()) {
    return failure(ErrorCode::file_unreadable, "the private key is encrypted, and no passphrase was given");
  }
  if (given.asked) return failure(ErrorCode::file_unreadable, "the passphrase of the private key is wrong");
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos) {
    return failure(ErrorCode::file_unreadable, "there is no PEM block \"BEGIN PRIVATE KEY\" in it");
  }
  return failure(ErrorCode::file_unreadable, "the private key cannot be parsed: " + errors.first());
}

std::string PrivateKey::pem() const {
  const ErrorScope errors;
  // A memory BIO is wiped when it is freed; the caller's string is the caller's.
  const OwnedBio out{BIO_new(BIO_s_mem())};
  PEM_write_bio_PKCS8PrivateKey(out.get(), native(), nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(*out);
}

std::string PrivateKey::description() const {
  if (EVP_PKEY_is_a(native(), "RSA") == 1) return fmt::format("RSA {}", EVP_PKEY_get_bits(native()));
  if (EVP_PKEY_is_a(native(), "EC") != 1) {
    const char* name = EVP_PKEY_get0_type_name(native());
    return name != nullptr ? name : "unknown";
  }
  std::array<char, 80> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(native(), group.data(), group.size(), &size) != 1) return "EC";
  const std::string_view name{group.data(), size};
  const char* nist = EC_curve_nid2nist(OBJ_sn2nid(group.data()));
  return fmt::format("EC {}", nist != nullptr ? std::string_view{nist} : name);
}

bool PrivateKey::matches(const Certificate& certificate) const {
  const ErrorScope errors;
  EVP_PKEY* other = X509_get0_pubkey(certificate.native());
  return other != nullptr && EVP_PKEY_eq(native(), other) == 1;
}

}  // namespace muster::pki
