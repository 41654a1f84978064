#include "base/random.hpp"

#include "base/assert.hpp"
#include "base/bytes.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <mutex>

namespace muster {
namespace {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> into) override {
    while (!into.empty()) {
      const ssize_t size = getrandom(into.data(), into.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      // Without randomness no key and no id is safe: there is nothing to fall back to.
      MUSTER_ASSERT(size > 0, "getrandom failed");
      into = into.subspan(static_cast<std::size_t>(size));
    }
  }
};

/// splitmix64: small, fast, and the same everywhere, which is all a test asks.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_{seed} {}

  void fill(std::span<std::byte> into) override {
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < into.size(); i += 8) {
      const std::uint64_t word = next();
      for (std::size_t j = 0; j < std::min<std::size_t>(8, into.size() - i); ++j) {
        into[i + j] = static_cast<std::byte>(word >> (8 * j));
      }
    }
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  std::mutex mutex_;
  std::uint64_t state_;
};

}  // namespace

std::uint64_t Random::below(std::uint64_t bound) {
  MUSTER_ASSERT(bound > 0, "an empty range has no number in it");
  // Numbers past the last whole multiple of `bound` would favour the small ones: draw again.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  while (true) {
    std::uint64_t value = 0;
    fill(std::as_writable_bytes(std::span{&value, 1}));
    if (value < limit) return value % bound;
  }
}

std::unique_ptr<Random> make_system_random() { return std::make_unique<SystemRandom>(); }
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed) {
  return std::make_unique<SeededRandom>(seed);
}

std::string random_uuid(Random& random) {
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  std::string text = to_hex(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

std::string random_base64(Random& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  random.fill(bytes);
  return to_base64(bytes);
}

std::string random_hex(Random& random, std::size_t size) {
  std::vector<std::byte> bytes(size);
  random.fill(bytes);
  return to_hex(bytes);
}

}  // namespace muster
