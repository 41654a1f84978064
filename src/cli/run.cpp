#include "cli/run.hpp"

#include "cli/exit_status.hpp"
#include "cli/help.hpp"
#include "cli/scan.hpp"
#include "cli/version.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

int report(Shell& shell, const Error& error, bool as_json) {
  shell.out.flush();
  write_error(shell.err, error, as_json);
  shell.err.flush();
  return static_cast<int>(exit_status(error.code()));
}

Error incomplete(const CLI::App& app) {
  return Error{ErrorCode::usage, fmt::format("`{}` needs one more word: {}", spoken_path(app),
                                             fmt::join(words_below(app), ", "))}
      .with_remedy(fmt::format("`{} --help` lists its commands.", spoken_path(app)));
}

Error parse_failure(const CLI::App& app, const std::string& complaint) {
  return Error{ErrorCode::usage, complaint}.with_remedy(
      fmt::format("Write `{}`; `{} --help` says more.", synopsis(app), spoken_path(app)));
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
  if (const auto complaint = commands.parse(words)) {
    return report(shell, parse_failure(*scan.app, *complaint), scan.wants_json);
  }

  Invocation invocation{shell, flags};
  const Result<int> status = verb->action(invocation);
  if (!status) return report(shell, status.error(), scan.wants_json);
  shell.out.flush();
  return *status;
}

}  // namespace muster::cli
