#pragma once

#include "protocol/mqtt/packet.hpp"

#include <optional>
#include <string>

namespace muster::mqtt {

/// Why a packet is refused, and where.
struct PacketFault {
  std::size_t position = 0;  ///< From the packet's first byte.
  std::string what;          ///< With the statement of the standard that it breaks.
};

/// Looks a packet through field by field for the first thing that decode_fixed_header or decode_body refuse:
/// for those who debug a client, since the decoders say only that. nullopt exactly where they accept
/// (tests/decode_fuzz.cpp); a packet that is cut short is a fault at its end. `bytes` may go on behind it.
std::optional<PacketFault> find_fault(ByteView bytes);

}  // namespace muster::mqtt
