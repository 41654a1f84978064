#include "cli/explain.hpp"

#include "base/nearest.hpp"
#include "cli/commands.hpp"
#include "cli/exit_status.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string code;
  bool all = false;
};

struct Block {
  unsigned thousand;
  std::string_view title;
};
constexpr std::array kBlocks{Block{1, "Wire"},
                             Block{2, "Trust and provisioning"},
                             Block{3, "Hub"},
                             Block{4, "REST"},
                             Block{5, "Storage"},
                             Block{6, "Configuration and start"},
                             Block{7, "Device and command line"}};

Json as_json(const ErrorInfo& row) {
  const ExitStatus status = exit_status(row.code);
  return Json{{"code", error_id(row.code)},      {"title", std::string{row.title}},
              {"cause", std::string{row.cause}}, {"remedy", std::string{row.remedy}},
              {"httpStatus", row.http_status},   {"exitStatus", static_cast<int>(status)}};
}

Result<int> explain_all(Invocation& invocation) {
  Json rows = Json::array();
  for (const ErrorInfo& row : all_errors()) rows.push_back(as_json(row));
  invocation.print(rows, {{"Code", "code"}, {"Title", "title"}, {"Exit", "exitStatus"}});
  return 0;
}

Error unknown_code(const std::string& text) {
  std::vector<std::string> ids;
  for (const ErrorInfo& row : all_errors()) ids.push_back(error_id(row.code));
  const auto near = nearest_word(text, ids);
  return Error{ErrorCode::usage, fmt::format("there is no error code {}", text)}.with_remedy(
      near ? fmt::format("Did you mean {}? `muster explain --all` lists them.", *near)
           : "`muster explain --all` lists the codes.");
}

Result<int> explain(Invocation& invocation, const Options& options) {
  if (options.all) return explain_all(invocation);
  if (options.code.empty()) {
    return failure(Error{ErrorCode::usage, "which code? None was given"}.with_remedy(
        "Write `muster explain MU-2101`, or `muster explain --all`."));
  }
  const auto code = parse_error_id(options.code);
  if (!code) return failure(unknown_code(options.code));
  const ErrorInfo& row = error_info(*code);
  if (invocation.wants_data()) {
    invocation.print(as_json(row));
    return 0;
  }
  const ExitStatus status = exit_status(row.code);
  invocation.shell().out << fmt::format(
      "{}  {}\n\n  {}\n\n  do: {}\n\n  HTTP status {}, exit status {} ({})\n", error_id(row.code), row.title,
      row.cause, row.remedy, row.http_status, static_cast<int>(status), exit_status_name(status));
  return 0;
}

}  // namespace

void add_explain(Commands& commands) {
  commands.verb<Options>(
      "explain",
      {.line = "Say what an error code means and what to do",
       .about = "Every error that muster prints or logs has a code that never changes. The same texts are in "
                "the REST "
                "answers and in docs/reference/errors.md.",
       .examples = "$ muster explain MU-6007\n"
                   "MU-6007  " +
                   std::string{error_info(ErrorCode::not_running).title} + "\n\n  " +
                   std::string{error_info(ErrorCode::not_running).cause} +
                   "\n\n  do: " + std::string{error_info(ErrorCode::not_running).remedy} +
                   "\n\n  HTTP status " + std::to_string(error_info(ErrorCode::not_running).http_status) +
                   ", exit status 4 (unreachable)",
       .request = ""},
      [](Flags& flags, Options& options) {
        flags.text("CODE", options.code, "CODE", "The code: MU-2101, or 2101");
        flags.toggle("--all", options.all, "List every code");
      },
      explain);
}

std::string errors_reference() {
  std::string text =
      "# Errors\n\n"
      "Made by `muster reference errors` from the table in `src/base/error.cpp`: change that, not this "
      "page.\n\n"
      "Exit status: 0 done, 1 failed, 2 usage, 3 configuration, 4 unreachable, 5 refused. It follows from "
      "the code.\n";
  for (const Block& block : kBlocks) {
    text += fmt::format("\n## MU-{}xxx: {}\n", block.thousand, block.title);
    for (const ErrorInfo& row : all_errors()) {
      if (static_cast<unsigned>(row.code) / 1000 != block.thousand) continue;
      text += fmt::format("\n### {}  {}\n\n{}\n\nDo: {}\n\nHTTP status {}, exit status {}.\n",
                          error_id(row.code), row.title, row.cause, row.remedy, row.http_status,
                          static_cast<int>(exit_status(row.code)));
    }
  }
  return text;
}

}  // namespace muster::cli
