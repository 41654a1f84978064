#include "base/out_of_memory.hpp"

#include <unistd.h>

#include <cstdlib>
#include <new>

namespace muster {
namespace {

/// Without memory: a text that is there already, and no stream.
void out_of_memory() {
  constexpr char kText[] =
      "muster: out of memory: the process ends here. What was acknowledged is on disk, and a restart goes "
      "on.\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kText, sizeof(kText) - 1);
  std::abort();
}

}  // namespace

void end_when_out_of_memory() noexcept { std::set_new_handler(out_of_memory); }

}  // namespace muster
