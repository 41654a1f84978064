#pragma once

#include <string>
#include <vector>

// CLI11 is 9,000 lines of header: seen by four files and by nothing that declares a command.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace muster::cli {

/// A flag that has been added: what else there is to say of it.
class Flag {
 public:
  explicit Flag(CLI::Option& option) noexcept : option_{&option} {}

  Flag& required();
  /// Refused beside the other one ("--enqueued-time").
  Flag& excludes(const std::string& other);
  /// Listed under its own heading in the help; nowhere when that is empty.
  Flag& group(const std::string& heading);

 private:
  CLI::Option* option_;
};

/// An az flag that is bare or has a value ("--verified", "--verified false"): unset when it was not given.
struct Switch {
  std::string text;

  bool is_set() const noexcept { return !text.empty(); }
  bool value() const noexcept { return text == "true"; }
};

/// The whole numbers that a flag takes, both ends included.
struct Bounds {
  int least;
  int most;
};

/// The flags of one command while it is declared. `names` are "--etag,-e"; a name without dashes is a word of
/// the command line. `metavar` stands for the value in the help. What is bound outlives the parse, and keeps
/// its value where the flag is not given.
class Flags {
 public:
  explicit Flags(CLI::App& app) noexcept : app_{&app} {}

  /// One text value.
  Flag text(const std::string& names, std::string& value, const std::string& metavar,
            const std::string& help);
  /// One text value, or `bare` when the flag stands alone.
  Flag text_or(const std::string& names, std::string& value, const std::string& bare,
               const std::string& metavar, const std::string& help);
  /// One of a set of words, in any case.
  Flag choice(const std::string& names, std::string& value, const std::vector<std::string>& words,
              const std::string& help);
  Flag number(const std::string& names, int& value, Bounds bounds, const std::string& metavar,
              const std::string& help);
  /// Several values after one flag.
  Flag list(const std::string& names, std::vector<std::string>& values, const std::string& metavar,
            const std::string& help);
  /// One value a flag; the flag may be given again.
  Flag repeated(const std::string& names, std::vector<std::string>& values, const std::string& metavar,
                const std::string& help);
  Flag toggle(const std::string& names, bool& value, const std::string& help);
  Flag on_off(const std::string& names, Switch& value, const std::string& help);

 private:
  CLI::App* app_;
};

}  // namespace muster::cli
