#include "protocol/capture/frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace muster::capture {
namespace {

/// How far ahead or behind a segment may be and still belong to the stream: half of the numbers there are.
std::int64_t distance(std::uint32_t from, std::uint32_t to) noexcept {
  return static_cast<std::int32_t>(to - from);
}

/// A segment's bytes, and where they came from.
struct Part {
  ByteView bytes;
  std::size_t frame = 0;
  WallTime time{};
};

/// One direction while it is put together.
struct Direction {
  std::size_t stream;       ///< Which, of those in the result.
  std::uint32_t begin = 0;  ///< Of its first SYN or byte.
  std::uint32_t next = 0;   ///< The sequence number that is due.
  bool syn = false;
  /// What came ahead of its turn, by how far it is from the beginning.
  std::multimap<std::int64_t, Part> ahead{};
  std::int64_t taken = 0;
};

class Reassembly {
 public:
  Streams run(const CaptureFile& file) {
    for (std::size_t i = 0; i < file.frames.size(); ++i) {
      if (const auto segment = segment_of(file.frames[i])) {
        take(*segment, Part{segment->payload, i, file.frames[i].time});
      } else {
        ++result_.frames_no_tcp;
      }
    }
    for (auto& [ends, direction] : directions_) close(direction);
    std::erase_if(result_.streams, [](const Stream& stream) { return stream.bytes.empty(); });
    return std::move(result_);
  }

 private:
  void take(const Segment& segment, const Part& part) {
    Direction& direction = direction_of(segment);
    if (segment.payload.empty()) return;
    const std::uint32_t sequence = segment.sequence + (segment.syn ? 1u : 0u);
    const std::int64_t at = direction.taken + distance(direction.next, sequence);
    add(direction, at, part);
    fill(direction);
  }

  /// A SYN of another number opens a new connection between the same ports.
  Direction& direction_of(const Segment& segment) {
    const auto key = std::pair{segment.from, segment.to};
    const auto found = directions_.find(key);
    if (found != directions_.end()) {
      const bool again = segment.syn && (!found->second.syn || found->second.begin != segment.sequence);
      if (!again) return found->second;
      close(found->second);
      directions_.erase(found);
    }
    Direction direction{.stream = result_.streams.size(),
                        .begin = segment.sequence,
                        .next = segment.sequence + (segment.syn ? 1u : 0u),
                        .syn = segment.syn};
    Stream stream;
    stream.from = segment.from;
    stream.to = segment.to;
    stream.begins_with_syn = segment.syn;
    result_.streams.push_back(std::move(stream));
    return directions_.emplace(key, std::move(direction)).first->second;
  }

  void add(Direction& direction, std::int64_t at, const Part& part) {
    if (at + static_cast<std::int64_t>(part.bytes.size()) <= direction.taken) return;  // Sent again.
    direction.ahead.emplace(at, part);
  }

  /// Appends what is due, as long as there is no gap.
  void fill(Direction& direction) {
    Stream& stream = result_.streams[direction.stream];
    while (!direction.ahead.empty()) {
      const auto first = direction.ahead.begin();
      const std::int64_t at = first->first;
      const Part part = first->second;
      if (at > direction.taken) return;
      direction.ahead.erase(first);
      const auto known = static_cast<std::size_t>(direction.taken - at);
      if (known >= part.bytes.size()) continue;
      const ByteView payload = part.bytes.subspan(known);
      stream.pieces.push_back({stream.bytes.size(), part.frame, part.time});
      stream.bytes.insert(stream.bytes.end(), payload.begin(), payload.end());
      direction.taken += static_cast<std::int64_t>(payload.size());
      direction.next += static_cast<std::uint32_t>(payload.size());
    }
  }

  void close(Direction& direction) {
    if (direction.ahead.empty()) return;
    Stream& stream = result_.streams[direction.stream];
    stream.bytes_missing = static_cast<std::uint64_t>(direction.ahead.begin()->first - direction.taken);
    for (const auto& [at, part] : direction.ahead) stream.bytes_behind_gap += part.bytes.size();
  }

  std::map<std::pair<Endpoint, Endpoint>, Direction> directions_;
  Streams result_;
};

std::string ipv6_text(const std::vector<std::byte>& address) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) {
    groups[i] =
        std::to_integer<unsigned>(address[2 * i]) << 8 | std::to_integer<unsigned>(address[2 * i + 1]);
  }
  // RFC 5952 section 4.2: the longest run of zeros, of at least two, is "::".
  std::size_t best = 8, best_size = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t size = 0;
    while (i + size < 8 && groups[i + size] == 0) ++size;
    if (size > best_size) std::tie(best, best_size) = std::pair{i, size};
  }
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      text += "::";
      i += best_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", groups[i]);
  }
  return text;
}

}  // namespace

const Piece& Stream::piece_of(std::size_t position) const {
  return *std::prev(std::ranges::upper_bound(pieces, position, {}, &Piece::begin));  // The first is at 0.
}

std::string to_text(const Endpoint& endpoint) {
  const auto& address = endpoint.address;
  if (address.size() == 16) return fmt::format("[{}]:{}", ipv6_text(address), endpoint.port);
  std::string text;
  for (const std::byte byte : address) {
    text += fmt::format("{}{}", text.empty() ? "" : ".", std::to_integer<unsigned>(byte));
  }
  return fmt::format("{}:{}", text, endpoint.port);
}

Streams reassemble(const CaptureFile& file) { return Reassembly{}.run(file); }

}  // namespace muster::capture
