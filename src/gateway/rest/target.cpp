#include "gateway/rest/target.hpp"

#include "muster/ids.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Result<std::string> decode(std::string_view text, PlusSign plus) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == PlusSign::space) {
      decoded += ' ';
      continue;
    }
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0 || (high == 0 && low == 0)) {
      return failure(ErrorCode::request_malformed,
                     fmt::format("bad percent escape at \"{}\"", text.substr(i, 3)));
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

/// Takes the text before the next `separator`, and the separator.
std::string_view take_part(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

}  // namespace

std::optional<std::string_view> Target::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (equals_ignoring_case(key, name)) return value;
  }
  return std::nullopt;
}

Result<Target> parse_target(std::string_view target, PlusSign plus) {
  Target result;
  std::string_view query = target;
  std::string_view path = take_part(query, '?');
  while (!path.empty()) {
    const auto part = take_part(path, '/');
    if (part.empty()) continue;
    MUSTER_TRY(auto segment, decode(part, plus));
    result.segments.push_back(std::move(segment));
  }
  while (!query.empty()) {
    auto value_part = take_part(query, '&');
    const auto name_part = take_part(value_part, '=');
    MUSTER_TRY(auto name, decode(name_part, PlusSign::space));
    MUSTER_TRY(auto value, decode(value_part, PlusSign::space));
    result.query.emplace_back(std::move(name), std::move(value));
  }
  return result;
}

}  // namespace muster::rest
