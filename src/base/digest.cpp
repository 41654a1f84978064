#include "base/digest.hpp"

#include "base/assert.hpp"

#include <openssl/evp.h>

namespace muster {

std::array<std::byte, 32> sha256(ByteView bytes) {
  std::array<std::byte, 32> digest;
  unsigned size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()),
                              &size, EVP_sha256(), nullptr);
  MUSTER_ASSERT(done == 1 && size == digest.size(), "SHA-256 is always there");
  return digest;
}

}  // namespace muster
