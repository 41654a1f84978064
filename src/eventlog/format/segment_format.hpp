#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

// The layouts of docs/reference/event-log-format.md: segment header and batch header.
namespace muster::eventlog {

inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint64_t kSectorBytes = 512;
inline constexpr std::size_t kSegmentHeaderFixedBytes = 64;
inline constexpr std::size_t kPartitionEntryBytes = 32;
inline constexpr std::size_t kBatchHeaderBytes = 48;
/// No header is larger: room for 131 000 partitions. What claims more is damaged.
inline constexpr std::size_t kSegmentHeaderBytesMax = 4u << 20;
/// No batch is larger: batch_bytes_max and one record more stay far below. What claims more is damaged.
inline constexpr std::uint32_t kBatchBytesMax = 256u << 20;

/// `bytes` rounded up to whole sectors.
constexpr std::uint64_t padded(std::uint64_t bytes) noexcept {
  return (bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
}

/// Why bytes are not what they should be.
enum class FormatFault : std::uint8_t { incomplete, not_ours, newer, damaged };
std::string_view describe(FormatFault fault) noexcept;

/// A partition of a hub, by the hub's number in the hub table.
struct PartitionId {
  std::uint32_t hub = 0;
  std::uint32_t partition = 0;
  friend auto operator<=>(const PartitionId&, const PartitionId&) = default;
};

/// Where a partition stands: what its next event gets.
struct PartitionPoint {
  PartitionId id;
  std::uint64_t next_sequence = 0;
  std::uint64_t next_offset = 0;
  WallTime newest{};  ///< Enqueued time of the last event; 1970 when there never was one.
  friend bool operator==(const PartitionPoint&, const PartitionPoint&) = default;
};

struct SegmentHeader {
  std::uint64_t number = 0;
  WallTime created{};
  std::uint64_t first_batch = 1;
  std::uint32_t previous_checksum = 0;
  std::vector<PartitionPoint> points;  ///< At the beginning of the segment; only partitions that had events.
  std::uint32_t bytes = 0;             ///< With padding. Set by encode and decode.
  std::uint32_t checksum = 0;          ///< Likewise.
};

/// The header as it stands in the file, padded. Sets `bytes` and `checksum` in `header`.
Bytes encode(SegmentHeader& header);
/// How many bytes the header that starts like this has: at least 64 bytes are needed to tell.
Result<std::uint32_t, FormatFault> segment_header_bytes(ByteView start);
/// `bytes` is the whole header.
Result<SegmentHeader, FormatFault> decode_segment_header(ByteView bytes);

struct BatchHeader {
  std::uint32_t bytes = 0;  ///< Header and records, without padding.
  std::uint64_t number = 0;
  std::uint32_t previous_checksum = 0;
  std::uint32_t record_count = 0;
  std::uint32_t records_checksum = 0;
  WallTime closed{};
  std::uint32_t checksum = 0;  ///< Set by encode and decode.
};

/// Writes 48 bytes to `to`. `salt` is the checksum of the segment's header. Sets `checksum` in `header`.
void encode(BatchHeader& header, std::uint32_t salt, std::byte* to);
Result<BatchHeader, FormatFault> decode_batch_header(ByteView bytes, std::uint32_t salt);

/// "00000000000000000042.segment".
std::string segment_name(std::uint64_t number);
std::string index_name(std::uint64_t number);
/// The number of a segment's file name; 0 for any other name.
std::uint64_t segment_number(std::string_view name) noexcept;

bool all_zero(ByteView bytes) noexcept;

}  // namespace muster::eventlog
