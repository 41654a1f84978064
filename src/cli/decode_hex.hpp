#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <string_view>

namespace muster::cli {

/// Bytes as people and tools write them: digits with or without spaces, line breaks, commas, 0x and \x before
/// bytes, braces and quotes around them; lines of xxd, hexdump -C and Wireshark with their addresses and text
/// columns. usage with the position of the first character that fits none of it.
Result<Bytes> parse_hex_dump(std::string_view text);

}  // namespace muster::cli
