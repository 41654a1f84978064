#include "cli/command.hpp"

#include "base/assert.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

constexpr const char* kGlobal = "Global flags";

void add_global_flags(Flags flags, GlobalFlags& values) {
  flags.text("--data", values.data, "DIR", "The world's folder; else $MUSTER_DATA, else ./muster-data")
      .group(kGlobal);
  flags
      .choice("--output,-o", values.output, {"table", "json", "jsonc", "tsv"},
              "Form of the output: json on a pipe and table on a terminal unless given")
      .group(kGlobal);
  flags
      .toggle("--show-request", values.show_request,
              "Print each REST call to standard error before making it")
      .group(kGlobal);
}

void add_service_flags(Flags flags, GlobalFlags& values) {
  flags
      .text("--resource-group,-g", values.resource_group, "GROUP",
            "Resource group, as in az; may be left out")
      .group(kGlobal);
  flags.text("--subscription", values.subscription, "ID", "Subscription, as in az; may be left out")
      .group(kGlobal);
}

CLI::App* child(CLI::App& app, const std::string& word) {
  for (CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (below->get_name() == word) return below;
  }
  return nullptr;
}

}  // namespace

Commands::Commands(GlobalFlags& flags) : root_{std::make_unique<CLI::App>("", "muster")}, flags_{flags} {
  root_->set_help_flag();
  root_->fallthrough();
  root_->allow_windows_style_options(false);
  add_global_flags(Flags{*root_}, flags_);
}

Commands::~Commands() = default;

CLI::App& Commands::node(std::string_view path) {
  CLI::App* here = root_.get();
  while (!path.empty()) {
    const std::size_t space = path.find(' ');
    const std::string word{path.substr(0, space)};
    CLI::App* below = child(*here, word);
    if (below == nullptr) {
      below = here->add_subcommand(word);
      if (here == root_.get() && (word == "dps" || word == "hub")) add_service_flags(Flags{*below}, flags_);
    }
    here = below;
    path = space == std::string_view::npos ? std::string_view{} : path.substr(space + 1);
  }
  return *here;
}

void Commands::noun(std::string_view path, std::string_view line, std::string_view group) {
  CLI::App& app = node(path);
  app.description(std::string{line});
  if (!group.empty()) app.group(std::string{group});
}

void Commands::hide(std::string_view path) { node(path).group(""); }

Flags Commands::add(std::string_view path, Help help, Action action) {
  CLI::App& app = node(path);
  MUSTER_ASSERT(find(&app) == nullptr, "each command is added once");
  app.description(help.line);
  verbs_.push_back(std::make_unique<Verb>(Verb{std::string{path}, &app, std::move(help), std::move(action)}));
  return Flags{app};
}

/// CLI11 reports by exception; this is the one place where it is asked to parse.
std::optional<std::string> Commands::parse(std::vector<std::string> words) {
  std::ranges::reverse(words);  // CLI11 takes its arguments last first.
  try {
    root_->parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return std::nullopt;
}

const Commands::Verb* Commands::find(const CLI::App* app) const {
  for (const auto& verb : verbs_) {
    if (verb->app == app) return verb.get();
  }
  return nullptr;
}

std::string command_path(const CLI::App& app) {
  if (app.get_parent() == nullptr) return {};
  const std::string above = command_path(*app.get_parent());
  return above.empty() ? app.get_name() : above + ' ' + app.get_name();
}

std::string spoken_path(const CLI::App& app) {
  const std::string path = command_path(app);
  return path.empty() ? "muster" : "muster " + path;
}

std::vector<std::string> words_below(const CLI::App& app) {
  std::vector<std::string> words;
  const auto listed = [](const CLI::App* any) { return !any->get_group().empty(); };
  for (const CLI::App* below : app.get_subcommands(listed)) words.push_back(below->get_name());
  return words;
}

}  // namespace muster::cli
