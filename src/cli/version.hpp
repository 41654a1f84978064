#pragma once

#include <string_view>

namespace muster::cli {

/// The release, as CMake's project() and CHANGELOG.md have it.
inline constexpr std::string_view kVersion = MUSTER_VERSION;

}  // namespace muster::cli
