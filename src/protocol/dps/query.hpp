#pragma once

#include <optional>
#include <string_view>

namespace muster::dps {

/// The value of the first `key=value` in an '&'-separated text, as it stands; nullopt when there is none.
inline std::optional<std::string_view> query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=') {
      return pair.substr(key.size() + 1);
    }
  }
  return std::nullopt;
}

}  // namespace muster::dps
