#include "base/assert.hpp"
#include "protocol/mqtt/reader.hpp"

namespace muster::mqtt {
namespace {

using Decoded = Result<Packet, DecodeError>;

/// `packet` if `reader` took all of the body and met nothing wrong; bytes left over make a packet malformed.
template <typename T>
Decoded finish(const Reader& reader, T&& packet) {
  if (!reader.ok() || !reader.at_end()) return failure(DecodeError::malformed);
  return Packet{std::forward<T>(packet)};
}

Decoded decode_connack(Reader reader) {
  const std::uint8_t acknowledge_flags = reader.byte();
  const std::uint8_t return_code = reader.byte();
  if (acknowledge_flags > 1) return failure(DecodeError::malformed);  // 3.2.2.1: bits 7-1 are reserved and 0.
  if (acknowledge_flags == 1 && return_code != 0) return failure(DecodeError::malformed);  // [MQTT-3.2.2-4].
  return finish(reader, Connack{acknowledge_flags == 1, return_code});
}

/// The C# SDK acknowledges a QoS 0 response with packet id 0 (protocol/device/01 section 7): it names no
/// packet, and the session ignores it as it does any stray PUBACK.
Decoded decode_puback(Reader reader) {
  const std::uint16_t packet_id = reader.two_bytes();
  return finish(reader, Puback{packet_id});
}

/// What consists of a packet identifier and nothing else.
template <typename T>
Decoded decode_packet_id(Reader reader) {
  const std::uint16_t packet_id = reader.packet_id();
  return finish(reader, T{packet_id});
}

Decoded decode_subscribe(Reader reader) {
  Subscribe subscribe;
  subscribe.packet_id = reader.packet_id();
  while (reader.ok() && !reader.at_end()) {
    const std::string_view filter = reader.text();
    const std::uint8_t qos = reader.byte();
    // [MQTT-4.7.3-1]; [MQTT-3-8.3-4]: the upper six bits are reserved, and there is no QoS 3.
    if (filter.empty() || qos > 2) reader.fail();
    if (reader.ok()) subscribe.topics.push_back({filter, qos});
  }
  if (subscribe.topics.empty()) reader.fail();  // [MQTT-3.8.3-3].
  return finish(reader, std::move(subscribe));
}

Decoded decode_suback(Reader reader) {
  Suback suback;
  suback.packet_id = reader.packet_id();
  while (reader.ok() && !reader.at_end()) {
    const std::uint8_t code = reader.byte();
    if (code > 2 && code != 0x80) reader.fail();  // [MQTT-3.9.3-2].
    suback.return_codes.push_back(code);
  }
  if (suback.return_codes.empty()) reader.fail();  // One for each filter, of which there is at least one.
  return finish(reader, std::move(suback));
}

Decoded decode_unsubscribe(Reader reader) {
  Unsubscribe unsubscribe;
  unsubscribe.packet_id = reader.packet_id();
  while (reader.ok() && !reader.at_end()) {
    const std::string_view filter = reader.text();
    if (filter.empty()) reader.fail();  // [MQTT-4.7.3-1].
    unsubscribe.filters.push_back(filter);
  }
  if (unsubscribe.filters.empty()) reader.fail();  // [MQTT-3.10.3-2].
  return finish(reader, std::move(unsubscribe));
}

}  // namespace

Result<Publish, DecodeError> decode_publish(const FixedHeader& header, ByteView body) {
  MUSTER_ASSERT(body.size() == header.size_remaining, "the body is not the header's");
  Reader reader{body};
  Publish publish;
  publish.retain = (header.flags & 1u) != 0;
  publish.qos = static_cast<std::uint8_t>(header.flags >> 1 & 3u);
  publish.dup = (header.flags & 8u) != 0;
  publish.topic = reader.text();
  if (publish.qos > 0) publish.packet_id = reader.packet_id();
  // [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-4.7.3-1]: a topic, without wildcards, of at least one character.
  if (!reader.ok() || !is_valid_topic_name(publish.topic)) return failure(DecodeError::malformed);
  publish.payload = reader.rest();
  return publish;
}

Result<Packet, DecodeError> decode_body(const FixedHeader& header, ByteView body) {
  MUSTER_ASSERT(body.size() == header.size_remaining, "the body is not the header's");
  const Reader reader{body};
  switch (header.type) {
    case PacketType::connect:
      return decode_connect(reader);
    case PacketType::connack:
      return decode_connack(reader);
    case PacketType::publish:
      return decode_publish(header, body).map([](const Publish& publish) { return Packet{publish}; });
    case PacketType::puback:
      return decode_puback(reader);
    case PacketType::pubrec:
      return decode_packet_id<Pubrec>(reader);
    case PacketType::pubrel:
      return decode_packet_id<Pubrel>(reader);
    case PacketType::pubcomp:
      return decode_packet_id<Pubcomp>(reader);
    case PacketType::subscribe:
      return decode_subscribe(reader);
    case PacketType::suback:
      return decode_suback(reader);
    case PacketType::unsubscribe:
      return decode_unsubscribe(reader);
    case PacketType::unsuback:
      return decode_packet_id<Unsuback>(reader);
    case PacketType::pingreq:
      return finish(reader, Pingreq{});
    case PacketType::pingresp:
      return finish(reader, Pingresp{});
    case PacketType::disconnect:
      return finish(reader, Disconnect{});
  }
  return failure(DecodeError::malformed);
}

}  // namespace muster::mqtt
