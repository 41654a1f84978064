#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

namespace muster::isolation {

/// Runs `command` (program, then arguments; looked up in PATH) so that the Azure names of the running world
/// resolve to it and its server CA is trusted, without touching anything outside that process tree. Blocks
/// until the command ends.
///
/// Shape     `world_dir` is the world's folder. It must hold world.json of a running service; `run/` in it is
///           written, or a temporary folder where this user may not. `talk` gets the lines that a person
///           should know: how names are replaced when not by a namespace, a port 443 that is not served.
/// Returns   the command's exit status, 128 + N when signal N ended it.
/// Errors    not_running            no world.json, or that of a process that is gone
///           world_damaged          world.json or the CA file cannot be used
///           isolation_unavailable  neither namespaces nor libnss_wrapper can be had
///           command_not_found      `command` cannot be executed; the reason says why
/// Threads   any, one call at a time in a process: it forks, and catches SIGINT, SIGTERM, SIGHUP, SIGQUIT,
///           SIGUSR1 and SIGUSR2 meanwhile, to send them on to the command.
/// Source    contract section 3; what each runtime reads: protocol/device/10 sections 1 and 2.
Result<int> run_isolated(const std::filesystem::path& world_dir, const std::vector<std::string>& command,
                         std::ostream& talk);

}  // namespace muster::isolation
