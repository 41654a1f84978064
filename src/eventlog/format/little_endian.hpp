#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace muster::eventlog {

template <std::integral T>
constexpr T to_little(T value) noexcept {
  if constexpr (std::endian::native == std::endian::little || sizeof(T) == 1) {
    return value;
  } else {
    T swapped = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      swapped = static_cast<T>((swapped << 8) | ((value >> (8 * i)) & 0xff));
    }
    return swapped;
  }
}

/// Stores `value` at `to`, least significant byte first.
template <std::integral T>
void store(std::byte* to, T value) noexcept {
  value = to_little(value);
  std::memcpy(to, &value, sizeof value);
}

/// The integer stored at `from`.
template <std::integral T>
T load(const std::byte* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return to_little(value);
}

}  // namespace muster::eventlog
