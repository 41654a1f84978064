#include "eventlog/format/segment_format.hpp"

#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/little_endian.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace muster::eventlog {
namespace {

constexpr std::string_view kSegmentMagic = "MUSTERSG";
constexpr std::string_view kBatchMagic = "MUBT";
constexpr std::string_view kSegmentSuffix = ".segment";
constexpr std::size_t kNumberDigits = 20;
constexpr std::size_t kHeaderChecksumAt = 60;
constexpr std::size_t kBatchChecksumAt = 44;

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }
WallTime wall(std::int64_t micros) { return WallTime{std::chrono::microseconds{micros}}; }

/// The checksum of a header whose own field is taken as zero.
std::uint32_t header_checksum(ByteView bytes) {
  static constexpr std::array<std::byte, 4> kZeros{};
  std::uint32_t sum = crc32c(bytes.first(kHeaderChecksumAt));
  sum = crc32c(kZeros, sum);
  return crc32c(bytes.subspan(kHeaderChecksumAt + 4), sum);
}

}  // namespace

std::string_view describe(FormatFault fault) noexcept {
  switch (fault) {
    case FormatFault::incomplete:
      return "it ends too early";
    case FormatFault::not_ours:
      return "it does not begin as one";
    case FormatFault::newer:
      return "its format version is newer than 1";
    case FormatFault::damaged:
      return "its checksum or a field is wrong";
  }
  return "";
}

bool all_zero(ByteView bytes) noexcept {
  // Compared with itself, shifted by one: memcmp is faster than any loop of ours.
  return bytes.empty() ||
         (bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

Bytes encode(SegmentHeader& header) {
  header.bytes = static_cast<std::uint32_t>(
      padded(kSegmentHeaderFixedBytes + header.points.size() * kPartitionEntryBytes));
  Bytes bytes(header.bytes);
  std::byte* at = bytes.data();
  std::memcpy(at, kSegmentMagic.data(), kSegmentMagic.size());
  store(at + 8, kFormatVersion);
  store(at + 12, header.bytes);
  store(at + 16, header.number);
  store(at + 24, micros(header.created));
  store(at + 32, header.first_batch);
  store(at + 40, header.previous_checksum);
  store(at + 44, static_cast<std::uint32_t>(header.points.size()));
  std::byte* entry = at + kSegmentHeaderFixedBytes;
  for (const PartitionPoint& point : header.points) {
    store(entry, point.id.hub);
    store(entry + 4, point.id.partition);
    store(entry + 8, point.next_sequence);
    store(entry + 16, point.next_offset);
    store(entry + 24, micros(point.newest));
    entry += kPartitionEntryBytes;
  }
  header.checksum = header_checksum(bytes);
  store(at + kHeaderChecksumAt, header.checksum);
  return bytes;
}

Result<std::uint32_t, FormatFault> segment_header_bytes(ByteView start) {
  if (start.size() < kSegmentHeaderFixedBytes) return failure(FormatFault::incomplete);
  if (as_text(start.first(kSegmentMagic.size())) != kSegmentMagic) return failure(FormatFault::not_ours);
  if (load<std::uint32_t>(start.data() + 8) > kFormatVersion) return failure(FormatFault::newer);
  const auto bytes = load<std::uint32_t>(start.data() + 12);
  if (bytes < kSectorBytes || bytes % kSectorBytes != 0 || bytes > kSegmentHeaderBytesMax) {
    return failure(FormatFault::damaged);
  }
  return bytes;
}

Result<SegmentHeader, FormatFault> decode_segment_header(ByteView bytes) {
  const auto size = segment_header_bytes(bytes);
  if (!size) return failure(size.error());
  if (bytes.size() < *size) return failure(FormatFault::incomplete);
  bytes = bytes.first(*size);
  const std::byte* at = bytes.data();
  SegmentHeader header;
  header.bytes = *size;
  header.checksum = load<std::uint32_t>(at + kHeaderChecksumAt);
  if (header.checksum != header_checksum(bytes)) return failure(FormatFault::damaged);
  header.number = load<std::uint64_t>(at + 16);
  header.created = wall(load<std::int64_t>(at + 24));
  header.first_batch = load<std::uint64_t>(at + 32);
  header.previous_checksum = load<std::uint32_t>(at + 40);
  const auto count = load<std::uint32_t>(at + 44);
  if (load<std::uint32_t>(at + 8) != kFormatVersion || !all_zero(bytes.subspan(48, 12)) ||
      count > (*size - kSegmentHeaderFixedBytes) / kPartitionEntryBytes) {
    return failure(FormatFault::damaged);
  }
  const std::byte* entry = at + kSegmentHeaderFixedBytes;
  for (std::uint32_t i = 0; i < count; ++i, entry += kPartitionEntryBytes) {
    header.points.push_back({.id = {load<std::uint32_t>(entry), load<std::uint32_t>(entry + 4)},
                             .next_sequence = load<std::uint64_t>(entry + 8),
                             .next_offset = load<std::uint64_t>(entry + 16),
                             .newest = wall(load<std::int64_t>(entry + 24))});
  }
  return header;
}

void encode(BatchHeader& header, std::uint32_t salt, std::byte* to) {
  std::memset(to, 0, kBatchHeaderBytes);
  std::memcpy(to, kBatchMagic.data(), kBatchMagic.size());
  store(to + 4, header.bytes);
  store(to + 8, header.number);
  store(to + 16, header.previous_checksum);
  store(to + 20, header.record_count);
  store(to + 24, header.records_checksum);
  store(to + 32, micros(header.closed));
  header.checksum = crc32c({to, kBatchChecksumAt}, salt);
  store(to + kBatchChecksumAt, header.checksum);
}

Result<BatchHeader, FormatFault> decode_batch_header(ByteView bytes, std::uint32_t salt) {
  if (bytes.size() < kBatchHeaderBytes) return failure(FormatFault::incomplete);
  const std::byte* at = bytes.data();
  if (as_text(bytes.first(kBatchMagic.size())) != kBatchMagic) return failure(FormatFault::not_ours);
  BatchHeader header{.bytes = load<std::uint32_t>(at + 4),
                     .number = load<std::uint64_t>(at + 8),
                     .previous_checksum = load<std::uint32_t>(at + 16),
                     .record_count = load<std::uint32_t>(at + 20),
                     .records_checksum = load<std::uint32_t>(at + 24),
                     .closed = wall(load<std::int64_t>(at + 32)),
                     .checksum = load<std::uint32_t>(at + kBatchChecksumAt)};
  if (header.checksum != crc32c({at, kBatchChecksumAt}, salt)) return failure(FormatFault::damaged);
  if (header.bytes < kBatchHeaderBytes || header.bytes > kBatchBytesMax) return failure(FormatFault::damaged);
  return header;
}

std::string segment_name(std::uint64_t number) { return fmt::format("{:020}.segment", number); }
std::string index_name(std::uint64_t number) { return fmt::format("{:020}.index", number); }

std::uint64_t segment_number(std::string_view name) noexcept {
  if (name.size() != kNumberDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) return 0;
  std::uint64_t number = 0;
  const char* const end = name.data() + kNumberDigits;
  const auto [stopped, error] = std::from_chars(name.data(), end, number);
  return error == std::errc{} && stopped == end ? number : 0;
}

}  // namespace muster::eventlog
