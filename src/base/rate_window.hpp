#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace muster {

/// How much happened in each of the last seconds: what "events per second, now" is made of. Fed where much is
/// counted at once (a batch), so that it costs nothing a message. 1 KB. Not thread-safe.
class RateWindow {
 public:
  static constexpr std::chrono::seconds kLongest{60};

  explicit RateWindow(SteadyTime start) noexcept : start_{second_of(start)} {}

  void add(SteadyTime now, std::uint64_t count) noexcept {
    Slot& slot = slots_[index_of(second_of(now))];
    if (slot.second != second_of(now)) slot = {second_of(now), 0};
    slot.count += count;
  }

  /// Mean a second over the last `span` (at most kLongest) of whole seconds, or over those since the start
  /// where they are fewer; 0 within the first.
  double per_second(SteadyTime now, std::chrono::seconds span) const noexcept {
    const std::int64_t end = second_of(now);
    const std::int64_t begin = std::max(end - std::min(span, kLongest).count(), start_);
    if (begin >= end) return 0;
    std::uint64_t count = 0;
    for (const Slot& slot : slots_) {
      if (slot.second >= begin && slot.second < end) count += slot.count;
    }
    return static_cast<double>(count) / static_cast<double>(end - begin);
  }

 private:
  struct Slot {
    std::int64_t second = -1;
    std::uint64_t count = 0;
  };
  static constexpr std::int64_t kSlots = 64;  // The longest span, the second that is running, and some more.

  static std::int64_t second_of(SteadyTime time) noexcept {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  }
  static std::size_t index_of(std::int64_t second) noexcept {
    return static_cast<std::size_t>(((second % kSlots) + kSlots) % kSlots);
  }

  std::array<Slot, kSlots> slots_{};
  std::int64_t start_;
};

}  // namespace muster
