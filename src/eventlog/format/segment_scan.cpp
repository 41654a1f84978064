#include "eventlog/format/segment_scan.hpp"

#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/little_endian.hpp"

#include <algorithm>
#include <cstring>

namespace muster::eventlog {
namespace {

constexpr std::size_t kWindowBytes = 1u << 20;

/// A file seen through a buffer that moves forward.
class Window {
 public:
  Window(disk::File& file, std::uint64_t file_bytes)
      : file_{file},
        bytes_min_{static_cast<std::size_t>(std::min<std::uint64_t>(kWindowBytes, file_bytes))} {}

  /// Up to `size` bytes at `position`; fewer only at the end of the file. Valid until the next call.
  Result<ByteView> at(std::uint64_t position, std::size_t size) {
    if (position < begin_ || position + size > begin_ + filled_) {
      buffer_.resize(std::max(size, bytes_min_));
      MUSTER_TRY(filled_, file_.read_at(position, buffer_));
      begin_ = position;
    }
    const std::size_t skip = static_cast<std::size_t>(position - begin_);
    return ByteView{buffer_}.subspan(skip, std::min(size, filled_ - skip));
  }

 private:
  disk::File& file_;
  std::size_t bytes_min_;  ///< A small file needs no large buffer.
  Bytes buffer_;
  std::uint64_t begin_ = 0;
  std::size_t filled_ = 0;
};

/// What stands in one batch's bytes: the records up to the first that is not whole.
struct BatchRecords {
  std::vector<Record> records;
  std::uint32_t bytes = kBatchHeaderBytes;  ///< Up to the end of the last whole record.
  std::uint32_t checksum = 0;
};

BatchRecords records_in(const BatchHeader& header, ByteView bytes) {
  BatchRecords found;
  ByteView rest = bytes.subspan(std::min(kBatchHeaderBytes, bytes.size()));
  while (!rest.empty() && found.records.size() < header.record_count) {
    const auto record = decode_record(rest);
    if (!record) break;
    std::array<std::byte, 4> sum;
    store(sum.data(), record->checksum);
    found.checksum = crc32c(sum, found.checksum);
    found.bytes += record->bytes;
    rest = rest.subspan(record->bytes);
    found.records.push_back(*record);
  }
  return found;
}

class Scan {
 public:
  Scan(disk::File& file, std::uint64_t file_bytes, const SegmentHeader& header, const BatchVisitor& visit)
      : window_{file, file_bytes}, header_{header}, visit_{visit} {
    end_.end = header.bytes;
    end_.next_batch = header.first_batch;
    end_.last_checksum = header.previous_checksum;
    end_.file_bytes = file_bytes;
  }

  Result<ScanEnd> run() {
    for (;;) {
      MUSTER_TRY(const bool more, step());
      if (!more) break;
    }
    if (end_.state == ScanEnd::State::clean) {
      MUSTER_CHECK(find_dirty_end());
      end_.dirty_end = std::max(end_.dirty_end, end_.end);
      // The first sector of a batch can be lost and a later one kept.
      if (end_.dirty_end > end_.end) {
        MUSTER_CHECK(judge(end_.end + kSectorBytes, "bytes that are not zero follow the last batch"));
      }
    } else {
      MUSTER_CHECK(find_dirty_end());
    }
    return std::move(end_);
  }

 private:
  /// One batch. False at the end.
  Result<bool> step() {
    const std::uint64_t position = end_.end;
    MUSTER_TRY(const ByteView start, window_.at(position, kSectorBytes));
    if (all_zero(start)) return false;
    const auto header = decode_batch_header(start, header_.checksum);
    if (!header) {
      MUSTER_CHECK(judge(position + kSectorBytes,
                         fmt::format("the batch header does not check out: {}", describe(header.error()))));
      return false;
    }
    if (header->number != end_.next_batch || header->previous_checksum != end_.last_checksum) {
      fail(ScanEnd::State::corrupt,
           fmt::format("batch {} stands where batch {} is due", header->number, end_.next_batch));
      return false;
    }
    const std::uint64_t whole = padded(header->bytes);
    MUSTER_TRY(const ByteView bytes, window_.at(position, static_cast<std::size_t>(whole)));
    const ByteView content = bytes.first(std::min<std::size_t>(header->bytes, bytes.size()));
    BatchRecords found = records_in(*header, content);
    if (found.records.size() != header->record_count || found.bytes != header->bytes ||
        found.checksum != header->records_checksum || bytes.size() < whole ||
        !all_zero(bytes.subspan(header->bytes))) {
      MUSTER_CHECK(damaged(*header, found));
      return false;
    }
    ScannedBatch batch{.header = *header, .position = position, .records = std::move(found.records)};
    MUSTER_CHECK(visit_(batch));
    end_.end = position + whole;
    end_.next_batch = header->number + 1;
    end_.last_checksum = header->checksum;
    end_.last_position = position;
    end_.last_bytes = header->bytes;
    end_.last_is_stop = header->record_count == 0;
    return true;
  }

  Result<void> damaged(const BatchHeader& header, const BatchRecords& found) {
    const std::uint64_t at = end_.end + found.bytes;
    MUSTER_CHECK(judge(end_.end + padded(header.bytes),
                       fmt::format("record {} of {} in batch {}, at byte {}, does not check out",
                                   found.records.size() + 1, header.record_count, header.number, at)));
    if (end_.state != ScanEnd::State::torn || found.records.empty()) return {};
    end_.salvaged = header;
    end_.salvaged.bytes = found.bytes;
    end_.salvaged.record_count = static_cast<std::uint32_t>(found.records.size());
    end_.salvaged.records_checksum = found.checksum;
    return {};
  }

  void fail(ScanEnd::State state, std::string_view what) {
    end_.state = state;
    end_.fault = fmt::format("byte {}: {}", end_.end, what);
  }

  /// Torn or corrupt? A later batch is only begun when the earlier ones are durable, so its header anywhere
  /// from `from` on (its place is not known when the damaged batch's length is not) proves damage to
  /// something acknowledged.
  Result<void> judge(std::uint64_t from, std::string_view what) {
    for (std::uint64_t position = from; position < end_.file_bytes; position += kSectorBytes) {
      MUSTER_TRY(const ByteView sector, window_.at(position, kSectorBytes));
      const auto later = decode_batch_header(sector, header_.checksum);
      if (later && later->number > end_.next_batch) {
        fail(ScanEnd::State::corrupt,
             fmt::format("{}, yet batch {} follows at byte {}", what, later->number, position));
        return {};
      }
    }
    fail(ScanEnd::State::torn, what);
    return {};
  }

  Result<void> find_dirty_end() {
    end_.dirty_end = end_.end;
    for (std::uint64_t position = end_.end; position < end_.file_bytes; position += kWindowBytes) {
      MUSTER_TRY(ByteView bytes, window_.at(position, kWindowBytes));
      if (all_zero(bytes)) continue;
      while (bytes.back() == std::byte{0}) bytes = bytes.first(bytes.size() - 1);
      end_.dirty_end = position + bytes.size();
    }
    return {};
  }

  Window window_;
  const SegmentHeader& header_;
  const BatchVisitor& visit_;
  ScanEnd end_;
};

}  // namespace

std::vector<std::pair<PartitionId, Run>> runs_of(const ScannedBatch& batch) {
  std::vector<std::pair<PartitionId, Run>> runs;
  std::uint64_t position = batch.position + kBatchHeaderBytes;
  for (const Record& record : batch.records) {
    const bool goes_on = !runs.empty() && runs.back().first == record.id &&
                         runs.back().second.next_sequence() == record.sequence &&
                         runs.back().second.next_offset() == record.offset;
    if (!goes_on) {
      runs.emplace_back(record.id, Run{.position = position,
                                       .first_sequence = record.sequence,
                                       .first_offset = record.offset,
                                       .enqueued = record.enqueued});
    }
    Run& run = runs.back().second;
    run.bytes += record.bytes;
    ++run.count;
    position += record.bytes;
  }
  return runs;
}

Result<SegmentHeader> read_segment_header(disk::File& file, const std::string& path) {
  const auto refuse = [&path](FormatFault fault) {
    const ErrorCode code = fault == FormatFault::newer ? ErrorCode::log_newer : ErrorCode::log_corrupt;
    return failure(
        code, fmt::format("{}, byte 0: the segment header does not check out: {}", path, describe(fault)));
  };
  Bytes bytes(kSectorBytes);
  MUSTER_TRY(std::size_t got, file.read_at(0, bytes));
  const auto size = segment_header_bytes(ByteView{bytes}.first(got));
  if (!size) return refuse(size.error());
  bytes.resize(*size);
  MUSTER_TRY(got, file.read_at(0, bytes));
  auto header = decode_segment_header(ByteView{bytes}.first(got));
  if (!header) return refuse(header.error());
  return std::move(*header);
}

Result<ScanEnd> scan_segment(disk::File& file, const SegmentHeader& header, const BatchVisitor& visit) {
  MUSTER_TRY(const std::uint64_t size, file.size());
  return Scan{file, size, header, visit}.run();
}

}  // namespace muster::eventlog
