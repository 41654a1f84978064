#pragma once

#include "base/bytes.hpp"
#include "protocol/mqtt/packet.hpp"

#include <string>
#include <string_view>

namespace muster::mqtt {

/// Packets as rows of a table show them: hex with spaces, and 'text' for characters.
inline Bytes packet_bytes(std::string_view row) {
  Bytes bytes;
  bool quoted = false;
  std::string digits;
  for (const char c : row) {
    if (c == '\'') {
      quoted = !quoted;
    } else if (quoted) {
      bytes.push_back(static_cast<std::byte>(c));
    } else if (c != ' ') {
      digits += c;
      if (digits.size() == 2) {
        bytes.push_back((*from_hex(digits))[0]);
        digits.clear();
      }
    }
  }
  return bytes;
}

/// The whole of one packet, as a session decodes it.
inline Result<Packet, DecodeError> decode_packet(ByteView bytes, std::uint32_t size_packet_max = 1 << 20) {
  const auto header = decode_fixed_header(bytes, size_packet_max);
  if (!header) return failure(header.error());
  if (bytes.size() < std::size_t{header->size_header} + header->size_remaining) {
    return failure(DecodeError::incomplete);
  }
  return decode_body(*header, bytes.subspan(header->size_header, header->size_remaining));
}

}  // namespace muster::mqtt
