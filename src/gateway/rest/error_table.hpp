#pragma once

#include "base/result.hpp"
#include "gateway/rest/api.hpp"

#include <cstdint>
#include <string_view>

namespace muster::rest {

/// How one ErrorCode looks in each API.
struct ErrorRow {
  ErrorCode code;
  std::uint16_t status;       ///< HTTP.
  std::int32_t dps_code;      ///< errorCode of DPS: status x 1000 + detail.
  std::string_view hub_name;  ///< iothub-errorcode; one of the names in service/04 section 4.9.
  std::string_view arm_code;
};

/// The row of `code`. Every code has one: where nothing else is said, status is ErrorInfo's and the names are
/// the status's.
ErrorRow error_row(ErrorCode code);

/// The same where a module is meant: one that is missing, there already, or one too many has a name of its
/// own.
ErrorRow module_error_row(ErrorCode code);

/// The number of a hub's error name (service/04 section 4.9); the name's status times 1000 where that has
/// none.
std::int32_t hub_error_number(std::string_view hub_name);

}  // namespace muster::rest
