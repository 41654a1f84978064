#include "cli/run.hpp"

#include "cli/exit_status.hpp"
#include "cli/help.hpp"
#include "cli/scan.hpp"
#include "cli/version.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

int report(Shell& shell, const Error& error, bool as_json) {
  shell.out.flush();
  write_error(shell.err, error, as_json);
  shell.err.flush();
  return static_cast<int>(exit_status(error.code()));
}

std::string spoken(const CLI::App& app) {
  const std::string path = command_path(app);
  return path.empty() ? "muster" : "muster " + path;
}

Error incomplete(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* below :
       app.get_subcommands([](const CLI::App* any) { return !any->get_group().empty(); })) {
    names.push_back(below->get_name());
  }
  return Error{ErrorCode::usage,
               fmt::format("`{}` needs one more word: {}", spoken(app), fmt::join(names, ", "))}
      .with_remedy(fmt::format("`{} --help` lists its commands.", spoken(app)));
}

Error parse_failure(const CLI::App& app, const CLI::ParseError& error) {
  return Error{ErrorCode::usage, error.what()}.with_remedy(
      fmt::format("Write `{}`; `{} --help` says more.", synopsis(app), spoken(app)));
}

/// CLI11 reports by exception; this is the one place where it is asked to parse.
std::optional<Error> parse(Commands& commands, const CLI::App& app, std::vector<std::string> words) {
  std::ranges::reverse(words);  // CLI11 takes its arguments last first.
  try {
    commands.root().parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return parse_failure(app, error);
  }
  return std::nullopt;
}

}  // namespace

int run_command_line(const std::vector<std::string>& words, Shell& shell) {
  GlobalFlags flags;
  Commands commands{flags};
  add_all_commands(commands);

  const Scan scan = scan_command_line(commands, words);
  if (scan.wants_version) {
    shell.out << "muster " << kVersion << '\n';
    return 0;
  }
  if ((scan.wants_help && !scan.problem) || words.empty()) {
    shell.out << help_text(commands, *scan.app);
    return 0;
  }
  if (scan.problem) return report(shell, *scan.problem, scan.wants_json);
  const Commands::Verb* verb = commands.find(scan.app);
  if (verb == nullptr) return report(shell, incomplete(*scan.app), scan.wants_json);
  if (const auto problem = parse(commands, *scan.app, words)) return report(shell, *problem, scan.wants_json);

  Invocation invocation{shell, flags};
  const Result<int> status = verb->action(invocation);
  if (!status) return report(shell, status.error(), scan.wants_json);
  shell.out.flush();
  return *status;
}

}  // namespace muster::cli
