#include "protocol/mqtt/reader.hpp"

namespace muster::mqtt {
namespace {

/// 3.1.2.3: the byte of connect flags.
struct Flags {
  explicit Flags(std::uint8_t byte) noexcept
      : reserved{(byte & 0x01u) != 0},
        clean_session{(byte & 0x02u) != 0},
        will{(byte & 0x04u) != 0},
        will_qos{static_cast<std::uint8_t>(byte >> 3 & 3u)},
        will_retain{(byte & 0x20u) != 0},
        password{(byte & 0x40u) != 0},
        user_name{(byte & 0x80u) != 0} {}

  bool legal() const noexcept {
    if (reserved) return false;                                 // [MQTT-3.1.2-3].
    if (!will && (will_qos != 0 || will_retain)) return false;  // [MQTT-3.1.2-13], [MQTT-3.1.2-15].
    if (will_qos == 3) return false;                            // [MQTT-3.1.2-14].
    return user_name || !password;                              // [MQTT-3.1.2-22].
  }

  bool reserved, clean_session, will;
  std::uint8_t will_qos;
  bool will_retain, password, user_name;
};

Will decode_will(const Flags& flags, Reader& reader) noexcept {
  Will will;
  will.topic = reader.text();
  will.payload = reader.binary();
  will.qos = flags.will_qos;
  will.retain = flags.will_retain;
  // A will's topic is a topic name: [MQTT-4.7.1-1], [MQTT-4.7.3-1].
  if (!is_valid_topic_name(will.topic)) reader.fail();
  return will;
}

}  // namespace

Result<Packet, DecodeError> decode_connect(Reader reader) {
  Connect connect;
  connect.protocol_name = reader.text();
  connect.protocol_level = reader.byte();
  if (!reader.ok()) return failure(DecodeError::malformed);
  if (!connect.is_mqtt_3_1_1()) return connect;

  const Flags flags{reader.byte()};
  connect.keep_alive_s = reader.two_bytes();
  if (!reader.ok() || !flags.legal()) return failure(DecodeError::malformed);
  connect.clean_session = flags.clean_session;

  // [MQTT-3.1.3-1]: the order of the fields. An empty client id is a matter for the session [MQTT-3.1.3-8].
  connect.client_id = reader.text();
  if (flags.will) connect.will = decode_will(flags, reader);
  if (flags.user_name) connect.user_name = reader.text();
  if (flags.password) connect.password = reader.binary();
  if (!reader.ok() || !reader.at_end()) return failure(DecodeError::malformed);
  return connect;
}

}  // namespace muster::mqtt
