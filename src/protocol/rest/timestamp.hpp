#pragma once

#include "base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Times as the REST APIs spell them.
namespace muster::rest {

/// How IoT Hub writes a time that never was (service/04 section 4.3), in identities and twins alike; it has
/// no zone.
inline constexpr std::string_view kNever = "0001-01-01T00:00:00";

/// "Sat, 31 Dec 2039 23:59:59 GMT": certificate dates in ARM replies (service/03 section 3.1).
std::string format_rfc1123(WallTime time);
/// "11/25/2026 13:29:19": inside the hub's ExceptionMessage (service/04 section 4.9).
std::string format_us_date(WallTime time);
/// Reads "2026-01-21T10:30:00[.fraction][Z|+hh:mm|-hh:mm]" and "2026-01-21"; no zone means UTC. nullopt
/// otherwise.
std::optional<WallTime> parse_utc(std::string_view text);

}  // namespace muster::rest
