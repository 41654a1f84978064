#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace muster::capture {

/// No frame is longer: tcpdump's and Wireshark's own limit (MAXIMUM_SNAPLEN). What claims more is damaged.
inline constexpr std::uint32_t kFrameBytesMax = 262'144;

/// How a frame begins (the link types of pcap and pcapng).
enum class Link : std::uint8_t { ethernet, loopback, raw_ip, linux_cooked, linux_cooked_2 };

/// One frame as it was captured. `bytes` borrows from the file.
struct Frame {
  WallTime time{};
  Link link = Link::ethernet;
  ByteView bytes;
};

/// What a capture file holds, in its order.
struct CaptureFile {
  std::vector<Frame> frames;
  std::uint64_t frames_of_other_links = 0;  ///< Left out: nothing is known of what is in them.
  std::string cut_short;  ///< Where and how the file ends in the middle of something; empty when it does not.
};

/// Why a file is no capture, with the byte position.
Result<CaptureFile, std::string> read_capture(ByteView file);

/// One end of a connection: "10.0.0.2:1883", "[::1]:1883".
struct Endpoint {
  std::vector<std::byte> address;  ///< 4 or 16 bytes.
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};
std::string to_text(const Endpoint& endpoint);

/// A part of what one end sent, with when its frame was captured.
struct Piece {
  std::size_t begin = 0;  ///< In the stream's bytes.
  std::size_t frame = 0;  ///< Its place in the capture: frames may have the same time, or none.
  WallTime time{};
};

/// What one end of a connection sent to the other, in order.
struct Stream {
  Endpoint from, to;
  Bytes bytes;
  std::vector<Piece> pieces;        ///< Ascending.
  bool begins_with_syn = false;     ///< Else it was under way when the capture began.
  std::uint64_t bytes_missing = 0;  ///< Of the first gap; what was sent after it is not in `bytes`.
  std::uint64_t bytes_behind_gap = 0;

  /// The piece that the byte is in; the last one behind the end. The stream has bytes.
  const Piece& piece_of(std::size_t position) const;
};

struct Streams {
  std::vector<Stream> streams;      ///< In the order of their first byte.
  std::uint64_t frames_no_tcp = 0;  ///< Left out: other protocols, fragments, and frames that were cut.
};

/// Puts the TCP segments of the frames in order. A connection that uses the same ports again after its SYN is
/// a stream of its own.
Streams reassemble(const CaptureFile& file);

}  // namespace muster::capture
