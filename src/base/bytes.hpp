#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline ByteView as_bytes(std::string_view text) { return std::as_bytes(std::span{text}); }
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(ByteView bytes);        ///< Lower case.
std::string to_hex_upper(ByteView bytes);  ///< As thumbprints are shown.
std::string to_base64(ByteView bytes);
/// Strict RFC 4648 with padding; nullopt otherwise. White space is not allowed.
std::optional<Bytes> from_base64(std::string_view text);
/// Either case, no separators; nullopt otherwise.
std::optional<Bytes> from_hex(std::string_view text);
bool is_valid_utf8(ByteView bytes);

}  // namespace muster
