#pragma once

#include "base/result.hpp"
#include "muster/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::rest {

/// Where a query goes on: what x-ms-continuation stands for. Opaque to clients, and good for the hub and the
/// query that it was given for alone.
struct QueryPosition {
  std::string after;           ///< The key of the last row that was looked at; empty at the start.
  std::uint64_t returned = 0;  ///< Rows of the answer so far, for TOP and for groups.
};

std::string format_position(const ServiceName& hub, std::string_view query, const QueryPosition& position);
/// field_invalid naming the header.
Result<QueryPosition> parse_position(const ServiceName& hub, std::string_view query, std::string_view token);

}  // namespace muster::rest
