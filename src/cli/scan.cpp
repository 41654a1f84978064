#include "cli/scan.hpp"

#include "base/nearest.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

const CLI::Option* find_flag(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(name);
        option != nullptr && option->nonpositional()) {
      return option;
    }
  }
  return nullptr;
}

std::vector<std::string> known_flags(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

Error unknown_flag(const CLI::App& app, const std::string& name) {
  const std::string help = fmt::format("`{} --help` lists its flags", spoken_path(app));
  const auto near = nearest_word(name, known_flags(&app));
  Error error{ErrorCode::usage, fmt::format("`{}` has no flag {}", spoken_path(app), name)};
  return std::move(error).with_remedy(near ? fmt::format("Did you mean {}? {}.", *near, help) : help + '.');
}

Error unknown_word(const CLI::App& app, const std::string& word) {
  const auto words = words_below(app);
  const auto near = nearest_word(word, words);
  Error error{ErrorCode::usage, fmt::format("`{}` has no command {}", spoken_path(app), word)};
  const std::string help = fmt::format("`{} --help` lists its commands", spoken_path(app));
  return std::move(error).with_remedy(
      near ? fmt::format("Did you mean `{} {}`? {}.", spoken_path(app), *near, help) : help + '.');
}

/// az's flags that muster knows of and does not have: refused by name, so that nobody thinks they worked.
std::optional<Error> refused_flag(const std::string& name) {
  if (name == "--query") {
    return Error{ErrorCode::option_unsupported, "--query (JMESPath) is az's and not muster's"}.with_remedy(
        "Use `-o json | jq FILTER`, or -o table, which begins with the columns that the tutorial selects.");
  }
  if (name == "--login" || name == "-l") {
    return Error{ErrorCode::option_unsupported, "--login (a connection string) is az's and not muster's"}
        .with_remedy(
            "Leave it out: muster reaches its world through the control socket; --data names another world.");
  }
  return std::nullopt;
}

/// How many of the words after a flag are its values.
std::size_t value_count(const CLI::Option& option, const std::vector<std::string>& words, std::size_t next) {
  const auto at_least = static_cast<std::size_t>(std::max(option.get_items_expected_min(), 0));
  const auto at_most = static_cast<std::size_t>(std::max(option.get_items_expected_max(), 0));
  std::size_t count = std::min(at_least, words.size() - next);
  while (count < at_most && next + count < words.size() && !words[next + count].starts_with('-')) ++count;
  return count;
}

struct Walker {
  Scan scan;
  const std::vector<std::string>& words;

  /// Returns how many words were taken.
  std::size_t take_flag(std::size_t index) {
    const std::string& word = words[index];
    const bool is_long = word.starts_with("--");
    const std::size_t equals = word.find('=');
    const std::string name = is_long ? word.substr(0, equals) : word.substr(0, 2);
    if (name == "--help" || word == "-h") {
      scan.wants_help = true;
      return 1;
    }
    if (name == "--version" && scan.app->get_parent() == nullptr) {
      scan.wants_version = true;
      return 1;
    }
    const CLI::Option* option = find_flag(scan.app, name);
    if (option == nullptr) {
      const auto refused = refused_flag(name);
      scan.problem = refused ? *refused : unknown_flag(*scan.app, name);
      return 1;
    }
    const bool attached = is_long ? equals != std::string::npos : word.size() > 2;
    const std::size_t values = attached ? 0 : value_count(*option, words, index + 1);
    note_output(*option, attached     ? word.substr(is_long ? equals + 1 : 2)
                         : values > 0 ? words[index + 1]
                                      : "");
    return 1 + values;
  }

  void take_word(const std::string& word) {
    if (scan.app->get_subcommands([](const CLI::App*) { return true; }).empty())
      return;  // A positional value.
    const CLI::App* below = nullptr;
    for (const CLI::App* any : scan.app->get_subcommands([](const CLI::App*) { return true; })) {
      if (any->get_name() == word) below = any;
    }
    if (below == nullptr) {
      scan.problem = unknown_word(*scan.app, word);
    } else {
      scan.app = below;
    }
  }

  void note_output(const CLI::Option& option, const std::string& value) {
    if (option.check_lname("output")) scan.wants_json = value == "json" || value == "jsonc";
  }
};

}  // namespace

Scan scan_command_line(const Commands& commands, const std::vector<std::string>& words) {
  Walker walker{{&commands.root(), false, false, false, std::nullopt}, words};
  std::optional<Error> first;
  std::size_t index = 0;
  // `muster help dps certificate` is `muster dps certificate --help`.
  if (!words.empty() && words.front() == "help") {
    walker.scan.wants_help = true;
    index = 1;
  }
  while (index < words.size() && words[index] != "--") {
    const std::string& word = words[index];
    if (word.size() > 1 && word.starts_with('-')) {
      index += walker.take_flag(index);
    } else {
      walker.take_word(word);
      ++index;
    }
    if (!first) first = walker.scan.problem;
    if (first && !walker.scan.app->get_subcommands([](const CLI::App*) { return true; }).empty() &&
        first->code() == ErrorCode::usage) {
      // Beyond an unknown word nothing can be understood but the form of the answer.
      for (; index < words.size(); ++index) {
        if (words[index] == "--output=json" || words[index] == "-ojson") walker.scan.wants_json = true;
        const bool flag = words[index] == "-o" || words[index] == "--output";
        if (flag && index + 1 < words.size()) walker.scan.wants_json = words[index + 1].starts_with("json");
      }
    }
  }
  walker.scan.problem = std::move(first);
  return std::move(walker.scan);
}

}  // namespace muster::cli
