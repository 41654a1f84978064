#include "protocol/mqtt/fault.hpp"

#include <fmt/format.h>

namespace muster::mqtt {
namespace {

/// Reads on as long as nothing is wrong, and remembers the first thing that is.
class Walk {
 public:
  Walk(ByteView body, std::size_t begin) : body_{body}, begin_{begin} {}

  bool ok() const noexcept { return !fault_; }
  bool at_end() const noexcept { return at_ == body_.size(); }
  /// The next field begins here.
  std::size_t here() const noexcept { return at_; }
  std::optional<PacketFault> fault() && { return std::move(fault_); }

  void refuse(std::size_t at, std::string what) {
    if (ok()) fault_ = PacketFault{begin_ + at, std::move(what)};
  }

  std::uint8_t byte(std::string_view field) {
    const ByteView taken = take(1, field);
    return taken.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(taken[0]);
  }

  std::uint16_t two_bytes(std::string_view field) {
    const ByteView taken = take(2, field);
    if (taken.size() < 2) return 0;
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(taken[0]) << 8 |
                                      std::to_integer<unsigned>(taken[1]));
  }

  void packet_id() {
    const std::size_t at = here();
    if (two_bytes("the packet identifier") == 0) refuse(at, "the packet identifier is 0 [MQTT-2.3.1-1]");
  }

  ByteView binary(std::string_view field) {
    const std::size_t at = here();
    const std::size_t size = two_bytes(field);
    if (ok() && size > body_.size() - at_) {
      refuse(at, fmt::format("{} says it has {} bytes, and {} are left in the packet", field, size,
                             body_.size() - at_));
    }
    return take(size, field);
  }

  std::string_view text(std::string_view field) {
    const ByteView bytes = binary(field);
    const std::size_t at = at_ - bytes.size();
    if (!is_valid_utf8(bytes)) refuse(at, fmt::format("{} is not UTF-8 [MQTT-1.5.3-1]", field));
    const std::string_view text = as_text(bytes);
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
      refuse(at + nul, fmt::format("{} holds the character U+0000 [MQTT-1.5.3-2]", field));
    }
    return ok() ? text : std::string_view{};
  }

  void topic_name(std::string_view field) {
    const std::size_t at = here();
    const std::string_view topic = text(field);
    if (!ok() || is_valid_topic_name(topic)) return;
    if (topic.empty()) {
      refuse(at, fmt::format("{} is empty [MQTT-4.7.3-1]", field));
      return;
    }
    const std::size_t wildcard = topic.find_first_of("#+");
    refuse(at + 2 + wildcard, fmt::format("{} holds the wildcard {} [MQTT-3.3.2-2]", field, topic[wildcard]));
  }

  void topic_filter() {
    const std::size_t at = here();
    if (text("a topic filter").empty()) refuse(at, "a topic filter is empty [MQTT-4.7.3-1]");
  }

  void no_more() {
    if (!at_end()) {
      refuse(at_, fmt::format("{} bytes follow where the packet should end", body_.size() - at_));
    }
  }

 private:
  ByteView take(std::size_t size, std::string_view field) {
    if (!ok()) return {};
    if (size > body_.size() - at_) {
      refuse(at_, fmt::format("the packet ends where {} should stand", field));
      return {};
    }
    at_ += size;
    return body_.subspan(at_ - size, size);
  }

  ByteView body_;
  std::size_t begin_;
  std::size_t at_ = 0;
  std::optional<PacketFault> fault_;
};

/// 3.1.2.3.
void check_connect_flags(Walk& walk, std::uint8_t flags, std::size_t at) {
  const unsigned will_qos = flags >> 3 & 3u;
  const bool will = (flags & 0x04u) != 0;
  if ((flags & 0x01u) != 0) walk.refuse(at, "the reserved connect flag is set [MQTT-3.1.2-3]");
  if (!will && will_qos != 0) walk.refuse(at, "a will QoS without the will flag [MQTT-3.1.2-13]");
  if (!will && (flags & 0x20u) != 0) walk.refuse(at, "will retain without the will flag [MQTT-3.1.2-15]");
  if (will_qos == 3) walk.refuse(at, "the will QoS is 3 [MQTT-3.1.2-14]");
  if ((flags & 0xC0u) == 0x40u) walk.refuse(at, "a password flag without a user name's [MQTT-3.1.2-22]");
}

void walk_connect(Walk& walk) {
  const std::string_view name = walk.text("the protocol name");
  const std::uint8_t level = walk.byte("the protocol level");
  if (!walk.ok()) return;
  if (name != "MQTT" || level != 4) return;  // The rest has a layout of its own.
  const std::size_t at = walk.here();
  const std::uint8_t flags = walk.byte("the byte of connect flags");
  walk.two_bytes("the keep-alive");
  if (walk.ok()) check_connect_flags(walk, flags, at);
  walk.text("the client id");
  if ((flags & 0x04u) != 0) {
    walk.topic_name("the will's topic");
    walk.binary("the will's message");
  }
  if ((flags & 0x80u) != 0) walk.text("the user name");
  if ((flags & 0x40u) != 0) walk.binary("the password");
  walk.no_more();
}

void walk_connack(Walk& walk) {
  const std::uint8_t flags = walk.byte("the byte of flags");
  const std::uint8_t code = walk.byte("the return code");
  if (flags > 1) walk.refuse(0, "reserved flags are set (3.2.2.1)");
  if (flags == 1 && code != 0) walk.refuse(0, "a session is present, yet it is refused [MQTT-3.2.2-4]");
}

void walk_publish(Walk& walk, unsigned qos) {
  walk.topic_name("the topic");
  if (qos > 0) walk.packet_id();
}

void walk_subscribe(Walk& walk) {
  walk.packet_id();
  if (walk.ok() && walk.at_end()) walk.refuse(walk.here(), "no topic filter [MQTT-3.8.3-3]");
  while (walk.ok() && !walk.at_end()) {
    walk.topic_filter();
    const std::size_t at = walk.here();
    if (walk.byte("the QoS of a filter") > 2) walk.refuse(at, "a QoS above 2 [MQTT-3-8.3-4]");
  }
}

void walk_suback(Walk& walk) {
  walk.packet_id();
  if (walk.ok() && walk.at_end()) walk.refuse(walk.here(), "no return code (3.9.3: one for each filter)");
  while (walk.ok() && !walk.at_end()) {
    const std::size_t at = walk.here();
    const std::uint8_t code = walk.byte("a return code");
    if (code > 2 && code != 0x80) walk.refuse(at, fmt::format("return code 0x{:02x} [MQTT-3.9.3-2]", code));
  }
}

void walk_unsubscribe(Walk& walk) {
  walk.packet_id();
  if (walk.ok() && walk.at_end()) walk.refuse(walk.here(), "no topic filter [MQTT-3.10.3-2]");
  while (walk.ok() && !walk.at_end()) walk.topic_filter();
}

std::optional<PacketFault> body_fault(const FixedHeader& header, ByteView body) {
  Walk walk{body, header.size_header};
  switch (header.type) {
    case PacketType::connect:
      walk_connect(walk);
      break;
    case PacketType::connack:
      walk_connack(walk);
      break;
    case PacketType::publish:
      walk_publish(walk, header.flags >> 1 & 3u);
      break;
    case PacketType::subscribe:
      walk_subscribe(walk);
      break;
    case PacketType::suback:
      walk_suback(walk);
      break;
    case PacketType::unsubscribe:
      walk_unsubscribe(walk);
      break;
    case PacketType::pubrec:
    case PacketType::pubrel:
    case PacketType::pubcomp:
    case PacketType::unsuback:
      walk.packet_id();
      break;
    case PacketType::puback:  // Id 0 is let through: see decode.cpp.
    case PacketType::pingreq:
    case PacketType::pingresp:
    case PacketType::disconnect:
      break;  // Their length was checked with the header.
  }
  return std::move(walk).fault();
}

/// What decode_fixed_header calls malformed.
PacketFault header_fault(ByteView bytes) {
  const auto first = std::to_integer<unsigned>(bytes[0]);
  const unsigned type = first >> 4;
  if (type == 0 || type == 15) return {0, fmt::format("packet type {} is reserved (table 2.1)", type)};
  const auto name = packet_name(static_cast<PacketType>(type));
  // With a length that any type may have, only wrong flags are left to be refused.
  for (const std::byte length : {std::byte{0}, std::byte{2}}) {
    const std::byte head[] = {bytes[0], length};
    if (decode_fixed_header(head, UINT32_MAX)) break;
    if (length == std::byte{2}) {
      return {0, fmt::format("a {} cannot have the flags {} [MQTT-2.2.2-2]", name, first & 15u)};
    }
  }
  if (bytes.size() >= 5 && (bytes[1] & bytes[2] & bytes[3] & bytes[4] & std::byte{0x80}) != std::byte{0}) {
    return {1, "the remaining length has more than four bytes (2.2.3)"};
  }
  return {1, fmt::format("the remaining length is not the one that a {} has (section 3)", name)};
}

}  // namespace

std::optional<PacketFault> find_fault(ByteView bytes) {
  const auto header = decode_fixed_header(bytes, UINT32_MAX);
  if (!header && header.error() == DecodeError::malformed) return header_fault(bytes);
  if (!header) return PacketFault{bytes.size(), "the packet ends within its fixed header"};
  const ByteView body = bytes.subspan(header->size_header);
  if (body.size() < header->size_remaining) {
    return PacketFault{bytes.size(),
                       fmt::format("the packet is cut short: {} says {} bytes follow its header, "
                                   "and {} do",
                                   packet_name(header->type), header->size_remaining, body.size())};
  }
  return body_fault(*header, body.first(header->size_remaining));
}

}  // namespace muster::mqtt
