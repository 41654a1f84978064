#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace muster::cli {

/// "10s", "500ms", "2m", or a number of seconds; nullopt otherwise, and above a day.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Blocks until the clock has moved on by `how_long`.
void pause(Clock& clock, std::chrono::milliseconds how_long);

}  // namespace muster::cli
