#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace muster {

/// The only source of randomness. Threads: all members may be called from any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> into) = 0;

  /// Uniform in [0, bound). `bound` > 0.
  std::uint64_t below(std::uint64_t bound);
};

/// The kernel's generator (getrandom); what production and every key use.
std::unique_ptr<Random> make_system_random();
/// The same numbers for the same seed: tests and the simulator. Never for keys.
std::unique_ptr<Random> make_seeded_random(std::uint64_t seed);

/// "b3602f8f-76fe-4341-9214-bb6cfb891b8a": a version 4 UUID.
std::string random_uuid(Random& random);
/// `size` random bytes in base64: what keys of devices, enrollments and policies are.
std::string random_base64(Random& random, std::size_t size);
/// `size` random bytes as lower-case hex.
std::string random_hex(Random& random, std::size_t size);

}  // namespace muster
