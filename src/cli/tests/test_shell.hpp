#pragma once

#include "base/bytes.hpp"
#include "cli/run.hpp"

#include <sstream>
#include <string>
#include <vector>

namespace muster::cli {

/// A shell in memory: runs a command line and keeps what it said.
class TestShell {
 public:
  struct Outcome {
    int status;
    std::string out;
    std::string err;
  };

  Outcome run(const std::vector<std::string>& words) {
    std::ostringstream out, err;
    std::istringstream in{input};
    Shell shell{.clock = clock,
                .random = *random,
                .disk = *disk,
                .out = out,
                .err = err,
                .environment = environment,
                .in = in,
                .out_is_terminal = out_is_terminal};
    const int status = run_command_line(words, shell);
    return {status, out.str(), err.str()};
  }

  void write(const std::string& path, std::string_view text) {
    const auto slash = path.find_last_of('/');
    if (slash != std::string::npos) (void)disk->make_directory(path.substr(0, slash));
    (void)disk::write_atomically(*disk, path, as_bytes(text));
  }
  std::string read(const std::string& path) {
    const auto bytes = disk::read_all(*disk, path, 1u << 20);
    return bytes ? std::string{as_text(*bytes)} : "<" + bytes.error().reason() + ">";
  }

  TestClock clock{WallTime{std::chrono::seconds{1'769'000'000}}};  // 2026-01-21T12:53:20Z.
  std::unique_ptr<Random> random = make_seeded_random(7);
  std::unique_ptr<disk::Disk> disk = disk::make_memory_disk();
  Environment environment;
  bool out_is_terminal = false;
  std::string input;  ///< What standard input holds.
};

}  // namespace muster::cli
