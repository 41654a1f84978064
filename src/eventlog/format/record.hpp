#pragma once

#include "eventlog/format/segment_format.hpp"
#include "model/event.hpp"

#include <cstdint>
#include <span>

namespace muster::eventlog {

inline constexpr std::size_t kRecordFixedBytes = 56;
/// An IoT Hub message has at most 256 KiB; this leaves room for its properties and names.
inline constexpr std::size_t kRecordBytesMax = 1u << 20;

/// How many bytes the event's record has; 0 when it has no record: longer than kRecordBytesMax, or an id
/// beyond 65 535.
std::size_t record_bytes(const EventView& event) noexcept;
/// Writes the record to `to`, which has record_bytes(event) bytes, but for what is decided at commit (see
/// seal_record).
void encode_record(const EventView& event, PartitionId id, std::span<std::byte> to) noexcept;
/// Fills in where the record stands in its partition, and its checksum, which it returns.
std::uint32_t seal_record(std::span<std::byte> record, const PartitionPoint& at) noexcept;

/// A record as it stands in a file. The views borrow from the bytes that it was decoded from; `event.hub` is
/// empty.
struct Record {
  EventView event;
  PartitionId id;
  std::uint64_t sequence = 0;
  std::uint64_t offset = 0;
  WallTime enqueued{};
  std::uint32_t bytes = 0;
  std::uint32_t checksum = 0;
};

/// The record at the start of `bytes`, which may go on after it. Its checksum and all its lengths hold.
Result<Record, FormatFault> decode_record(ByteView bytes) noexcept;

}  // namespace muster::eventlog
