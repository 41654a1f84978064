#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Bulk operations and queries of DPS's service API. Source: protocol/service/02 sections 2.2 and 2.3.
namespace muster::rest {

inline constexpr std::size_t kBulkItemsMax = 10;
inline constexpr std::size_t kQueryTextMax = 8192;

enum class BulkMode : std::uint8_t {
  create,
  update,                ///< Whatever is there now.
  update_if_match_etag,  ///< Only what still has the item's etag.
  remove,
};

/// What an API calls the things of a bulk operation.
struct BulkNames {
  std::string_view list;  ///< "enrollments".
  std::string_view id;    ///< "registrationId".
};

/// One enrollment of a bulk operation, still as text: each is judged by itself.
struct BulkItem {
  std::string id;    ///< Empty when the item has none: it is reported all the same.
  std::string etag;  ///< Empty when the item has none.
  std::string body;
};

struct BulkRequest {
  BulkMode mode = BulkMode::create;
  std::vector<BulkItem> items;
};

/// request_malformed; field_invalid naming the member: an unknown mode, no list, no item or more than
/// kBulkItemsMax. What is wrong inside an item is not looked at here.
Result<BulkRequest> parse_bulk(std::string_view body, const BulkNames& names);

/// What became of an item that failed.
struct BulkFault {
  std::string id;
  std::int32_t error_code = 0;
  Error error;
};
/// BulkEnrollmentOperationResult.
std::string format_bulk_result(std::span<const BulkFault> faults, const BulkNames& names);

/// Judges the body of a query over enrollments. Its text is opaque and means everything, as az's broken text
/// has to (section 2.2); one with a condition would be answered wrongly, and is refused: query_invalid. An
/// empty body is everything too.
Result<void> check_enrollment_query(std::string_view body);

}  // namespace muster::rest
