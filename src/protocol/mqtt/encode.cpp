#include "base/assert.hpp"
#include "protocol/mqtt/packet.hpp"

#include <cstring>

namespace muster::mqtt {
namespace {

constexpr std::size_t kStringSizeMax = 65'535;          // 1.5.3: two bytes of length.
constexpr std::size_t kSizeRemainingMax = 268'435'455;  // 2.2.3: four digits of seven bits.

std::size_t size_of_length(std::size_t size_remaining) noexcept {
  if (size_remaining < 128) return 1;
  if (size_remaining < 16'384) return 2;
  return size_remaining < 2'097'152 ? 3 : 4;
}

/// Writes one packet into room that was made once, for all of it.
class Writer {
 public:
  Writer(Bytes& out, PacketType type, unsigned flags, std::size_t size_remaining) {
    MUSTER_ASSERT(size_remaining <= kSizeRemainingMax, "a packet longer than MQTT allows");
    const std::size_t start = out.size();
    out.resize(start + 1 + size_of_length(size_remaining) + size_remaining);
    at_ = out.data() + start;
    end_ = out.data() + out.size();
    byte(static_cast<unsigned>(type) << 4 | flags);
    std::size_t length = size_remaining;
    do {
      const auto digit = static_cast<unsigned>(length & 0x7Fu);
      length >>= 7;
      byte(digit | (length > 0 ? 0x80u : 0u));
    } while (length > 0);
  }
  ~Writer() { MUSTER_ASSERT(at_ == end_, "a packet's size was not what was computed"); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void byte(unsigned value) noexcept { *at_++ = static_cast<std::byte>(value); }
  void two_bytes(std::size_t value) noexcept {
    byte(static_cast<unsigned>(value >> 8 & 0xFFu));
    byte(static_cast<unsigned>(value & 0xFFu));
  }
  void raw(ByteView bytes) noexcept {
    if (bytes.empty()) return;
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  void field(ByteView bytes) {
    MUSTER_ASSERT(bytes.size() <= kStringSizeMax, "a field longer than MQTT allows");
    two_bytes(bytes.size());
    raw(bytes);
  }
  void field(std::string_view text) { field(as_bytes(text)); }

 private:
  std::byte* at_;
  std::byte* end_;
};

void encode_packet_id(PacketType type, unsigned flags, std::uint16_t packet_id, Bytes& out) {
  Writer writer{out, type, flags, 2};
  writer.two_bytes(packet_id);
}

unsigned connect_flags(const Connect& packet) noexcept {
  unsigned flags = packet.clean_session ? 0x02u : 0u;
  if (packet.will) flags |= 0x04u | unsigned{packet.will->qos} << 3 | (packet.will->retain ? 0x20u : 0u);
  if (packet.password) flags |= 0x40u;
  if (packet.user_name) flags |= 0x80u;
  return flags;
}

}  // namespace

void encode(const Connect& packet, Bytes& out) {
  MUSTER_ASSERT(packet.user_name || !packet.password, "a password without a user name [MQTT-3.1.2-22]");
  constexpr std::size_t kSizeFlagsAndKeepAlive = 4;  // Level, flags, keep alive.
  std::size_t size = 2 + packet.protocol_name.size() + kSizeFlagsAndKeepAlive + 2 + packet.client_id.size();
  if (packet.will) size += 2 + packet.will->topic.size() + 2 + packet.will->payload.size();
  if (packet.user_name) size += 2 + packet.user_name->size();
  if (packet.password) size += 2 + packet.password->size();

  Writer writer{out, PacketType::connect, 0, size};
  writer.field(packet.protocol_name);
  writer.byte(packet.protocol_level);
  writer.byte(connect_flags(packet));
  writer.two_bytes(packet.keep_alive_s);
  writer.field(packet.client_id);
  if (packet.will) {
    writer.field(packet.will->topic);
    writer.field(packet.will->payload);
  }
  if (packet.user_name) writer.field(*packet.user_name);
  if (packet.password) writer.field(*packet.password);
}

void encode(const Connack& packet, Bytes& out) {
  MUSTER_ASSERT(packet.return_code == 0 || !packet.session_present,
                "a session with a refusal [MQTT-3.2.2-4]");
  Writer writer{out, PacketType::connack, 0, 2};
  writer.byte(packet.session_present ? 1 : 0);
  writer.byte(packet.return_code);
}

void encode(const Publish& packet, Bytes& out) {
  MUSTER_ASSERT(packet.qos <= 2 && (packet.qos == 0) == (packet.packet_id == 0),
                "a packet id goes with a QoS [MQTT-2.3.1-1]");
  const unsigned flags = (packet.dup ? 8u : 0u) | unsigned{packet.qos} << 1 | (packet.retain ? 1u : 0u);
  const std::size_t size = 2 + packet.topic.size() + (packet.qos > 0 ? 2 : 0) + packet.payload.size();
  Writer writer{out, PacketType::publish, flags, size};
  writer.field(packet.topic);
  if (packet.qos > 0) writer.two_bytes(packet.packet_id);
  writer.raw(packet.payload);
}

void encode(const Puback& packet, Bytes& out) {
  encode_packet_id(PacketType::puback, 0, packet.packet_id, out);
}
void encode(const Pubrec& packet, Bytes& out) {
  encode_packet_id(PacketType::pubrec, 0, packet.packet_id, out);
}
void encode(const Pubrel& packet, Bytes& out) {
  encode_packet_id(PacketType::pubrel, 2, packet.packet_id, out);
}
void encode(const Pubcomp& packet, Bytes& out) {
  encode_packet_id(PacketType::pubcomp, 0, packet.packet_id, out);
}
void encode(const Unsuback& packet, Bytes& out) {
  encode_packet_id(PacketType::unsuback, 0, packet.packet_id, out);
}

void encode(const Subscribe& packet, Bytes& out) {
  MUSTER_ASSERT(!packet.topics.empty(), "SUBSCRIBE without a filter [MQTT-3.8.3-3]");
  std::size_t size = 2;
  for (const TopicRequest& topic : packet.topics) size += 2 + topic.filter.size() + 1;
  Writer writer{out, PacketType::subscribe, 2, size};
  writer.two_bytes(packet.packet_id);
  for (const TopicRequest& topic : packet.topics) {
    writer.field(topic.filter);
    writer.byte(topic.qos);
  }
}

void encode(const Suback& packet, Bytes& out) {
  Writer writer{out, PacketType::suback, 0, 2 + packet.return_codes.size()};
  writer.two_bytes(packet.packet_id);
  for (const std::uint8_t code : packet.return_codes) writer.byte(code);
}

void encode(const Unsubscribe& packet, Bytes& out) {
  MUSTER_ASSERT(!packet.filters.empty(), "UNSUBSCRIBE without a filter [MQTT-3.10.3-2]");
  std::size_t size = 2;
  for (const std::string_view filter : packet.filters) size += 2 + filter.size();
  Writer writer{out, PacketType::unsubscribe, 2, size};
  writer.two_bytes(packet.packet_id);
  for (const std::string_view filter : packet.filters) writer.field(filter);
}

void encode(const Pingreq&, Bytes& out) { Writer{out, PacketType::pingreq, 0, 0}; }
void encode(const Pingresp&, Bytes& out) { Writer{out, PacketType::pingresp, 0, 0}; }
void encode(const Disconnect&, Bytes& out) { Writer{out, PacketType::disconnect, 0, 0}; }

void encode(const Packet& packet, Bytes& out) {
  std::visit([&out](const auto& one) { encode(one, out); }, packet);
}

}  // namespace muster::mqtt
