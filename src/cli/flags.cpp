#include "cli/flags.hpp"

#include "muster/ids.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>

namespace muster::cli {
namespace {

/// As many words as a command line has: CLI11 wants a number.
constexpr int kWordsMax = 10'000;

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

CLI::Validator whole_number(Bounds bounds) {
  return CLI::Validator{
      [bounds](const std::string& text) -> std::string {
        int value = 0;
        const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool parsed = code == std::errc{} && end == text.data() + text.size();
        if (parsed && value >= bounds.least && value <= bounds.most) return {};
        return fmt::format("{} is not a whole number from {} to {}", text, bounds.least, bounds.most);
      },
      ""};
}

}  // namespace

Flag& Flag::required() {
  option_->required();
  return *this;
}

Flag& Flag::excludes(const std::string& other) {
  option_->excludes(other);
  return *this;
}

Flag& Flag::group(const std::string& heading) {
  option_->group(heading);
  return *this;
}

Flag Flags::text(const std::string& names, std::string& value, const std::string& metavar,
                 const std::string& help) {
  return Flag{*app_->add_option(names, value, help)->type_name(metavar)};
}

Flag Flags::text_or(const std::string& names, std::string& value, const std::string& bare,
                    const std::string& metavar, const std::string& help) {
  return Flag{*app_->add_option(names, value, help)->type_name(metavar)->expected(0, 1)->default_str(bare)};
}

Flag Flags::choice(const std::string& names, std::string& value, const std::vector<std::string>& words,
                   const std::string& help) {
  return Flag{*app_->add_option(names, value, help)
                   ->type_name(fmt::format("{}", fmt::join(words, "|")))
                   ->transform(one_of(words))};
}

Flag Flags::number(const std::string& names, int& value, Bounds bounds, const std::string& metavar,
                   const std::string& help) {
  return Flag{*app_->add_option(names, value, help)->type_name(metavar)->check(whole_number(bounds))};
}

Flag Flags::list(const std::string& names, std::vector<std::string>& values, const std::string& metavar,
                 const std::string& help) {
  return Flag{*app_->add_option(names, values, help)->type_name(metavar)->expected(1, kWordsMax)};
}

Flag Flags::repeated(const std::string& names, std::vector<std::string>& values, const std::string& metavar,
                     const std::string& help) {
  return Flag{*app_->add_option(names, values, help)->type_name(metavar)->expected(1)->take_all()};
}

Flag Flags::toggle(const std::string& names, bool& value, const std::string& help) {
  return Flag{*app_->add_flag(names, value, help)};
}

Flag Flags::on_off(const std::string& names, Switch& value, const std::string& help) {
  return Flag{*app_->add_option(names, value.text, help)
                   ->expected(0, 1)
                   ->default_str("true")
                   ->type_name("[true|false]")
                   ->transform(one_of({"true", "false"}))};
}

}  // namespace muster::cli
