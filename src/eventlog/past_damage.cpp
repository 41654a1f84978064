#include "eventlog/past_damage.hpp"

#include <algorithm>
#include <optional>

namespace muster::eventlog {
namespace {

constexpr std::size_t kChunkBytes = 1u << 20;

struct Found {
  std::uint64_t position = 0;
  BatchHeader header;
};

/// The first batch behind `end` that is later than the one that was due there.
Result<std::optional<Found>> find_later(disk::File& file, const ScanEnd& end, std::uint32_t salt) {
  Bytes chunk(static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, padded(end.file_bytes))));
  for (std::uint64_t begin = end.end; begin < end.file_bytes; begin += chunk.size()) {
    MUSTER_TRY(const std::size_t got, file.read_at(begin, chunk));
    const ByteView bytes = ByteView{chunk}.first(got);
    for (std::size_t at = 0; at < bytes.size(); at += kSectorBytes) {
      const auto header = decode_batch_header(
          bytes.subspan(at, std::min<std::size_t>(kSectorBytes, bytes.size() - at)), salt);
      if (header && header->number > end.next_batch) return std::optional{Found{begin + at, *header}};
    }
  }
  return std::nullopt;
}

}  // namespace

Result<ScanEnd> scan_past_damage(disk::File& file, const SegmentHeader& header, const BatchVisitor& visit,
                                 const DamageVisitor& damaged) {
  SegmentHeader from = header;
  for (;;) {
    MUSTER_TRY(ScanEnd end, scan_segment(file, from, visit));
    if (end.state == ScanEnd::State::clean) return end;
    MUSTER_TRY(const std::optional<Found> later, find_later(file, end, header.checksum));
    damaged({.position = end.end,
             .what = end.fault,
             .resumes_at = later ? later->position : 0,
             .torn = end.state == ScanEnd::State::torn});
    if (!later) return end;
    // A scan takes up where the header ends, with what it says of the batch that is due. A segment has at
    // most 1 GiB. Batch numbers grow, so this ends.
    from.bytes = static_cast<std::uint32_t>(later->position);
    from.first_batch = later->header.number;
    from.previous_checksum = later->header.previous_checksum;
  }
}

}  // namespace muster::eventlog
