#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "protocol/query/evaluate.hpp"
#include "protocol/query/plan.hpp"
#include "protocol/query/select.hpp"

#include <algorithm>

// The input is a query, and after a NUL the row it is asked of. A refusal is query_invalid and says so in
// UTF-8; what is understood is within its limits, and gives the same answer twice.

namespace muster::query {
namespace {

const Json& usual_row() {
  static const Json row =
      Json::parse(R"({"deviceId":"d","status":"enabled","version":3,"tags":{"a":[1,"b",null],"x":1.5},
      "properties":{"desired":{"$version":1},"reported":{"s":"t","n":-9007199254740991,"$version":1}}})");
  return row;
}

void check_refusal(const Error& error) {
  MUSTER_ASSERT(error.code() == ErrorCode::query_invalid, "another code");
  MUSTER_ASSERT(is_valid_utf8(as_bytes(error.reason())), "a reason that is not UTF-8");
}

void ask(const Query& query, const Json& row) {
  const bool matched = matches(query.where, row);
  MUSTER_ASSERT(matched == matches(query.where, row), "two answers to one question");
  (void)plan_of(query);
  if (!query.aggregates()) {
    const Json projected = project(query, row);
    MUSTER_ASSERT(query.everything || projected.size() <= query.columns.size(), "a member from nowhere");
    return;
  }
  Groups groups{query};
  MUSTER_ASSERT(groups.add(row).has_value() && groups.size() == 1, "one row, one group");
  (void)groups.rows(0, 1);
}

}  // namespace
}  // namespace muster::query

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::query;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto text = input.substr(0, input.find('\0'));
  const auto query = parse(text);
  if (!query) {
    check_refusal(query.error());
    return 0;
  }
  MUSTER_ASSERT(query->columns.size() <= kColumnsMax && query->group_by.size() <= kColumnsMax,
                "over a limit");
  ask(*query, usual_row());
  const auto rest = input.substr(std::min(text.size() + 1, size));
  if (rest.size() > 4096 || std::ranges::count(rest, '[') + std::ranges::count(rest, '{') > 64) return 0;
  const Json row = Json::parse(rest, nullptr, false);
  if (!row.is_discarded()) ask(*query, row);
  return 0;
}
