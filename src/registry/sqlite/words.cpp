#include "registry/sqlite/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace muster::registry::sqlite {

namespace {

std::vector<std::string> split(std::string_view joined, char separator) {
  std::vector<std::string> parts;
  while (!joined.empty()) {
    const std::size_t end = joined.find(separator);
    parts.emplace_back(joined.substr(0, end));
    joined.remove_prefix(end == std::string_view::npos ? joined.size() : end + 1);
  }
  return parts;
}

}  // namespace

std::string join_words(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}
std::vector<std::string> split_words(std::string_view joined) { return split(joined, ','); }

std::string join_lines(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}
std::vector<std::string> split_lines(std::string_view joined) { return split(joined, '\n'); }

}  // namespace muster::registry::sqlite
