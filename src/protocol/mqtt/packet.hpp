#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

/// MQTT 3.1.1 (OASIS, 2014), both directions. Pure: no state, no input but the bytes given. Section numbers
/// are that standard's. Views in decoded packets borrow from the bytes that were decoded.
namespace muster::mqtt {

enum class PacketType : std::uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  unsubscribe = 10,
  unsuback = 11,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
};

enum class DecodeError : std::uint8_t {
  incomplete,        ///< Not wrong, only short: call again with more bytes.
  malformed,         ///< No continuation of these bytes is a valid packet.
  packet_too_large,  ///< Valid so far, and longer than this listener accepts.
};

struct FixedHeader {
  PacketType type;
  std::uint8_t flags;            ///< Low four bits of byte 1; checked against what 2.2.2 demands of `type`.
  std::uint32_t size_remaining;  ///< Bytes after this header.
  std::uint8_t size_header;      ///< Bytes of this header, 2 to 5.
  friend bool operator==(const FixedHeader&, const FixedHeader&) = default;
};

struct Will {
  std::string_view topic;
  ByteView payload;
  std::uint8_t qos = 0;
  bool retain = false;
};

/// Where the protocol is not 3.1.1's (`is_mqtt_3_1_1` is false) the rest of the packet has a layout unknown
/// to us: only its name and level are decoded, so that the session can answer CONNACK 1 [MQTT-3.1.2-2].
struct Connect {
  std::string_view protocol_name = "MQTT";
  std::uint8_t protocol_level = 4;
  bool clean_session = true;
  std::uint16_t keep_alive_s = 0;
  std::string_view client_id;
  std::optional<Will> will;
  std::optional<std::string_view> user_name;
  std::optional<ByteView> password;

  bool is_mqtt_3_1_1() const noexcept { return protocol_name == "MQTT" && protocol_level == 4; }
};

struct Connack {
  bool session_present = false;
  std::uint8_t return_code = 0;
};

struct Publish {
  std::string_view topic;
  ByteView payload;
  std::uint16_t packet_id = 0;  ///< 0 with QoS 0.
  std::uint8_t qos = 0;
  bool dup = false;
  bool retain = false;
};

struct Puback {
  std::uint16_t packet_id = 0;
};
struct Pubrec {
  std::uint16_t packet_id = 0;
};
struct Pubrel {
  std::uint16_t packet_id = 0;
};
struct Pubcomp {
  std::uint16_t packet_id = 0;
};

/// Filters are decoded as they come, wildcards in odd places included: `is_valid_topic_filter` is for the
/// session, which answers 0x80 for a filter it does not serve and keeps the connection (protocol/device/04
/// section 4).
struct TopicRequest {
  std::string_view filter;
  std::uint8_t qos = 0;
};
struct Subscribe {
  std::uint16_t packet_id = 0;
  std::vector<TopicRequest> topics;  ///< Never empty [MQTT-3.8.3-3].
};
struct Suback {
  std::uint16_t packet_id = 0;
  std::vector<std::uint8_t> return_codes;  ///< 0, 1, 2 or 0x80, one per requested filter.
};
struct Unsubscribe {
  std::uint16_t packet_id = 0;
  std::vector<std::string_view> filters;
};
struct Unsuback {
  std::uint16_t packet_id = 0;
};
struct Pingreq {};
struct Pingresp {};
struct Disconnect {};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe, Suback,
                            Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect>;

/// Reads the fixed header at the front of `bytes`. `size_packet_max` is of the whole packet. Allocates
/// nothing. A wrong type, wrong flags or a length that the type cannot have is refused as soon as it has
/// arrived.
Result<FixedHeader, DecodeError> decode_fixed_header(ByteView bytes, std::uint32_t size_packet_max);
/// Decodes the body of a packet whose header was read: exactly `header.size_remaining` bytes. Never
/// `incomplete`.
Result<Packet, DecodeError> decode_body(const FixedHeader& header, ByteView body);
/// The hot path of decode_body for PUBLISH, without the variant.
Result<Publish, DecodeError> decode_publish(const FixedHeader& header, ByteView body);

/// Each appends one whole packet to `out`. What is given must be valid (asserted): strings within 65,535
/// bytes, and so on.
void encode(const Connect& packet, Bytes& out);
void encode(const Connack& packet, Bytes& out);
void encode(const Publish& packet, Bytes& out);
void encode(const Puback& packet, Bytes& out);
void encode(const Pubrec& packet, Bytes& out);
void encode(const Pubrel& packet, Bytes& out);
void encode(const Pubcomp& packet, Bytes& out);
void encode(const Subscribe& packet, Bytes& out);
void encode(const Suback& packet, Bytes& out);
void encode(const Unsubscribe& packet, Bytes& out);
void encode(const Unsuback& packet, Bytes& out);
void encode(const Pingreq& packet, Bytes& out);
void encode(const Pingresp& packet, Bytes& out);
void encode(const Disconnect& packet, Bytes& out);
void encode(const Packet& packet, Bytes& out);

/// "CONNECT", "PUBLISH", ...
std::string_view packet_name(PacketType type) noexcept;

/// 4.7.1: '#' only last and after '/', '+' only whole levels; not empty, no NUL.
bool is_valid_topic_filter(std::string_view filter) noexcept;
/// 4.7: no wildcards, not empty, no NUL.
bool is_valid_topic_name(std::string_view topic) noexcept;
/// 4.7.2 included: a filter that begins with a wildcard does not match a topic that begins with '$'.
bool topic_matches(std::string_view filter, std::string_view topic) noexcept;

}  // namespace muster::mqtt
