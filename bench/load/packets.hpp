#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The MQTT 3.1.1 that the load speaks, written apart from muster's own codec so that a fault there is not
/// shared.
namespace muster::bench {

enum class PacketType : std::uint8_t { connack = 2, publish = 3, puback = 4, suback = 9, pingresp = 13 };

struct Packet {
  PacketType type;
  std::uint8_t flags;
  std::string_view body;
  std::size_t size;  ///< With its header.
};

inline std::uint16_t read_u16(std::string_view bytes) {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(bytes[0]) << 8) |
                                    static_cast<unsigned char>(bytes[1]));
}
inline void append_u16(std::string& out, std::size_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value & 0xFF));
}
inline void append_text(std::string& out, std::string_view text) {
  append_u16(out, text.size());
  out.append(text);
}

/// The byte of type and flags, then the remaining length (MQTT 3.1.1 section 2.2.3).
inline void append_header(std::string& out, unsigned first, std::size_t remaining) {
  out.push_back(static_cast<char>(first));
  do {
    const auto digit = remaining & 0x7F;
    remaining >>= 7;
    out.push_back(static_cast<char>(remaining == 0 ? digit : digit | 0x80));
  } while (remaining != 0);
}

inline void append_connect(std::string& out, std::string_view client_id, std::string_view user_name) {
  // Below the longest keep-alive that IoT Hub takes (1 177 s), so that an idle device says nothing while it
  // is measured.
  constexpr std::size_t kKeepAliveSeconds = 1100;
  constexpr char kUserNameAndCleanSession = static_cast<char>(0x82);
  append_header(out, 0x10, 10 + 2 + client_id.size() + 2 + user_name.size());
  append_text(out, "MQTT");
  out.push_back(4);
  out.push_back(kUserNameAndCleanSession);
  append_u16(out, kKeepAliveSeconds);
  append_text(out, client_id);
  append_text(out, user_name);
}

inline void append_subscribe(std::string& out, std::uint16_t id, std::string_view filter) {
  append_header(out, 0x82, 2 + 2 + filter.size() + 1);
  append_u16(out, id);
  append_text(out, filter);
  out.push_back(1);
}

inline void append_publish(std::string& out, std::uint16_t id, std::string_view topic,
                           std::string_view payload) {
  append_header(out, 0x32, 2 + topic.size() + 2 + payload.size());
  append_text(out, topic);
  append_u16(out, id);
  out.append(payload);
}

inline void append_puback(std::string& out, std::uint16_t id) {
  append_header(out, 0x40, 2);
  append_u16(out, id);
}

inline void append_disconnect(std::string& out) { append_header(out, 0xE0, 0); }

/// The packet at the front of `bytes`; none when it is not all there.
inline std::optional<Packet> first_packet(std::string_view bytes) {
  std::size_t remaining = 0;
  for (std::size_t i = 1; i < bytes.size() && i <= 4; ++i) {
    const auto digit = static_cast<unsigned char>(bytes[i]);
    remaining |= static_cast<std::size_t>(digit & 0x7F) << (7 * (i - 1));
    if ((digit & 0x80) != 0) continue;
    if (bytes.size() - i - 1 < remaining) return std::nullopt;
    const auto first = static_cast<unsigned char>(bytes[0]);
    return Packet{static_cast<PacketType>(first >> 4), static_cast<std::uint8_t>(first & 15),
                  bytes.substr(i + 1, remaining), i + 1 + remaining};
  }
  return std::nullopt;
}

}  // namespace muster::bench
