#include "protocol/capture/frame.hpp"

#include "protocol/capture/bytes_reader.hpp"

#include <algorithm>

namespace muster::capture {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86DD;
constexpr std::uint8_t kTcp = 6;
/// A frame with more tags or extension headers than this is not one that anybody's stack sends.
constexpr int kNestedMax = 8;

std::vector<std::byte> address(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

/// RFC 9293 section 3.1. `rest` is cut to what the IP header says.
std::optional<Segment> tcp(Segment segment, ByteView rest) {
  const BytesReader in{rest};
  if (rest.size() < 20) return std::nullopt;
  const std::size_t header = std::size_t{in.u8(12)} / 16 * 4;
  if (header < 20 || header > rest.size()) return std::nullopt;
  segment.from.port = in.u16(0);
  segment.to.port = in.u16(2);
  segment.sequence = in.u32(4);
  segment.syn = (in.u8(13) & 0x02u) != 0;
  segment.payload = rest.subspan(header);
  return segment;
}

/// RFC 791 section 3.1.
std::optional<Segment> ipv4(ByteView bytes) {
  const BytesReader in{bytes};
  if (bytes.size() < 20) return std::nullopt;
  const std::size_t header = std::size_t{in.u8(0)} % 16 * 4;
  // Offloading leaves the total length 0 in what is captured before it is cut up.
  const std::size_t total = in.u16(2) == 0 ? bytes.size() : in.u16(2);
  const bool fragment = (in.u16(6) & 0x3FFFu) != 0;
  if (header < 20 || total < header || bytes.size() < header || fragment || in.u8(9) != kTcp) {
    return std::nullopt;
  }
  Segment segment;
  segment.from.address = address(bytes.subspan(12, 4));
  segment.to.address = address(bytes.subspan(16, 4));
  return tcp(std::move(segment), bytes.first(std::min(total, bytes.size())).subspan(header));
}

/// RFC 8200 sections 3 and 4: hop-by-hop, routing and destination options are passed over.
std::optional<Segment> ipv6(ByteView bytes) {
  const BytesReader in{bytes};
  if (bytes.size() < 40) return std::nullopt;
  const std::size_t length = in.u16(4) == 0 ? bytes.size() - 40 : in.u16(4);
  ByteView rest = bytes.subspan(40, std::min(length, bytes.size() - 40));
  std::uint8_t next = in.u8(6);
  for (int i = 0; i < kNestedMax && (next == 0 || next == 43 || next == 60); ++i) {
    const BytesReader extension{rest};
    const std::size_t size = (std::size_t{extension.u8(1)} + 1) * 8;
    if (rest.size() < size) return std::nullopt;
    next = extension.u8(0);
    rest = rest.subspan(size);
  }
  if (next != kTcp) return std::nullopt;
  Segment segment;
  segment.from.address = address(bytes.subspan(8, 16));
  segment.to.address = address(bytes.subspan(24, 16));
  return tcp(std::move(segment), rest);
}

std::optional<Segment> ip(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  return std::to_integer<unsigned>(bytes[0]) >> 4 == 6 ? ipv6(bytes) : ipv4(bytes);
}

/// What begins with an EtherType at `at`, VLAN tags passed over.
std::optional<Segment> by_ether_type(ByteView bytes, std::size_t at) {
  const BytesReader in{bytes};
  std::uint16_t type = in.u16(at);
  for (int i = 0; i < kNestedMax && (type == 0x8100 || type == 0x88A8); ++i) type = in.u16(at += 4);
  if (bytes.size() < at + 2 || (type != kIpv4 && type != kIpv6)) return std::nullopt;
  return ip(bytes.subspan(at + 2));
}

}  // namespace

std::optional<Segment> segment_of(const Frame& frame) {
  const ByteView bytes = frame.bytes;
  switch (frame.link) {
    case Link::ethernet:
      return by_ether_type(bytes, 12);
    case Link::loopback:
      return bytes.size() < 4 ? std::nullopt : ip(bytes.subspan(4));
    case Link::raw_ip:
      return ip(bytes);
    case Link::linux_cooked:
      return by_ether_type(bytes, 14);
    case Link::linux_cooked_2: {
      const std::uint16_t type = BytesReader{bytes}.u16(0);
      const bool is_ip = bytes.size() >= 20 && (type == kIpv4 || type == kIpv6);
      return is_ip ? ip(bytes.subspan(20)) : std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace muster::capture
