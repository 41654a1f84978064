#include "pki/java_key_store.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace muster::pki {
namespace {

// Source: OpenJDK, sun.security.provider.JavaKeyStore: the format is described at the head of engineStore.
constexpr std::uint32_t kMagic = 0xFEEDFEED;
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kTagTrustedCertificate = 2;
constexpr std::string_view kPassword = "changeit";
constexpr std::string_view kWhitener = "Mighty Aphrodite";

void put_integer(Bytes& out, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<std::byte>(value >> shift));
}

void put(Bytes& out, ByteView bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

/// Java's modified UTF-8, which is ASCII for what is written here.
void put_text(Bytes& out, std::string_view text) {
  put_integer(out, text.size(), 2);
  put(out, as_bytes(text));
}

/// SHA-1 over the password as UTF-16BE, a constant, and the data: keeps accidents out, not attackers.
std::array<std::byte, 20> keyed_digest(ByteView data) {
  Bytes input;
  for (const char c : kPassword) put_integer(input, static_cast<std::uint64_t>(c), 2);
  put(input, as_bytes(kWhitener));
  put(input, data);
  std::array<std::byte, 20> digest{};
  const int made = EVP_Digest(input.data(), input.size(), reinterpret_cast<unsigned char*>(digest.data()),
                              nullptr, EVP_sha1(), nullptr);
  MUSTER_ASSERT(made == 1, "OpenSSL computes SHA-1");
  return digest;
}

}  // namespace

Bytes java_trust_store(std::span<const Bytes> certificates, WallTime created) {
  const auto created_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(created.time_since_epoch()).count();
  Bytes store;
  put_integer(store, kMagic, 4);
  put_integer(store, kVersion, 4);
  put_integer(store, certificates.size(), 4);
  std::size_t number = 0;
  for (const Bytes& der : certificates) {
    put_integer(store, kTagTrustedCertificate, 4);
    put_text(store, fmt::format("muster-{}", number++));
    put_integer(store, static_cast<std::uint64_t>(created_ms), 8);
    put_text(store, "X.509");
    put_integer(store, der.size(), 4);
    put(store, der);
  }
  put(store, keyed_digest(store));
  return store;
}

}  // namespace muster::pki
