#pragma once

#include "protocol/query/query.hpp"

/// Whether a row meets a condition. Three values: true, false and undefined, which is what a comparison with
/// something that is not there, or between what has no order, comes to. AND is false as soon as one side is,
/// OR true as soon as one is; else an undefined side makes them undefined, as it does NOT. Only true is a
/// match.
namespace muster::query {

/// `condition` is a Query's WHERE; a query without one matches every row.
bool matches(const std::optional<Expression>& condition, const Json& row);

}  // namespace muster::query
