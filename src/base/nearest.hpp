#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster {

/// The candidate that `word` was most likely meant to be: fewest letters changed, added, left out or swapped
/// with the next, and no more than a third of the word; nullopt when nothing is that near. Case does not
/// matter. Words above 64 letters are not compared.
std::optional<std::string> nearest_word(std::string_view word, std::span<const std::string> candidates);

}  // namespace muster
