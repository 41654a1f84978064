#include "base/assert.hpp"
#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/hub_table.hpp"
#include "eventlog/format/little_endian.hpp"
#include "eventlog/format/record.hpp"
#include "eventlog/format/segment_index.hpp"

#include <algorithm>
#include <array>

// The input is a byte that says what the rest is: a record, a batch's header, a segment's header, a hub
// table, an index; odd, its checksums are made right first, so that what stands behind them is met. What is
// accepted is encoded again as the same bytes.

namespace muster::eventlog {
namespace {

constexpr std::uint32_t kSalt = 0x1234;

bool same(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

void put_checksum(Bytes& bytes, std::size_t at, std::uint32_t checksum) {
  if (at + 4 <= bytes.size()) store(bytes.data() + at, checksum);
}

void check_record(Bytes bytes, bool whole) {
  if (whole && bytes.size() >= kRecordFixedBytes) {
    store(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    const ByteView all{bytes};
    put_checksum(bytes, 4, crc32c(all.subspan(8), crc32c(all.first(4))));
  }
  const auto record = decode_record(bytes);
  if (!record) return;
  MUSTER_ASSERT(record->bytes <= bytes.size() && record_bytes(record->event) == record->bytes,
                "another size");
  Bytes again(record->bytes);
  encode_record(record->event, record->id, again);
  seal_record(again, {record->id, record->sequence, record->offset, record->enqueued});
  MUSTER_ASSERT(same(again, ByteView{bytes}.first(record->bytes)), "another record");
}

void check_batch_header(Bytes bytes, bool whole) {
  bytes.resize(std::max(bytes.size(), kBatchHeaderBytes));
  if (whole) put_checksum(bytes, 44, crc32c(ByteView{bytes}.first(44), kSalt));
  auto header = decode_batch_header(bytes, kSalt);
  if (!header) return;
  MUSTER_ASSERT(header->bytes >= kBatchHeaderBytes && header->bytes <= kBatchBytesMax,
                "a size out of its limits");
  // Reserved bytes that are not zero are vouched for by the checksum like all else, and mean nothing.
  std::fill_n(bytes.begin() + 28, 4, std::byte{0});
  std::fill_n(bytes.begin() + 40, 4, std::byte{0});
  std::array<std::byte, kBatchHeaderBytes> again{};
  encode(*header, kSalt, again.data());
  MUSTER_ASSERT(same(ByteView{again}.first(44), ByteView{bytes}.first(44)), "another header");
}

void check_segment_header(Bytes bytes, bool whole) {
  if (bytes.size() < kSegmentHeaderFixedBytes) return;
  if (whole) {
    put_checksum(bytes, 60, 0);
    put_checksum(bytes, 60, crc32c(bytes));
  }
  const auto size = segment_header_bytes(bytes);
  if (!size) return;
  MUSTER_ASSERT(*size <= kSegmentHeaderBytesMax, "a size out of its limits");
  if (*size > bytes.size()) return;
  bytes.resize(*size);
  auto header = decode_segment_header(bytes);
  if (!header) return;
  // Padding that is not zero is vouched for by the checksum like all else, and means nothing.
  SegmentHeader copy = *header;
  const auto again = decode_segment_header(encode(copy));
  MUSTER_ASSERT(again && again->number == header->number && again->created == header->created,
                "another header");
  MUSTER_ASSERT(again->first_batch == header->first_batch &&
                    again->previous_checksum == header->previous_checksum && again->points == header->points,
                "another place in the chain");
}

void check_hub_table(Bytes bytes, bool whole) {
  if (whole && bytes.size() >= 4) {
    put_checksum(bytes, bytes.size() - 4, crc32c(ByteView{bytes}.first(bytes.size() - 4)));
  }
  const auto hubs = decode_hub_table(bytes);
  if (hubs) MUSTER_ASSERT(same(encode_hub_table(*hubs), bytes), "another table");
}

void check_index(Bytes bytes, bool whole) {
  if (bytes.size() < kIndexFixedBytes) return;
  auto size = index_summary_bytes(bytes);
  if (whole && size && *size + 4 <= bytes.size()) {
    put_checksum(bytes, 60, 0);
    put_checksum(bytes, 60, crc32c(ByteView{bytes}.first(*size)));
    const std::size_t runs = bytes.size() - *size - 4;
    put_checksum(bytes, bytes.size() - 4, crc32c(ByteView{bytes}.subspan(*size, runs)));
  }
  const auto summary = size ? decode_index_summary(bytes) : decode_index_summary({});
  const auto index = decode_index(bytes);
  MUSTER_ASSERT(!index || summary, "an index of which the summary is damaged");
  if (!index) return;
  std::size_t runs = 0;
  for (const auto& [id, list] : index->all()) runs += list.size();
  MUSTER_ASSERT(runs * 40 <= bytes.size(), "runs from nowhere");
}

}  // namespace
}  // namespace muster::eventlog

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::eventlog;
  if (size == 0) return 0;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  const muster::Bytes bytes(begin + 1, begin + size);
  const bool whole = data[0] % 2 == 1;
  switch (data[0] / 2 % 5) {
    case 0:
      check_record(bytes, whole);
      break;
    case 1:
      check_batch_header(bytes, whole);
      break;
    case 2:
      check_segment_header(bytes, whole);
      break;
    case 3:
      check_hub_table(bytes, whole);
      break;
    default:
      check_index(bytes, whole);
  }
  return 0;
}
