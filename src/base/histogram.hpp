#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace muster {

/// Which of a histogram's buckets a value falls into: each power of two is cut into four, so that a bucket's
/// bounds lie within a quarter of each other, and values below 8 have a bucket each.
struct HistogramScale {
  /// 2^40 nanoseconds are 18 minutes; what is larger counts in the last bucket.
  static constexpr unsigned kBitsMax = 40;
  static constexpr std::size_t kBuckets = 4 * (kBitsMax - 1) + 1;

  static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
    if (value < 4) return static_cast<std::size_t>(value);
    const auto bits = static_cast<unsigned>(std::bit_width(value));
    if (bits > kBitsMax) return kBuckets - 1;
    return 4 * (bits - 2) + static_cast<std::size_t>(value >> (bits - 3) & 3);
  }
  /// The largest value of the bucket; the last one's has no meaning.
  static constexpr std::uint64_t last_of(std::size_t bucket) noexcept {
    if (bucket < 4) return bucket;
    const std::size_t shift = bucket / 4 - 1;
    return ((std::uint64_t{5} + bucket % 4) << shift) - 1;
  }
};

/// What a Histogram held when it was asked.
struct HistogramFigures {
  std::array<std::uint64_t, HistogramScale::kBuckets> counts{};
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
  std::uint64_t max = 0;

  /// No less than this share of the values (0 < share <= 1) is at or below it: the bound of the bucket where
  /// that share is reached, so it is never too low and at most a quarter too high. 0 without values.
  std::uint64_t quantile(double share) const noexcept {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count)));
    std::uint64_t reached = 0;
    for (std::size_t bucket = 0; bucket + 1 < counts.size(); ++bucket) {
      reached += counts[bucket];
      if (reached > 0 && reached >= wanted) {
        const std::uint64_t bound = HistogramScale::last_of(bucket);
        return bound < max ? bound : max;
      }
    }
    return max;
  }

  /// How many values are at most `bound`: exact where `bound` + 1 is a power of two, as the buckets break
  /// there.
  std::uint64_t count_up_to(std::uint64_t bound) const noexcept {
    std::uint64_t below = 0;
    const std::size_t end = HistogramScale::bucket_of(bound + 1);
    for (std::size_t bucket = 0; bucket < end; ++bucket) below += counts[bucket];
    return below;
  }
};

/// How often values of each size came: for times in nanoseconds and for sizes, of batches and not of
/// messages. 1.3 KB. Threads: any may record and ask; each figure is exact, and they are of nearly the same
/// moment.
class Histogram {
 public:
  void record(std::uint64_t value) noexcept {
    counts_[HistogramScale::bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
    std::uint64_t max = max_.load(std::memory_order_relaxed);
    while (max < value && !max_.compare_exchange_weak(max, value, std::memory_order_relaxed)) {
    }
  }

  HistogramFigures figures() const noexcept {
    HistogramFigures figures;
    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      figures.counts[bucket] = counts_[bucket].load(std::memory_order_relaxed);
      figures.count += figures.counts[bucket];
    }
    figures.sum = sum_.load(std::memory_order_relaxed);
    figures.max = max_.load(std::memory_order_relaxed);
    return figures;
  }

 private:
  std::array<std::atomic<std::uint64_t>, HistogramScale::kBuckets> counts_{};
  std::atomic<std::uint64_t> sum_{0};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace muster
