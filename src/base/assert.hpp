#pragma once

namespace muster {

[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   const char* says) noexcept;

}  // namespace muster

/// Always on: states what cannot be false unless we have a bug. Aborts with the place and a backtrace.
#define MUSTER_ASSERT(expression, says) \
  ((expression) ? void(0) : ::muster::assertion_failed(#expression, __FILE__, __LINE__, says))
