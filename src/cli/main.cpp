#include "base/out_of_memory.hpp"
#include "cli/run.hpp"

#include <unistd.h>

#include <iostream>

namespace {

muster::cli::Environment read_environment(char** entries) {
  muster::cli::Environment environment;
  for (; *entries != nullptr; ++entries) {
    const std::string_view entry{*entries};
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

}  // namespace

int main(int argc, char** argv, char** environment_entries) {
  muster::end_when_out_of_memory();
  const auto clock = muster::make_system_clock();
  const auto random = muster::make_system_random();
  const auto disk = muster::disk::make_real_disk();
  const auto environment = read_environment(environment_entries);
  muster::cli::Shell shell{.clock = *clock,
                           .random = *random,
                           .disk = *disk,
                           .out = std::cout,
                           .err = std::cerr,
                           .environment = environment,
                           .in = std::cin,
                           .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                           .err_is_terminal = ::isatty(STDERR_FILENO) == 1};
  return muster::cli::run_command_line({argv + 1, argv + argc}, shell);
}
