#include "cli/output.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

// The terminal's own palette, so that it is readable on any background.
constexpr std::string_view kName = "\x1b[34;1m";
constexpr std::string_view kString = "\x1b[32m";
constexpr std::string_view kOther = "\x1b[36m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string painted(std::string_view colour, const std::string& text) {
  return fmt::format("{}{}{}", colour, text, kPlain);
}

void append(std::string& text, const Json& value, std::size_t depth) {
  if (!value.is_structured()) {
    text += painted(value.is_string() ? kString : kOther, dump(value));
    return;
  }
  const bool is_object = value.is_object();
  text += is_object ? '{' : '[';
  const std::string indent(2 * (depth + 1), ' ');
  bool first = true;
  for (const auto& [name, member] : value.items()) {
    text += first ? "\n" : ",\n";
    first = false;
    text += indent;
    if (is_object) text += painted(kName, dump(Json(name))) + ": ";
    append(text, member, depth + 1);
  }
  if (!first) text += '\n' + std::string(2 * depth, ' ');
  text += is_object ? '}' : ']';
}

}  // namespace

std::string coloured_json(const Json& value) {
  std::string text;
  append(text, value, 0);
  return text;
}

}  // namespace muster::cli
