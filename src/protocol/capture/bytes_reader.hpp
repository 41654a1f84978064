#pragma once

#include "base/bytes.hpp"

#include <cstdint>

namespace muster::capture {

/// Integers out of bytes in either order. What lies behind the end is 0: callers check sizes first where it
/// matters.
struct BytesReader {
  ByteView bytes;
  bool big_endian = true;

  std::uint64_t number(std::size_t at, std::size_t size) const noexcept {
    if (at > bytes.size() || size > bytes.size() - at) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t from = big_endian ? at + i : at + size - 1 - i;
      value = value << 8 | std::to_integer<std::uint64_t>(bytes[from]);
    }
    return value;
  }
  std::uint8_t u8(std::size_t at) const noexcept { return static_cast<std::uint8_t>(number(at, 1)); }
  std::uint16_t u16(std::size_t at) const noexcept { return static_cast<std::uint16_t>(number(at, 2)); }
  std::uint32_t u32(std::size_t at) const noexcept { return static_cast<std::uint32_t>(number(at, 4)); }
};

}  // namespace muster::capture
