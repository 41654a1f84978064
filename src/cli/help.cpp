#include "cli/help.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace muster::cli {
namespace {

constexpr std::size_t kWidthMax = 100;
constexpr std::size_t kLabelWidthMax = 34;

using Lines = std::vector<std::pair<std::string, std::string>>;

/// Text in lines of at most `width`, each after the first indented.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width = kWidthMax) {
  std::istringstream words{text};
  std::string result;
  std::string word;
  std::size_t used = 0;
  while (words >> word) {
    const bool fits = used == 0 || used + 1 + word.size() + indent <= width;
    if (used > 0) result += fits ? std::string{" "} : '\n' + std::string(indent, ' ');
    used = fits && used > 0 ? used + 1 + word.size() : word.size();
    result += word;
  }
  return result;
}

std::string aligned(const Lines& lines) {
  std::size_t width = 0;
  for (const auto& [label, text] : lines) width = std::max(width, std::min(label.size(), kLabelWidthMax));
  std::string result;
  for (const auto& [label, text] : lines) {
    const bool fits = label.size() <= width;
    result += fits ? fmt::format("  {:<{}}  ", label, width)
                   : fmt::format("  {}\n{}", label, std::string(width + 4, ' '));
    result += wrapped(text, width + 4) + '\n';
  }
  return result;
}

std::string flag_label(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  if (names.empty()) names.push_back(option.get_name());
  std::string label = fmt::format("{}", fmt::join(names, ", "));
  if (option.get_items_expected_max() > 0 && option.nonpositional()) label += ' ' + option.get_type_name();
  return label;
}

Lines flags_of(const CLI::App& app, bool global) {
  Lines lines;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty() || (option->get_group() == "Global flags") != global) continue;
    const std::string required = option->get_required() ? " (required)" : "";
    lines.emplace_back(flag_label(*option), option->get_description() + required);
  }
  return lines;
}

Lines global_flags(const CLI::App& app) {
  Lines lines;
  for (const CLI::App* here = &app; here != nullptr; here = here->get_parent()) {
    const Lines more = flags_of(*here, true);
    lines.insert(lines.begin(), more.begin(), more.end());
  }
  lines.emplace_back("--help, -h", "This text");
  return lines;
}

std::vector<const CLI::App*> below(const CLI::App& app) {
  auto all = app.get_subcommands([](const CLI::App* any) { return !any->get_group().empty(); });
  return {all.begin(), all.end()};
}

std::string indented(const std::string& text) {
  std::string result;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) result += line.empty() ? "\n" : "  " + line + '\n';
  return result;
}

std::string root_help(const Commands& commands) {
  const CLI::App& root = commands.root();
  std::string text =
      "muster: Azure Device Provisioning Service and IoT Hub on this machine\n\n"
      "  muster COMMAND [flags]\n";
  std::vector<std::string> groups;
  for (const CLI::App* app : below(root)) {
    if (std::ranges::find(groups, app->get_group()) == groups.end()) groups.push_back(app->get_group());
  }
  for (const std::string& group : groups) {
    Lines lines;
    for (const CLI::App* app : below(root)) {
      if (app->get_group() == group) lines.emplace_back(app->get_name(), app->get_description());
    }
    text += fmt::format("\n{}\n{}", group, aligned(lines));
  }
  text += "\nGLOBAL FLAGS\n" + aligned(global_flags(root));
  text +=
      "\n`muster COMMAND --help` says more: examples with their output, flags, the REST call behind it.\n";
  return text;
}

void collect_verbs(const Commands& commands, const CLI::App& app, const std::string& prefix, Lines& lines) {
  for (const CLI::App* child : below(app)) {
    const std::string name = prefix + child->get_name();
    if (commands.find(child) != nullptr) lines.emplace_back(name, child->get_description());
    collect_verbs(commands, *child, name + ' ', lines);
  }
}

std::string noun_help(const Commands& commands, const CLI::App& app) {
  Lines lines;
  collect_verbs(commands, app, "", lines);
  return fmt::format("muster {}: {}\n\n  muster {} COMMAND [flags]\n\nCOMMANDS\n{}\nGLOBAL FLAGS\n{}",
                     command_path(app), app.get_description(), command_path(app), aligned(lines),
                     aligned(global_flags(app)));
}

std::string verb_help(const Commands::Verb& verb) {
  std::string text = fmt::format("muster {}: {}\n\n  {}\n\n{}\n", verb.path, verb.help.line,
                                 synopsis(*verb.app), wrapped(verb.help.about, 0));
  if (!verb.help.examples.empty()) text += "\nEXAMPLES\n" + indented(verb.help.examples);
  const Lines flags = flags_of(*verb.app, false);
  if (!flags.empty()) text += "\nFLAGS\n" + aligned(flags);
  text += "\nGLOBAL FLAGS\n" + aligned(global_flags(*verb.app));
  if (!verb.help.request.empty()) text += "\nREST\n" + indented(verb.help.request);
  return text;
}

}  // namespace

std::string synopsis(const CLI::App& app) {
  std::string text = "muster " + command_path(app);
  bool optional = false;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      text += option->get_required() ? ' ' + option->get_name() : " [" + option->get_name() + ']';
    } else if (option->get_required()) {
      text += fmt::format(" --{} {}", option->get_lnames().front(), option->get_type_name());
    } else {
      optional = optional || !option->get_group().empty();
    }
  }
  return optional ? text + " [flags]" : text;
}

std::string help_text(const Commands& commands, const CLI::App& app) {
  if (app.get_parent() == nullptr) return root_help(commands);
  if (const Commands::Verb* verb = commands.find(&app)) return verb_help(*verb);
  return noun_help(commands, app);
}

std::string cli_reference(const Commands& commands) {
  std::string text =
      "# The command line\n\n"
      "Made by `muster reference cli` from the help of the commands: change those, not this page.\n\n"
      "```text\n" +
      root_help(commands) + "```\n";
  for (const auto& verb : commands.verbs()) {
    if (verb->app->get_group().empty()) continue;
    text += fmt::format("\n## muster {}\n\n```text\n{}```\n", verb->path, verb_help(*verb));
  }
  return text;
}

}  // namespace muster::cli
