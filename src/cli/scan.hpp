#pragma once

#include "cli/command.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::cli {

/// What a command line asks for, found before any value is looked at: which command, whether help is wanted,
/// and the first word or flag that is not known there.
struct Scan {
  const CLI::App* app = nullptr;  ///< The deepest noun or verb that was named.
  bool wants_help = false;
  bool wants_version = false;
  bool wants_json = false;  ///< -o json or jsonc: errors take that form too.
  std::optional<Error> problem;
};

/// Walks the words as the parser will. The parser itself would only say that something was unexpected; here
/// the nearest word known at that place is at hand.
Scan scan_command_line(const Commands& commands, const std::vector<std::string>& words);

}  // namespace muster::cli
