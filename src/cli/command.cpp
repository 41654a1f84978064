#include "cli/command.hpp"

#include "base/assert.hpp"
#include "muster/ids.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr const char* kGlobal = "Global flags";

void add_global_flags(CLI::App& app, GlobalFlags& flags) {
  add_text(app, "--data", flags.data, "DIR", "The world's folder; else $MUSTER_DATA, else ./muster-data")
      ->group(kGlobal);
  add_choice(app, "--output,-o", flags.output, {"table", "json", "jsonc", "tsv"},
             "Form of the output: json on a pipe and table on a terminal unless given")
      ->group(kGlobal);
  app.add_flag("--show-request", flags.show_request,
               "Print each REST call to standard error before making it")
      ->group(kGlobal);
}

void add_service_flags(CLI::App& app, GlobalFlags& flags) {
  add_text(app, "--resource-group,-g", flags.resource_group, "GROUP",
           "Resource group, as in az; may be left out")
      ->group(kGlobal);
  add_text(app, "--subscription", flags.subscription, "ID", "Subscription, as in az; may be left out")
      ->group(kGlobal);
}

CLI::App* child(CLI::App& app, const std::string& word) {
  for (CLI::App* below : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (below->get_name() == word) return below;
  }
  return nullptr;
}

/// As az: the case of a word does not matter; the service gets the documented spelling.
CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::Validator{[words = std::move(words)](std::string& text) -> std::string {
                          for (const std::string& word : words) {
                            if (!equals_ignoring_case(word, text)) continue;
                            text = word;
                            return {};
                          }
                          return fmt::format("{} is not one of {}", text, fmt::join(words, ", "));
                        },
                        ""};
}

}  // namespace

Commands::Commands(GlobalFlags& flags) : root_{"", "muster"}, flags_{flags} {
  root_.set_help_flag();
  root_.fallthrough();
  root_.allow_windows_style_options(false);
  add_global_flags(root_, flags_);
}

CLI::App& Commands::node(std::string_view path) {
  CLI::App* here = &root_;
  while (!path.empty()) {
    const std::size_t space = path.find(' ');
    const std::string word{path.substr(0, space)};
    CLI::App* below = child(*here, word);
    if (below == nullptr) {
      below = here->add_subcommand(word);
      if (here == &root_ && (word == "dps" || word == "hub")) add_service_flags(*below, flags_);
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

CLI::App& Commands::add(std::string_view path, Help help, Action action) {
  CLI::App& app = node(path);
  MUSTER_ASSERT(find(&app) == nullptr, "each command is added once");
  app.description(help.line);
  verbs_.push_back(std::make_unique<Verb>(Verb{std::string{path}, &app, std::move(help), std::move(action)}));
  return app;
}

const Commands::Verb* Commands::find(const CLI::App* app) const {
  for (const auto& verb : verbs_) {
    if (verb->app == app) return verb.get();
  }
  return nullptr;
}

CLI::Option* add_switch(CLI::App& app, const std::string& names, Switch& value, const std::string& help) {
  return app.add_option(names, value.text, help)
      ->expected(0, 1)
      ->default_str("true")
      ->type_name("[true|false]")
      ->transform(one_of({"true", "false"}));
}

CLI::Option* add_text(CLI::App& app, const std::string& names, std::string& value, const std::string& metavar,
                      const std::string& help) {
  return app.add_option(names, value, help)->type_name(metavar);
}

CLI::Option* add_choice(CLI::App& app, const std::string& names, std::string& value,
                        const std::vector<std::string>& words, const std::string& help) {
  return app.add_option(names, value, help)
      ->type_name(fmt::format("{}", fmt::join(words, "|")))
      ->transform(one_of(words));
}

std::string command_path(const CLI::App& app) {
  if (app.get_parent() == nullptr) return {};
  const std::string above = command_path(*app.get_parent());
  return above.empty() ? app.get_name() : above + ' ' + app.get_name();
}

}  // namespace muster::cli
