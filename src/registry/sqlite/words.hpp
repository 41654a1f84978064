#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster::registry::sqlite {

/// Lists that are stored in one column: words without commas, joined by commas.
std::string join_words(const std::vector<std::string>& words);
std::vector<std::string> split_words(std::string_view joined);

/// The same for what may hold commas: joined by line feeds.
std::string join_lines(const std::vector<std::string>& lines);
std::vector<std::string> split_lines(std::string_view joined);

}  // namespace muster::registry::sqlite
