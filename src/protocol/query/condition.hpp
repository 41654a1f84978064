#pragma once

#include "protocol/query/cursor.hpp"

#include <functional>

/// Private to protocol/query: the expression after WHERE.
namespace muster::query {

/// Reads a path and judges its names, the source's prefix taken off.
using PathReader = std::function<Result<Path>(Cursor&)>;

Result<Expression> parse_condition(Cursor& cursor, const PathReader& read_field);

}  // namespace muster::query
