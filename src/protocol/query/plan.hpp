#pragma once

#include "protocol/query/query.hpp"

/// What of a query an index can answer, and which parts of a row it looks at.
namespace muster::query {

struct TagEquals {
  std::vector<std::string> path;  ///< Below `tags`.
  Json value;                     ///< A string, number or boolean.
};

/// Conditions that every matching row meets, taken from the parts that WHERE joins by AND. They narrow: a row
/// that meets them is still to be judged by matches().
struct Plan {
  std::optional<std::vector<std::string>> device_ids;  ///< In order, each once.
  std::string id_prefix;
  std::optional<bool> enabled;
  std::optional<std::string> authentication_type;
  std::optional<TagEquals> tag;

  bool reads_tags = false, reads_desired = false, reads_reported = false;
};

Plan plan_of(const Query& query);

}  // namespace muster::query
