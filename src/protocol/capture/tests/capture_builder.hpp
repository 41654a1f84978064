#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string_view>

namespace muster::capture {

/// Captures as tests need them: frames, and files of either form.
class CaptureBuilder {
 public:
  struct Tcp {
    std::uint32_t from = 1;  ///< The last byte of 10.0.0.x.
    std::uint32_t to = 2;
    std::uint16_t from_port = 40000;
    std::uint16_t to_port = 1883;
    std::uint32_t sequence = 0;
    bool syn = false;
  };

  explicit CaptureBuilder(bool big_endian = false) : big_endian_{big_endian} {}

  static void number(Bytes& into, std::uint64_t value, std::size_t size, bool big_endian = true) {
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t shift = 8 * (big_endian ? size - 1 - i : i);
      into.push_back(static_cast<std::byte>(value >> shift & 0xFF));
    }
  }
  static void text(Bytes& into, std::string_view text) {
    const ByteView bytes = as_bytes(text);
    into.insert(into.end(), bytes.begin(), bytes.end());
  }

  static Bytes tcp(const Tcp& tcp, std::string_view payload) {
    Bytes bytes;
    number(bytes, tcp.from_port, 2);
    number(bytes, tcp.to_port, 2);
    number(bytes, tcp.sequence, 4);
    number(bytes, 0, 4);
    number(bytes, tcp.syn ? 0x5002 : 0x5010, 2);
    number(bytes, 0, 6);
    text(bytes, payload);
    return bytes;
  }
  static Bytes ipv4(const Tcp& ends, ByteView payload, std::uint16_t fragment = 0) {
    Bytes bytes;
    number(bytes, 0x4500, 2);
    number(bytes, 20 + payload.size(), 2);
    number(bytes, 0, 2);
    number(bytes, fragment, 2);
    number(bytes, 0x4006, 2);
    number(bytes, 0, 2);
    number(bytes, 0x0A000000 + ends.from, 4);
    number(bytes, 0x0A000000 + ends.to, 4);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
  }
  static Bytes ethernet(ByteView packet, std::uint16_t type = 0x0800) {
    Bytes bytes(12);
    number(bytes, type, 2);
    bytes.insert(bytes.end(), packet.begin(), packet.end());
    return bytes;
  }
  static Bytes frame(const Tcp& ends, std::string_view payload) {
    return ethernet(ipv4(ends, tcp(ends, payload)));
  }

  CaptureBuilder& pcap(std::uint32_t link = 1, std::uint32_t magic = 0xA1B2C3D4) {
    put(magic, 4);
    put(0x0002, 2);
    put(0x0004, 2);
    put(0, 8);
    put(65535, 4);
    put(link, 4);
    return *this;
  }
  CaptureBuilder& pcap_frame(ByteView frame, std::uint32_t seconds = 0, std::uint32_t part = 0) {
    put(seconds, 4);
    put(part, 4);
    put(frame.size(), 4);
    put(frame.size(), 4);
    bytes_.insert(bytes_.end(), frame.begin(), frame.end());
    return *this;
  }
  CaptureBuilder& section() {
    Bytes body;
    number(body, 0x1A2B3C4D, 4, big_endian_);
    number(body, 0x0001, 2, big_endian_);
    number(body, 0x0000, 2, big_endian_);
    number(body, ~std::uint64_t{0}, 8, big_endian_);
    return block(0x0A0D0D0A, body);
  }
  CaptureBuilder& interface(std::uint16_t link = 1, int resolution = -1) {
    Bytes body;
    number(body, link, 2, big_endian_);
    number(body, 0, 6, big_endian_);
    if (resolution >= 0) {
      number(body, 9, 2, big_endian_);
      number(body, 1, 2, big_endian_);
      number(body, static_cast<std::uint64_t>(resolution), 1);
      number(body, 0, 3);
      number(body, 0, 4, big_endian_);
    }
    return block(1, body);
  }
  CaptureBuilder& packet(ByteView frame, std::uint64_t ticks = 0, std::uint32_t interface = 0) {
    Bytes body;
    number(body, interface, 4, big_endian_);
    number(body, ticks >> 32, 4, big_endian_);
    number(body, ticks, 4, big_endian_);
    number(body, frame.size(), 4, big_endian_);
    number(body, frame.size(), 4, big_endian_);
    body.insert(body.end(), frame.begin(), frame.end());
    return block(6, body);
  }
  CaptureBuilder& block(std::uint32_t type, Bytes body) {
    while (body.size() % 4 != 0) body.push_back(std::byte{0});
    put(type, 4);
    put(body.size() + 12, 4);
    bytes_.insert(bytes_.end(), body.begin(), body.end());
    put(body.size() + 12, 4);
    return *this;
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  void put(std::uint64_t value, std::size_t size) { number(bytes_, value, size, big_endian_); }

  bool big_endian_;
  Bytes bytes_;
};

}  // namespace muster::capture
