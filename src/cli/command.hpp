#pragma once

#include "cli/flags.hpp"
#include "cli/invocation.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
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
  ~Commands();

  /// Names a noun and says what it is about; `muster --help` lists it under `group`.
  void noun(std::string_view path, std::string_view line, std::string_view group = {});

  /// Takes a command or noun out of every help; it can still be called.
  void hide(std::string_view path);

  /// Adds a verb whose flags land in an Options: `declare` binds them, `run` does the work.
  template <typename Options>
  void verb(std::string_view path, Help help, const std::function<void(Flags&, Options&)>& declare,
            std::function<Result<int>(Invocation&, const Options&)> run) {
    auto options = std::make_shared<Options>();
    Flags flags = add(path, std::move(help), [options, run = std::move(run)](Invocation& invocation) {
      return run(invocation, *options);
    });
    declare(flags, *options);
  }
  /// A verb without flags of its own.
  void verb(std::string_view path, Help help, Action run) { add(path, std::move(help), std::move(run)); }

  /// Fills what the flags are bound to; the parser's complaint when the words do not fit them.
  std::optional<std::string> parse(std::vector<std::string> words);

  const CLI::App& root() const noexcept { return *root_; }
  const std::vector<std::unique_ptr<Verb>>& verbs() const noexcept { return verbs_; }
  const Verb* find(const CLI::App* app) const;

 private:
  Flags add(std::string_view path, Help help, Action action);
  CLI::App& node(std::string_view path);

  std::unique_ptr<CLI::App> root_;
  GlobalFlags& flags_;
  std::vector<std::unique_ptr<Verb>> verbs_;
};

/// "dps certificate create", "" for the root.
std::string command_path(const CLI::App& app);
/// The same after "muster ".
std::string spoken_path(const CLI::App& app);
/// The words that may follow, as the help lists them.
std::vector<std::string> words_below(const CLI::App& app);

}  // namespace muster::cli
