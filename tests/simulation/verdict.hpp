#pragma once

#include "base/clock.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace muster::simulation {

/// How a run ended, and, when asked for, its story on standard output.
class Verdict {
 public:
  Verdict(const Clock& clock, bool verbose) : clock_{clock}, verbose_{verbose} {}

  /// A promise was broken. The first is the one that counts.
  template <typename... Args>
  void broken(fmt::format_string<Args...> format, Args&&... args) {
    if (!holds()) return;
    what_ = fmt::format(format, std::forward<Args>(args)...);
    tell("BROKEN: {}", what_);
  }
  template <typename... Args>
  void tell(fmt::format_string<Args...> format, Args&&... args) const {
    if (!verbose_) return;
    fmt::print("{} step {:5} {}\n", format_utc_7(clock_.wall()), step_,
               fmt::format(format, std::forward<Args>(args)...));
    std::fflush(stdout);
  }

  bool holds() const noexcept { return what_.empty(); }
  const std::string& what() const noexcept { return what_; }
  void at_step(std::uint64_t step) noexcept { step_ = step; }

 private:
  const Clock& clock_;
  bool verbose_;
  std::uint64_t step_ = 0;
  std::string what_;
};

}  // namespace muster::simulation
