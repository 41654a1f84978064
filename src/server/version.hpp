#pragma once

#include <string_view>

namespace muster::server {

/// Of the program; formats on disk have versions of their own.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace muster::server
