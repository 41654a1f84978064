#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>
#include <execinfo.h>

namespace muster {

void assertion_failed(const char* expression, const char* file, int line, const char* says) noexcept {
  std::fprintf(stderr, "%s:%d: %s: this cannot be: %s\n", file, line, expression, says);
  void* frames[64];
  backtrace_symbols_fd(frames, backtrace(frames, 64), 2);
  std::abort();
}

}  // namespace muster
