#pragma once

#include "cli/command.hpp"
#include "cli/shell.hpp"

#include <string>
#include <vector>

namespace muster::cli {

/// Fills the tree with every command.
void add_all_commands(Commands& commands);

/// Runs one command line, `words` being what follows the program's name. Returns the exit status; everything
/// that a person is told has been written to the shell.
int run_command_line(const std::vector<std::string>& words, Shell& shell);

}  // namespace muster::cli
