#pragma once

#include "base/bytes.hpp"

#include <array>

namespace muster {

/// SHA-256 of `bytes`.
std::array<std::byte, 32> sha256(ByteView bytes);

}  // namespace muster
