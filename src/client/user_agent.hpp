#pragma once

#include <string_view>

namespace muster::client {

/// What the services' logs call this library when the program gave no name of its own.
inline constexpr std::string_view kUserAgent = "muster-device-client";

}  // namespace muster::client
