#include "protocol/query/select.hpp"

#include "protocol/query/value.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::query {
namespace {

/// The place of a type in the order of MIN and MAX; 0 for what has none.
int rank_of(const Json& value) {
  if (value.is_boolean()) return 1;
  if (value.is_number()) return 2;
  return value.is_string() ? 3 : 0;
}

bool precedes(const Json& a, const Json& b) {
  if (rank_of(a) != rank_of(b)) return rank_of(a) < rank_of(b);
  return order(a, b).value_or(0) < 0;
}

std::size_t size_of(const Json& value) {
  return value.is_string() ? value.get_ref<const std::string&>().size() : sizeof(Json);
}

std::string text_of(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Equal for equal values and for nothing else: members in order of name, since {a, b} and {b, a} are one
/// value.
std::string key_of(const std::vector<const Json*>& values) {
  std::string key;
  for (const Json* value : values) {
    if (value != nullptr) {
      key += value->is_structured()
                 ? nlohmann::json(*value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                 : text_of(*value);
    }
    key += '\n';
  }
  return key;
}

}  // namespace

Json project(const Query& query, const Json& row) {
  if (query.everything) return row;
  Json projected = Json::object();
  for (const Column& column : query.columns) {
    if (const Json* value = find(row, column.path)) projected[column.name] = *value;
  }
  return projected;
}

bool counts_source(const Query& query) {
  const auto is_count = [](const Column& column) { return column.aggregate == Aggregate::count; };
  return !query.where && query.group_by.empty() && !query.columns.empty() &&
         std::ranges::all_of(query.columns, is_count);
}

Json counted(const Query& query, std::uint64_t rows) {
  Json answer = Json::object();
  for (const Column& column : query.columns) answer[column.name] = rows;
  return answer;
}

Groups::Groups(const Query& query) : query_{query} {
  if (!query.group_by.empty()) return;
  Group& all = groups_[""];
  all.values.resize(query.columns.size());
  all.tallies.resize(query.columns.size());
}

Result<Groups::Group*> Groups::group_of(const Json& row) {
  if (query_.group_by.empty()) return &groups_.begin()->second;
  std::vector<const Json*> values;
  for (const Path& path : query_.group_by) values.push_back(find(row, path));
  std::string key = key_of(values);
  if (const auto held = groups_.find(key); held != groups_.end()) return &held->second;
  if (groups_.size() == kGroupsMax) {
    return failure(ErrorCode::query_invalid,
                   fmt::format("GROUP BY comes to more than {} groups: narrow it with WHERE", kGroupsMax));
  }
  bytes_ += 2 * key.size();
  Group& made = groups_[std::move(key)];
  made.tallies.resize(query_.columns.size());
  for (const Column& column : query_.columns) {
    const Json* value = column.aggregate == Aggregate::none ? find(row, column.path) : nullptr;
    made.values.push_back(value != nullptr ? std::optional{*value} : std::nullopt);
  }
  return &made;
}

Result<void> Groups::add(const Json& row) {
  MUSTER_TRY(Group* const group, group_of(row));
  ++group->rows;
  for (std::size_t i = 0; i < query_.columns.size(); ++i) {
    const Column& column = query_.columns[i];
    if (column.aggregate == Aggregate::none || column.aggregate == Aggregate::count) continue;
    if (const Json* value = find(row, column.path)) add_to(group->tallies[i], column.aggregate, *value);
  }
  if (bytes_ <= kGroupBytesMax) return {};
  return failure(
      ErrorCode::query_invalid,
      fmt::format("the groups hold more than {} bytes of values: narrow them with WHERE", kGroupBytesMax));
}

void Groups::add_to(Tally& tally, Aggregate aggregate, const Json& value) {
  if (aggregate == Aggregate::minimum || aggregate == Aggregate::maximum) {
    if (rank_of(value) == 0) return;
    const bool first = !tally.extreme;
    const bool better = first || (aggregate == Aggregate::minimum ? precedes(value, *tally.extreme)
                                                                  : precedes(*tally.extreme, value));
    if (!better) return;
    bytes_ += size_of(value);
    if (!first) bytes_ -= size_of(*tally.extreme);
    tally.extreme = value;
    return;
  }
  if (!value.is_number()) return;
  ++tally.numbers;
  tally.real_sum += value.get<double>();
  // Whole numbers are summed exactly for as long as the sum fits.
  tally.whole = tally.whole && value.is_number_integer() &&
                !__builtin_add_overflow(tally.whole_sum, value.get<std::int64_t>(), &tally.whole_sum);
}

std::optional<Json> Groups::result_of(const Group& group, std::size_t column) const {
  const Tally& tally = group.tallies[column];
  switch (query_.columns[column].aggregate) {
    case Aggregate::none:
      return group.values[column];
    case Aggregate::count:
      return Json(group.rows);
    case Aggregate::average:
      if (tally.numbers == 0) return std::nullopt;
      return Json(tally.real_sum / static_cast<double>(tally.numbers));
    case Aggregate::sum:
      if (tally.numbers == 0) return std::nullopt;
      return tally.whole ? Json(tally.whole_sum) : Json(tally.real_sum);
    case Aggregate::minimum:
    case Aggregate::maximum:
      return tally.extreme;
  }
  return std::nullopt;
}

std::vector<Json> Groups::rows(std::size_t first, std::size_t count) const {
  std::vector<Json> rows;
  if (first >= groups_.size()) return rows;
  auto at = std::next(groups_.begin(), static_cast<std::ptrdiff_t>(first));
  for (; at != groups_.end() && rows.size() < count; ++at) {
    Json row = Json::object();
    for (std::size_t i = 0; i < query_.columns.size(); ++i) {
      if (auto value = result_of(at->second, i)) row[query_.columns[i].name] = *std::move(value);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace muster::query
