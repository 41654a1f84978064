#include "net/socket.hpp"

#include <sys/socket.h>

#include <array>
#include <cstddef>

namespace muster::net {
namespace {

constexpr std::size_t kChunkSize = 4096;
constexpr int kChunksMax = 16;

}  // namespace

void throw_away_unread(int descriptor) {
  // Not the shard's scratch: whoever closes may still be looking at what was read into it.
  std::array<std::byte, kChunkSize> chunk;
  for (int i = 0; i < kChunksMax; ++i) {
    if (::recv(descriptor, chunk.data(), chunk.size(), MSG_DONTWAIT) <= 0) return;
  }
}

}  // namespace muster::net
