#include "cli/commands.hpp"
#include "isolation/run_isolated.hpp"

namespace muster::cli {
namespace {

struct RunOptions {
  std::vector<std::string> command;
};

Result<int> run_client(Invocation& invocation, const RunOptions& options) {
  if (options.command.empty()) return failure(ErrorCode::usage, "muster run wants a command after --");
  return isolation::run_isolated(invocation.folder(), options.command, invocation.shell().err);
}

}  // namespace

void add_run(Commands& commands) {
  commands.verb<RunOptions>(
      "run",
      {.line = "Run any client unmodified against the world",
       .about = "Inside, the Azure names of the world resolve to it and its server CA is trusted; nothing "
                "outside that "
                "process tree is changed. The exit status is the command's.",
       .examples = "$ muster run -- python device_simulator.py\n$ muster run -- openssl s_client -connect "
                   "global.azure-devices-provisioning.net:8883 -brief"},
      [](Flags& flags, RunOptions& options) {
        flags.list("command", options.command, "COMMAND", "The program and its arguments, after --");
      },
      run_client);
}

}  // namespace muster::cli
