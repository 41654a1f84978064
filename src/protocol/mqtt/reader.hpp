#pragma once

#include "protocol/mqtt/packet.hpp"

namespace muster::mqtt {

/// A cursor over one packet's body. The first thing missing or wrong makes it fail for good, and everything
/// read from then on is empty: callers check `ok` once, where they need to know. Borrows the bytes.
class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept : rest_{bytes} {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return rest_.empty(); }
  ByteView rest() const noexcept { return rest_; }
  void fail() noexcept {
    ok_ = false;
    rest_ = {};
  }

  std::uint8_t byte() noexcept {
    const ByteView taken = take(1);
    return taken.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(taken[0]);
  }

  std::uint16_t two_bytes() noexcept {
    const ByteView taken = take(2);
    if (taken.empty()) return 0;
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(taken[0]) << 8 |
                                      std::to_integer<unsigned>(taken[1]));
  }

  /// A packet identifier, which is never 0 [MQTT-2.3.1-1].
  std::uint16_t packet_id() noexcept {
    const std::uint16_t id = two_bytes();
    if (id == 0) fail();
    return id;
  }

  ByteView binary() noexcept { return take(two_bytes()); }

  /// A string: well-formed UTF-8 without surrogates [MQTT-1.5.3-1] and without U+0000 [MQTT-1.5.3-2]. U+FEFF
  /// is a character like any other [MQTT-1.5.3-3].
  std::string_view text() noexcept {
    const ByteView bytes = binary();
    const std::string_view text = as_text(bytes);
    if (!is_valid_utf8(bytes) || text.find('\0') != std::string_view::npos) fail();
    return ok_ ? text : std::string_view{};
  }

 private:
  ByteView take(std::size_t size) noexcept {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const ByteView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  ByteView rest_;
  bool ok_ = true;
};

/// Section 3.1. The body is the whole of `reader`.
Result<Packet, DecodeError> decode_connect(Reader reader);

}  // namespace muster::mqtt
