#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace muster::bench {

/// What ends the program: it prints {"event":"failed",...} with the reason and exits 1. A measurement that
/// met anything unexpected is no measurement.
struct Failed : std::runtime_error {
  using runtime_error::runtime_error;
};

template <typename... Values>
[[noreturn]] void fail(fmt::format_string<Values...> format, Values&&... values) {
  throw Failed{fmt::format(format, std::forward<Values>(values)...)};
}

}  // namespace muster::bench
