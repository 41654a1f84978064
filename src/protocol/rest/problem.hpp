#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Error bodies, in the form that each Azure API has, with three members of ours beside them: musterCode,
/// reason, remedy.
namespace muster::rest {

/// One failed request.
struct Problem {
  const Error& error;
  std::string_view tracking_id;
  WallTime at;
};

/// DPS, service/02 section 2.1: errorCode (HTTP status x 1000 + detail), trackingId, message, timestampUtc.
std::string format_dps_problem(const Problem& problem, std::int32_t error_code);
/// Hub, form A of service/04 section 4.9, the one that both Node and .NET understand: Message
/// "ErrorCode:{name};{text}".
std::string format_hub_problem(const Problem& problem, std::string_view name);
/// Hub, form B of the same section: what a hub answers of modules. errorCode, message, trackingId,
/// timestampUtc.
std::string format_hub_module_problem(const Problem& problem, std::int32_t error_code);
/// ARM, service/03 section 3.1: DPS's flat ErrorDetails with the common `error` object beside it.
std::string format_arm_problem(const Problem& problem, int status, std::string_view code);
/// Our own paths: code, title, reason, remedy, trackingId.
std::string format_muster_problem(const Problem& problem);

}  // namespace muster::rest
