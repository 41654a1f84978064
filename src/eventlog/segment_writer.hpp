#pragma once

#include "disk/file.hpp"
#include "eventlog/format/segment_format.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace muster::eventlog {

/// How far room is made ahead, and what must stay free.
struct RoomLimits {
  std::uint64_t segment_bytes = 0;
  std::uint64_t reserve_bytes = 0;
};

/// The live segment as its one writer sees it. Not thread-safe.
class SegmentWriter {
 public:
  /// Zeros written at a time: few metadata commits, and a small world's log stays small.
  static constexpr std::uint64_t kRoomBytesMin = 256u << 10;
  static constexpr std::uint64_t kRoomBytesMax = 1u << 20;

  /// Makes the segment: header written and synced, directory synced. disk_full when it does not fit: then
  /// nothing is left of it.
  static Result<SegmentWriter> create(disk::Disk& disk, const std::string& directory, SegmentHeader header,
                                      const RoomLimits& limits);
  /// Goes on with a segment that recovery has read. Zeros reach from `end` to `zeroed_end`.
  SegmentWriter(disk::Disk& disk, std::string directory, std::unique_ptr<disk::File> file,
                const SegmentHeader& header);
  void resume(std::uint64_t end, std::uint64_t zeroed_end, std::uint64_t next_batch,
              std::uint32_t last_checksum);

  /// Sees to it that zeros are written as far as `bytes` beyond the end. disk_full leaves everything as it
  /// was.
  Result<void> make_room(std::uint64_t bytes, const RoomLimits& limits);
  /// Whether little room is left and there may be more in this segment.
  bool wants_room(const RoomLimits& limits) const noexcept;
  /// Makes room away from the commit path, and syncs it.
  Result<void> make_room_ahead(const RoomLimits& limits);

  /// Writes a batch and syncs it. `bytes` has the batch with its records, padded, its first kBatchHeaderBytes
  /// free for the header, of which number and chain are filled in here. On failure, never disk_full, nothing
  /// may be written any more.
  Result<void> write(BatchHeader header, std::span<std::byte> bytes);

  std::uint64_t number() const noexcept { return number_; }
  std::uint32_t header_checksum() const noexcept { return header_checksum_; }
  std::uint64_t end() const noexcept { return end_; }
  std::uint64_t next_batch() const noexcept { return next_batch_; }
  std::uint32_t last_checksum() const noexcept { return last_checksum_; }
  /// No batch has been written to it.
  bool empty() const noexcept { return end_ == header_bytes_; }

 private:
  disk::Disk* disk_;
  std::string directory_;
  std::unique_ptr<disk::File> file_;
  std::uint64_t number_ = 0;
  std::uint32_t header_bytes_ = 0;
  std::uint32_t header_checksum_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t zeroed_end_ = 0;
  std::uint64_t next_batch_ = 1;
  std::uint32_t last_checksum_ = 0;
};

}  // namespace muster::eventlog
