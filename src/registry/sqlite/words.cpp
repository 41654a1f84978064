#include "registry/sqlite/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace muster::registry::sqlite {

std::string join_words(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}

std::vector<std::string> split_words(std::string_view joined) {
  std::vector<std::string> words;
  while (!joined.empty()) {
    const std::size_t comma = joined.find(',');
    words.emplace_back(joined.substr(0, comma));
    joined.remove_prefix(comma == std::string_view::npos ? joined.size() : comma + 1);
  }
  return words;
}

}  // namespace muster::registry::sqlite
