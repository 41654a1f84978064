#pragma once

#include "protocol/query/query.hpp"

#include <map>

/// What SELECT makes of the rows that match.
namespace muster::query {

/// What a query of groups may hold in memory; beyond it query_invalid.
inline constexpr std::size_t kGroupsMax = 10'000;
inline constexpr std::size_t kGroupBytesMax =
    8u << 20;  ///< Of the values that make the groups, and of MIN and MAX.

/// The row as the columns show it; all of it for SELECT *. A value that is not there is left out.
Json project(const Query& query, const Json& row);

/// Whether the answer is nothing but how many rows the source has.
bool counts_source(const Query& query);
/// The one row of such an answer.
Json counted(const Query& query, std::uint64_t rows);

/// The groups of a query that aggregates(), grown row by row. Without GROUP BY there is one, of no rows even.
/// SUM and AVG are of those values that are numbers, MIN and MAX of those that are booleans, numbers or
/// strings (in that order between them); where a group has none, the member is left out.
class Groups {
 public:
  explicit Groups(const Query& query);  ///< Borrows.

  Result<void> add(const Json& row);
  std::size_t size() const { return groups_.size(); }
  /// The rows of the answer from `first` on, at most `count`, ordered by what they are grouped by.
  std::vector<Json> rows(std::size_t first, std::size_t count) const;

 private:
  struct Tally {
    std::uint64_t numbers = 0;
    bool whole = true;
    std::int64_t whole_sum = 0;
    double real_sum = 0;
    std::optional<Json> extreme{};
  };
  struct Group {
    std::vector<std::optional<Json>> values;  ///< Of the columns that are grouped by; nullopt: undefined.
    std::uint64_t rows = 0;
    std::vector<Tally> tallies;
  };
  Result<Group*> group_of(const Json& row);
  void add_to(Tally& tally, Aggregate aggregate, const Json& value);
  std::optional<Json> result_of(const Group& group, std::size_t column) const;

  const Query& query_;
  std::map<std::string, Group> groups_;
  std::size_t bytes_ = 0;
};

}  // namespace muster::query
