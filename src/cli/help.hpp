#pragma once

#include "cli/command.hpp"

#include <string>

namespace muster::cli {

/// What `--help` prints for the root, a noun or a verb.
std::string help_text(const Commands& commands, const CLI::App& app);

/// "muster dps certificate create --name NAME --path FILE [flags]".
std::string synopsis(const CLI::App& app);

/// docs/reference/cli.md: every command's help, in the order of the tree.
std::string cli_reference(const Commands& commands);

}  // namespace muster::cli
