#include "cli/commands.hpp"
#include "cli/explain.hpp"
#include "cli/help.hpp"
#include "cli/run.hpp"
#include "gateway/rest/metrics.hpp"
#include "server/config_keys.hpp"
#include "server/limits_reference.hpp"

namespace muster::cli {
namespace {

Result<int> print_cli(Invocation& invocation) {
  GlobalFlags flags;
  Commands commands{flags};
  add_all_commands(commands);
  invocation.shell().out << cli_reference(commands);
  return 0;
}

Result<int> print_errors(Invocation& invocation) {
  invocation.shell().out << errors_reference();
  return 0;
}

Result<int> print_configuration(Invocation& invocation) {
  invocation.shell().out << server::configuration_reference();
  return 0;
}

Result<int> print_metrics(Invocation& invocation) {
  invocation.shell().out << rest::metrics_reference() << server::limits_metrics_reference();
  return 0;
}

}  // namespace

void add_reference(Commands& commands) {
  // Hidden: these make the pages of docs/reference for the repository, which a test keeps current.
  commands.verb("reference cli",
                {.line = "docs/reference/cli.md", .about = "", .examples = "", .request = ""}, print_cli);
  commands.verb("reference errors",
                {.line = "docs/reference/errors.md", .about = "", .examples = "", .request = ""},
                print_errors);
  commands.verb("reference configuration",
                {.line = "docs/reference/configuration.md", .about = "", .examples = "", .request = ""},
                print_configuration);
  commands.verb("reference metrics",
                {.line = "docs/reference/metrics.md", .about = "", .examples = "", .request = ""},
                print_metrics);
}

}  // namespace muster::cli
