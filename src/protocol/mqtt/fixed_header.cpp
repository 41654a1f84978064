#include "protocol/mqtt/packet.hpp"

#include <optional>

namespace muster::mqtt {
namespace {

/// [MQTT-2.2.2-1], [MQTT-2.2.2-2]: the flags of every type but PUBLISH are fixed (table 2.2).
bool has_legal_flags(PacketType type, std::uint8_t flags) noexcept {
  switch (type) {
    case PacketType::publish: {
      const unsigned qos = (flags >> 1) & 3u;
      const bool dup = (flags & 8u) != 0;
      return qos != 3 && (qos != 0 || !dup);  // [MQTT-3.3.1-4], [MQTT-3.3.1-2].
    }
    case PacketType::pubrel:       // [MQTT-3.6.1-1].
    case PacketType::subscribe:    // [MQTT-3.8.1-1].
    case PacketType::unsubscribe:  // [MQTT-3.10.1-1].
      return flags == 2;
    default:
      return flags == 0;
  }
}

/// The one length that a type's body can have, where section 3 knows only one.
std::optional<std::uint32_t> only_size_remaining(PacketType type) noexcept {
  switch (type) {
    case PacketType::connack:
    case PacketType::puback:
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
    case PacketType::unsuback:
      return 2;
    case PacketType::pingreq:
    case PacketType::pingresp:
    case PacketType::disconnect:
      return 0;
    default:
      return std::nullopt;
  }
}

Result<FixedHeader, DecodeError> checked(const FixedHeader& header, std::uint32_t size_packet_max) {
  const auto only = only_size_remaining(header.type);
  if (only && header.size_remaining != *only) return failure(DecodeError::malformed);
  const std::uint64_t size_packet = std::uint64_t{header.size_header} + header.size_remaining;
  if (size_packet > size_packet_max) return failure(DecodeError::packet_too_large);
  return header;
}

}  // namespace

Result<FixedHeader, DecodeError> decode_fixed_header(ByteView bytes, std::uint32_t size_packet_max) {
  constexpr std::size_t kLengthBytesMax = 4;
  if (bytes.empty()) return failure(DecodeError::incomplete);

  const auto first = std::to_integer<std::uint8_t>(bytes[0]);
  const auto number = static_cast<std::uint8_t>(first >> 4);
  if (number == 0 || number == 15) return failure(DecodeError::malformed);  // Table 2.1: reserved.
  const auto type = static_cast<PacketType>(number);
  const auto flags = static_cast<std::uint8_t>(first & 0x0Fu);
  if (!has_legal_flags(type, flags)) return failure(DecodeError::malformed);

  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kLengthBytesMax; ++i) {
    if (1 + i == bytes.size()) return failure(DecodeError::incomplete);
    const auto digit = std::to_integer<std::uint32_t>(bytes[1 + i]);
    length |= (digit & 0x7Fu) << (7 * i);
    // 2.2.3 does not demand the shortest form (MQTT 5 does), so 0x80 0x00 is 0.
    if ((digit & 0x80u) == 0) {
      return checked({type, flags, length, static_cast<std::uint8_t>(2 + i)}, size_packet_max);
    }
  }
  return failure(DecodeError::malformed);  // 2.2.3: the maximum number of bytes is four.
}

std::string_view packet_name(PacketType type) noexcept {
  switch (type) {
    case PacketType::connect:
      return "CONNECT";
    case PacketType::connack:
      return "CONNACK";
    case PacketType::publish:
      return "PUBLISH";
    case PacketType::puback:
      return "PUBACK";
    case PacketType::pubrec:
      return "PUBREC";
    case PacketType::pubrel:
      return "PUBREL";
    case PacketType::pubcomp:
      return "PUBCOMP";
    case PacketType::subscribe:
      return "SUBSCRIBE";
    case PacketType::suback:
      return "SUBACK";
    case PacketType::unsubscribe:
      return "UNSUBSCRIBE";
    case PacketType::unsuback:
      return "UNSUBACK";
    case PacketType::pingreq:
      return "PINGREQ";
    case PacketType::pingresp:
      return "PINGRESP";
    case PacketType::disconnect:
      return "DISCONNECT";
  }
  return "reserved";
}

}  // namespace muster::mqtt
