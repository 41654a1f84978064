#pragma once

#include "registry/repositories.hpp"

#include <set>
#include <string>
#include <string_view>
#include <utility>

/// How tags are indexed, the same in every engine. Pure.
namespace muster::registry {

/// Longest path and value that an index entry holds, in bytes; what is longer is cut, on both sides of a
/// comparison, and may then find more than is meant.
inline constexpr std::size_t kTagPathBytesMax = 256;
inline constexpr std::size_t kTagValueBytesMax = 128;

/// Path and value, as text that is equal for equal tags. How many a twin has is bounded by the size of its
/// tags.
using TagEntry = std::pair<std::string, std::string>;

/// One entry for each string, number and boolean of the tags that names alone lead to: what stands in a list
/// is not indexed. None for a text that is not a JSON object.
std::set<TagEntry> tag_entries(std::string_view tags_json);
TagEntry tag_entry(const TagIs& tag);

}  // namespace muster::registry
