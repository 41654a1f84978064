#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace muster::bench {

/// Durations in nanoseconds, each within 1/64 of its value. Fixed memory, no allocation while it counts.
class Histogram {
 public:
  void add(std::uint64_t ns) noexcept {
    ++counts_[slot(ns)];
    ++count_;
    if (ns > max_) max_ = ns;
  }
  void clear() noexcept { *this = {}; }

  std::uint64_t count() const noexcept { return count_; }
  double max_us() const noexcept { return static_cast<double>(max_) / 1000; }

  /// The value that `part` (0.99) of all are at most.
  double quantile_us(double part) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(static_cast<double>(count_) * part);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return static_cast<double>(upper(i)) / 1000;
    }
    return max_us();
  }

 private:
  static constexpr unsigned kBits = 6;
  static constexpr std::uint64_t kPerOctave = 1u << kBits;

  static std::size_t slot(std::uint64_t ns) noexcept {
    if (ns < kPerOctave) return ns;
    const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - kBits;
    return (shift + 1) * kPerOctave + (ns >> shift) - kPerOctave;
  }
  static std::uint64_t upper(std::size_t slot) noexcept {
    if (slot < kPerOctave) return slot;
    const std::size_t shift = slot / kPerOctave - 1;
    return ((slot % kPerOctave + kPerOctave + 1) << shift) - 1;
  }

  std::array<std::uint64_t, 59 * kPerOctave> counts_{};  // Every 64-bit value has a slot.
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace muster::bench
