#include "eventlog/format/segment_index.hpp"

#include "base/assert.hpp"
#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/little_endian.hpp"

#include <cstring>

namespace muster::eventlog {
namespace {

constexpr std::string_view kMagic = "MUSTERIX";
constexpr std::size_t kExtentBytes = 64;
constexpr std::size_t kRunBytes = 40;
constexpr std::size_t kChecksumAt = 60;
constexpr std::size_t kExtentsMax = 1u << 20;

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }
WallTime wall_at(const std::byte* at) { return WallTime{std::chrono::microseconds{load<std::int64_t>(at)}}; }

void put_extent(std::byte* at, const Extent& extent) {
  store(at, extent.id.hub);
  store(at + 4, extent.id.partition);
  store(at + 8, extent.first_sequence);
  store(at + 16, extent.next_sequence);
  store(at + 24, extent.first_offset);
  store(at + 32, extent.next_offset);
  store(at + 40, micros(extent.first_time));
  store(at + 48, micros(extent.last_time));
  store(at + 56, extent.run_count);
}

Extent get_extent(const std::byte* at) {
  return {.id = {load<std::uint32_t>(at), load<std::uint32_t>(at + 4)},
          .first_sequence = load<std::uint64_t>(at + 8),
          .next_sequence = load<std::uint64_t>(at + 16),
          .first_offset = load<std::uint64_t>(at + 24),
          .next_offset = load<std::uint64_t>(at + 32),
          .first_time = wall_at(at + 40),
          .last_time = wall_at(at + 48),
          .run_count = load<std::uint32_t>(at + 56)};
}

void put_run(std::byte* at, const Run& run) {
  store(at, run.position);
  store(at + 8, run.bytes);
  store(at + 12, run.count);
  store(at + 16, run.first_sequence);
  store(at + 24, run.first_offset);
  store(at + 32, micros(run.enqueued));
}

Run get_run(const std::byte* at) {
  return {.position = load<std::uint64_t>(at),
          .bytes = load<std::uint32_t>(at + 8),
          .count = load<std::uint32_t>(at + 12),
          .first_sequence = load<std::uint64_t>(at + 16),
          .first_offset = load<std::uint64_t>(at + 24),
          .enqueued = wall_at(at + 32)};
}

std::uint32_t summary_checksum(ByteView bytes) {
  static constexpr std::array<std::byte, 4> kZeros{};
  const std::uint32_t sum = crc32c(kZeros, crc32c(bytes.first(kChecksumAt)));
  return crc32c(bytes.subspan(kChecksumAt + 4), sum);
}

}  // namespace

void SegmentIndex::add(PartitionId id, const Run& run) {
  std::vector<Run>& runs = runs_[id];
  MUSTER_ASSERT(runs.empty() || (runs.back().next_sequence() == run.first_sequence &&
                                 runs.back().next_offset() == run.first_offset),
                "a partition's runs follow one another");
  runs.push_back(run);
}

std::span<const Run> SegmentIndex::runs(PartitionId id) const {
  const auto found = runs_.find(id);
  return found == runs_.end() ? std::span<const Run>{} : std::span<const Run>{found->second};
}

std::vector<Extent> SegmentIndex::extents() const {
  std::vector<Extent> extents;
  for (const auto& [id, runs] : runs_) {
    extents.push_back({.id = id,
                       .first_sequence = runs.front().first_sequence,
                       .next_sequence = runs.back().next_sequence(),
                       .first_offset = runs.front().first_offset,
                       .next_offset = runs.back().next_offset(),
                       .first_time = runs.front().enqueued,
                       .last_time = runs.back().enqueued,
                       .run_count = static_cast<std::uint32_t>(runs.size())});
  }
  return extents;
}

Bytes encode_index(const IndexSummary& summary, const SegmentIndex& index) {
  const std::vector<Extent> extents = index.extents();
  std::size_t run_count = 0;
  for (const Extent& extent : extents) run_count += extent.run_count;
  const std::size_t summary_bytes = kIndexFixedBytes + extents.size() * kExtentBytes;
  Bytes bytes(summary_bytes + run_count * kRunBytes + 4);
  std::byte* at = bytes.data();
  std::memcpy(at, kMagic.data(), kMagic.size());
  store(at + 8, kFormatVersion);
  store(at + 12, static_cast<std::uint32_t>(extents.size()));
  store(at + 16, summary.segment);
  store(at + 24, summary.end);
  store(at + 32, summary.next_batch);
  store(at + 40, summary.last_checksum);
  store(at + 44, summary.header_checksum);
  store(at + 48, micros(summary.newest));
  std::byte* entry = at + kIndexFixedBytes;
  for (const Extent& extent : extents) {
    put_extent(entry, extent);
    entry += kExtentBytes;
  }
  store(at + kChecksumAt, summary_checksum(ByteView{bytes}.first(summary_bytes)));
  for (const auto& [id, runs] : index.all()) {
    for (const Run& run : runs) {
      put_run(entry, run);
      entry += kRunBytes;
    }
  }
  store(entry, crc32c(ByteView{bytes}.subspan(summary_bytes, run_count * kRunBytes)));
  return bytes;
}

Result<std::size_t, FormatFault> index_summary_bytes(ByteView start) {
  if (start.size() < kIndexFixedBytes) return failure(FormatFault::incomplete);
  if (as_text(start.first(kMagic.size())) != kMagic) return failure(FormatFault::not_ours);
  if (load<std::uint32_t>(start.data() + 8) > kFormatVersion) return failure(FormatFault::newer);
  const auto extents = load<std::uint32_t>(start.data() + 12);
  if (extents > kExtentsMax) return failure(FormatFault::damaged);
  return kIndexFixedBytes + extents * kExtentBytes;
}

Result<IndexSummary, FormatFault> decode_index_summary(ByteView bytes) {
  const auto size = index_summary_bytes(bytes);
  if (!size) return failure(size.error());
  if (bytes.size() < *size) return failure(FormatFault::incomplete);
  bytes = bytes.first(*size);
  const std::byte* at = bytes.data();
  if (load<std::uint32_t>(at + kChecksumAt) != summary_checksum(bytes)) return failure(FormatFault::damaged);
  IndexSummary summary{.segment = load<std::uint64_t>(at + 16),
                       .end = load<std::uint64_t>(at + 24),
                       .next_batch = load<std::uint64_t>(at + 32),
                       .last_checksum = load<std::uint32_t>(at + 40),
                       .header_checksum = load<std::uint32_t>(at + 44),
                       .newest = wall_at(at + 48),
                       .extents = {}};
  for (std::size_t entry = kIndexFixedBytes; entry < *size; entry += kExtentBytes) {
    summary.extents.push_back(get_extent(at + entry));
  }
  return summary;
}

Result<SegmentIndex, FormatFault> decode_index(ByteView bytes) {
  const auto summary = decode_index_summary(bytes);
  if (!summary) return failure(summary.error());
  std::size_t run_count = 0;
  for (const Extent& extent : summary->extents) run_count += extent.run_count;
  ByteView rest = bytes.subspan(kIndexFixedBytes + summary->extents.size() * kExtentBytes);
  if (rest.size() != run_count * kRunBytes + 4) return failure(FormatFault::incomplete);
  const ByteView runs = rest.first(run_count * kRunBytes);
  if (crc32c(runs) != load<std::uint32_t>(runs.data() + runs.size())) return failure(FormatFault::damaged);
  SegmentIndex index;
  const std::byte* at = runs.data();
  for (const Extent& extent : summary->extents) {
    std::uint64_t sequence = extent.first_sequence;
    std::uint64_t offset = extent.first_offset;
    for (std::uint32_t i = 0; i < extent.run_count; ++i, at += kRunBytes) {
      const Run run = get_run(at);
      if (run.first_sequence != sequence || run.first_offset != offset) return failure(FormatFault::damaged);
      index.add(extent.id, run);
      sequence = run.next_sequence();
      offset = run.next_offset();
    }
  }
  return index;
}

}  // namespace muster::eventlog
