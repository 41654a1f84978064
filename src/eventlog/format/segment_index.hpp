#pragma once

#include "eventlog/format/segment_format.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace muster::eventlog {

/// What one batch holds of one partition: whole records, back to back, all enqueued at the same time.
struct Run {
  std::uint64_t position = 0;  ///< In the segment's file.
  std::uint32_t bytes = 0;
  std::uint32_t count = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t first_offset = 0;
  WallTime enqueued{};

  std::uint64_t next_sequence() const noexcept { return first_sequence + count; }
  std::uint64_t next_offset() const noexcept { return first_offset + bytes; }
  friend bool operator==(const Run&, const Run&) = default;
};

/// What one segment holds of one partition.
struct Extent {
  PartitionId id;
  std::uint64_t first_sequence = 0;
  std::uint64_t next_sequence = 0;
  std::uint64_t first_offset = 0;
  std::uint64_t next_offset = 0;
  WallTime first_time{};
  WallTime last_time{};
  std::uint32_t run_count = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
};

/// Where the records of each partition are in one segment. Not thread-safe.
class SegmentIndex {
 public:
  /// `run` follows the partition's last one.
  void add(PartitionId id, const Run& run);
  /// Ascending; empty when the segment holds nothing of the partition.
  std::span<const Run> runs(PartitionId id) const;
  /// One a partition with records, by id.
  std::vector<Extent> extents() const;
  const std::map<PartitionId, std::vector<Run>>& all() const noexcept { return runs_; }

 private:
  std::map<PartitionId, std::vector<Run>> runs_;
};

/// What the start of an index file says: all that recovery needs of a sealed segment.
struct IndexSummary {
  std::uint64_t segment = 0;
  std::uint64_t end = 0;  ///< Of the last batch in the segment's file, with padding.
  std::uint64_t next_batch = 1;
  std::uint32_t last_checksum = 0;
  std::uint32_t header_checksum = 0;
  WallTime newest = WallTime::min();
  std::vector<Extent> extents;  ///< Set by decode; encode takes them from the index.
};

inline constexpr std::size_t kIndexFixedBytes = 64;
/// A segment of one-record batches has an index a tenth its size; a larger one than this is damaged.
inline constexpr std::uint64_t kIndexBytesMax = 1u << 30;

Bytes encode_index(const IndexSummary& summary, const SegmentIndex& index);
/// How many bytes header and extents have; `start` has at least 64 bytes.
Result<std::size_t, FormatFault> index_summary_bytes(ByteView start);
/// `bytes` begins with header and extents.
Result<IndexSummary, FormatFault> decode_index_summary(ByteView bytes);
/// `bytes` is the whole file.
Result<SegmentIndex, FormatFault> decode_index(ByteView bytes);

}  // namespace muster::eventlog
