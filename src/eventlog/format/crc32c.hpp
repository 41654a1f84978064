#pragma once

#include "base/bytes.hpp"

#include <cstdint>

namespace muster::eventlog {

/// CRC-32C (Castagnoli) of `bytes`, going on from `before`, the CRC of what precedes them (0: nothing does).
/// By the processor's own instruction where it has one.
std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0) noexcept;

/// The same by table alone: what runs where the instruction is missing.
std::uint32_t crc32c_by_table(ByteView bytes, std::uint32_t before = 0) noexcept;

}  // namespace muster::eventlog
