#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::rest {

/// A request target taken apart. Pure.
struct Target {
  std::vector<std::string> segments;  ///< Percent-decoded, without empty ones: a trailing slash is tolerated.
  std::vector<std::pair<std::string, std::string>> query;

  /// The first of that name, in any case of letters, as `api-version` and `from` are.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

enum class PlusSign : bool {
  plain,
  space,  ///< In DPS ids, which .NET writes with WebUtility.UrlEncode (service/02).
};

/// request_malformed for a bad escape or a NUL in the path. `plus` says what '+' is in the path; in the query
/// it is a space.
Result<Target> parse_target(std::string_view target, PlusSign plus);

}  // namespace muster::rest
