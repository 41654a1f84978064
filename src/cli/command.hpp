#pragma once

#include "cli/invocation.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// What `--help` says beside the flags. docs/reference/cli.md is made of the same.
struct Help {
  std::string line{};      ///< One line, imperative, no full stop: "Upload a CA certificate".
  std::string about{};     ///< Two sentences.
  std::string examples{};  ///< Command lines after "$ ", and what they print.
  std::string request{};   ///< The REST call it makes; empty for commands that make none.
};

/// A command's work. The value is the process's exit status; a failure is printed and mapped by
/// exit_status().
using Action = std::function<Result<int>(Invocation&)>;

/// The tree of commands: nouns hold nouns and verbs; a verb has flags and an action.
class Commands {
 public:
  struct Verb {
    std::string path;  ///< "dps certificate create".
    CLI::App* app;
    Help help;
    Action action;
  };

  explicit Commands(GlobalFlags& flags);

  /// Names a noun and says what it is about; `muster --help` lists it under `group`.
  void noun(std::string_view path, std::string_view line, std::string_view group = {});

  /// Adds a verb whose flags land in an Options: `declare` binds them, `run` does the work.
  template <typename Options>
  void verb(std::string_view path, Help help, const std::function<void(CLI::App&, Options&)>& declare,
            std::function<Result<int>(Invocation&, const Options&)> run) {
    auto options = std::make_shared<Options>();
    CLI::App& app = add(path, std::move(help), [options, run = std::move(run)](Invocation& invocation) {
      return run(invocation, *options);
    });
    declare(app, *options);
  }
  /// A verb without flags of its own.
  void verb(std::string_view path, Help help, Action run) { add(path, std::move(help), std::move(run)); }

  CLI::App& root() noexcept { return root_; }
  const CLI::App& root() const noexcept { return root_; }
  const std::vector<std::unique_ptr<Verb>>& verbs() const noexcept { return verbs_; }
  const Verb* find(const CLI::App* app) const;

 private:
  CLI::App& add(std::string_view path, Help help, Action action);
  CLI::App& node(std::string_view path);

  CLI::App root_;
  GlobalFlags& flags_;
  std::vector<std::unique_ptr<Verb>> verbs_;
};

/// An az flag that is bare or has a value ("--verified", "--verified false"): unset when it was not given.
struct Switch {
  std::string text;

  bool is_set() const noexcept { return !text.empty(); }
  bool value() const noexcept { return text == "true"; }
};
CLI::Option* add_switch(CLI::App& app, const std::string& names, Switch& value, const std::string& help);

/// A flag with one text value, and the word that stands for it in the synopsis.
CLI::Option* add_text(CLI::App& app, const std::string& names, std::string& value, const std::string& metavar,
                      const std::string& help);
/// The same, of a set of words.
CLI::Option* add_choice(CLI::App& app, const std::string& names, std::string& value,
                        const std::vector<std::string>& words, const std::string& help);

/// "dps certificate create", "" for the root.
std::string command_path(const CLI::App& app);

}  // namespace muster::cli
