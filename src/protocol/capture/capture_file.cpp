#include "protocol/capture/bytes_reader.hpp"
#include "protocol/capture/capture.hpp"

#include <fmt/format.h>

#include <optional>

namespace muster::capture {
namespace {

using Read = Result<CaptureFile, std::string>;

// https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/ (pcap, pcapng, link types).
constexpr std::uint32_t kMagicMicroseconds = 0xA1B2C3D4;
constexpr std::uint32_t kMagicNanoseconds = 0xA1B23C4D;
constexpr std::uint32_t kSectionBlock = 0x0A0D0D0A;
constexpr std::uint32_t kByteOrderMagic = 0x1A2B3C4D;
constexpr std::uint32_t kInterfaceBlock = 1;
constexpr std::uint32_t kPacketBlock = 2;  ///< Obsolete; old files have it.
constexpr std::uint32_t kSimplePacketBlock = 3;
constexpr std::uint32_t kEnhancedPacketBlock = 6;
constexpr std::size_t kPcapHeaderBytes = 24;
constexpr std::size_t kPcapRecordBytes = 16;
constexpr std::size_t kBlockBytesMin = 12;
constexpr std::size_t kInterfacesMax = 1024;
/// Later than any capture: beyond it WallTime's 64 bits of microseconds would not do.
constexpr std::uint64_t kSecondsMax = 253'402'300'799;

std::optional<Link> link_of(std::uint32_t type) noexcept {
  switch (type & 0xFFFFu) {
    case 0:    // NULL: the protocol family in the order of the machine,
    case 108:  // LOOP: in that of the network.
      return Link::loopback;
    case 1:
      return Link::ethernet;
    case 12:  // RAW has other numbers on other systems.
    case 14:
    case 101:
    case 228:
    case 229:
      return Link::raw_ip;
    case 113:
      return Link::linux_cooked;
    case 276:
      return Link::linux_cooked_2;
    default:
      return std::nullopt;
  }
}

/// `ticks` of which there are `per_second`.
WallTime time_of(std::uint64_t ticks, std::uint64_t per_second) noexcept {
  const std::uint64_t seconds = ticks / per_second;
  if (seconds > kSecondsMax) return WallTime{};
  const double part = static_cast<double>(ticks % per_second) / static_cast<double>(per_second);
  return WallTime{std::chrono::seconds{seconds} +
                  std::chrono::microseconds{static_cast<std::int64_t>(part * 1e6 + 0.5)}};
}

void add(CaptureFile& capture, std::optional<Link> link, WallTime time, ByteView bytes) {
  if (link) {
    capture.frames.push_back({time, *link, bytes});
  } else {
    ++capture.frames_of_other_links;
  }
}

Read read_pcap(BytesReader in, std::uint64_t per_second) {
  if (in.bytes.size() < kPcapHeaderBytes) {
    return failure(fmt::format("the file ends at byte {}, within its header", in.bytes.size()));
  }
  CaptureFile capture;
  const std::optional<Link> link = link_of(in.u32(20));
  std::size_t at = kPcapHeaderBytes;
  while (at < in.bytes.size()) {
    const std::size_t left = in.bytes.size() - at;
    const std::uint32_t size = in.u32(at + 8);
    if (size > kFrameBytesMax) {
      return failure(fmt::format("byte {}: a frame says that it has {} bytes", at, size));
    }
    if (left < kPcapRecordBytes || left - kPcapRecordBytes < size) {
      capture.cut_short = fmt::format("byte {}: the file ends in the middle of a frame", at);
      break;
    }
    const std::uint64_t ticks = std::uint64_t{in.u32(at)} * per_second + in.u32(at + 4);
    add(capture, link, time_of(ticks, per_second), in.bytes.subspan(at + kPcapRecordBytes, size));
    at += kPcapRecordBytes + size;
  }
  return capture;
}

/// pcapng: blocks of their own length, in sections that may differ in byte order.
class BlockReader {
 public:
  explicit BlockReader(ByteView file) : in_{file, true} {}

  Read run() {
    for (std::size_t at = 0; at < in_.bytes.size();) {
      if (in_.bytes.size() - at < kBlockBytesMin) return cut(at);
      const std::uint32_t type = in_.u32(at);  // The same in either order for a section.
      if (type == kSectionBlock) begin_section(at);
      const std::uint32_t size = in_.u32(at + 4);
      if (size < kBlockBytesMin || size % 4 != 0) {
        return failure(fmt::format("byte {}: a block says that it has {} bytes", at, size));
      }
      if (in_.bytes.size() - at < size) return cut(at);
      if (auto wrong =
              block(in_.u32(at), BytesReader{in_.bytes.subspan(at + 8, size - 12), in_.big_endian})) {
        return failure(fmt::format("byte {}: {}", at, *wrong));
      }
      at += size;
    }
    return std::move(capture_);
  }

 private:
  struct Interface {
    std::optional<Link> link;
    std::uint64_t ticks_per_second = 1'000'000;
    std::uint32_t snap_length = 0;
  };

  Read cut(std::size_t at) {
    capture_.cut_short = fmt::format("byte {}: the file ends in the middle of a block", at);
    return std::move(capture_);
  }

  void begin_section(std::size_t at) {
    in_.big_endian = true;
    in_.big_endian = in_.u32(at + 8) == kByteOrderMagic;
    interfaces_.clear();
  }

  /// What is wrong with it.
  std::optional<std::string> block(std::uint32_t type, const BytesReader& body) {
    switch (type) {
      case kInterfaceBlock:
        if (interfaces_.size() == kInterfacesMax) {
          return fmt::format("more than {} interfaces", kInterfacesMax);
        }
        interfaces_.push_back(interface_of(body));
        return std::nullopt;
      case kEnhancedPacketBlock:
        return packet(body, body.u32(0), 20);
      case kPacketBlock:
        return packet(body, body.u16(0), 20);
      case kSimplePacketBlock:
        return simple_packet(body);
      default:
        return std::nullopt;
    }
  }

  static Interface interface_of(const BytesReader& body) {
    Interface interface { .link = link_of(body.u16(0)), .snap_length = body.u32(4) };
    constexpr std::uint16_t kTimeResolution = 9;
    for (std::size_t at = 8; at + 4 <= body.bytes.size();) {
      const std::uint16_t code = body.u16(at);
      const std::uint16_t size = body.u16(at + 2);
      if (code == 0) break;
      if (code == kTimeResolution && size == 1) interface.ticks_per_second = resolution(body.u8(at + 4));
      at += 4 + (std::size_t{size} + 3) / 4 * 4;
    }
    return interface;
  }

  static std::uint64_t resolution(std::uint8_t code) noexcept {
    const unsigned exponent = code & 0x7Fu;
    if ((code & 0x80u) != 0) return std::uint64_t{1} << std::min(exponent, 62u);
    std::uint64_t ticks = 1;
    for (unsigned i = 0; i < std::min(exponent, 18u); ++i) ticks *= 10;
    return ticks;
  }

  std::optional<std::string> packet(const BytesReader& body, std::uint32_t interface, std::size_t begin) {
    if (interface >= interfaces_.size())
      return fmt::format("a frame of interface {}, which has no block", interface);
    const std::uint32_t size = body.u32(12);
    if (body.bytes.size() < begin || body.bytes.size() - begin < size || size > kFrameBytesMax) {
      return fmt::format("a frame says that it has {} bytes", size);
    }
    const Interface& source = interfaces_[interface];
    const std::uint64_t ticks = std::uint64_t{body.u32(4)} << 32 | body.u32(8);
    add(capture_, source.link, time_of(ticks, source.ticks_per_second), body.bytes.subspan(begin, size));
    return std::nullopt;
  }

  /// It has no time, and its captured length is the shorter of the packet's and the interface's limit.
  std::optional<std::string> simple_packet(const BytesReader& body) {
    if (interfaces_.empty()) return "a frame of interface 0, which has no block";
    const Interface& source = interfaces_.front();
    std::uint32_t size = body.u32(0);
    if (source.snap_length > 0) size = std::min(size, source.snap_length);
    if (body.bytes.size() < 4 || body.bytes.size() - 4 < size) {
      return fmt::format("a frame says that it has {} bytes", size);
    }
    add(capture_, source.link, WallTime{}, body.bytes.subspan(4, size));
    return std::nullopt;
  }

  BytesReader in_;
  CaptureFile capture_;
  std::vector<Interface> interfaces_;
};

}  // namespace

Read read_capture(ByteView file) {
  for (const bool big_endian : {true, false}) {
    const BytesReader in{file, big_endian};
    if (in.u32(0) == kMagicMicroseconds) return read_pcap(in, 1'000'000);
    if (in.u32(0) == kMagicNanoseconds) return read_pcap(in, 1'000'000'000);
  }
  if (BytesReader{file, true}.u32(0) == kSectionBlock) return BlockReader{file}.run();
  return failure(std::string{"byte 0: it begins as neither a libpcap nor a pcapng file"});
}

}  // namespace muster::capture
