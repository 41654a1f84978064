#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "cli/json.hpp"

#include <optional>

namespace muster::cli {

/// One packet out of a run of them.
struct PacketAt {
  std::size_t position = 0;
  std::size_t size = 0;
};

/// Where the packet at `position` ends. malformed_packet with the byte and what is wrong there.
Result<PacketAt> packet_at(ByteView bytes, std::size_t position);

/// A packet in words: its fields, and what the topic, user name and token in it mean. `bytes` is the whole of
/// it. malformed_packet, with the position as it is in the input, where the packet begins at `position`.
Result<Json> decode_packet(ByteView bytes, std::size_t position, WallTime now);

}  // namespace muster::cli
