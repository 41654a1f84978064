#include "eventlog/format/record.hpp"

#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/little_endian.hpp"

#include <cstring>
#include <limits>

namespace muster::eventlog {
namespace {

std::uint32_t checksum_of(ByteView record) noexcept {
  return crc32c(record.subspan(8), crc32c(record.first(4)));
}

std::byte* put(std::byte* at, ByteView bytes) noexcept {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

}  // namespace

std::size_t record_bytes(const EventView& event) noexcept {
  constexpr std::size_t kIdMax = std::numeric_limits<std::uint16_t>::max();
  if (event.device_id.size() > kIdMax || event.module_id.size() > kIdMax ||
      event.generation_id.size() > kIdMax || event.properties.size() > kRecordBytesMax ||
      event.body.size() > kRecordBytesMax) {
    return 0;
  }
  const std::size_t bytes = kRecordFixedBytes + event.device_id.size() + event.module_id.size() +
                            event.generation_id.size() + event.properties.size() + event.body.size();
  return bytes <= kRecordBytesMax ? bytes : 0;
}

void encode_record(const EventView& event, PartitionId id, std::span<std::byte> to) noexcept {
  std::byte* at = to.data();
  std::memset(at, 0, kRecordFixedBytes);
  store(at, static_cast<std::uint32_t>(to.size()));
  store(at + 8, id.hub);
  store(at + 12, id.partition);
  store(at + 40, event.flags);
  store(at + 41, static_cast<std::uint8_t>(event.auth_method));
  store(at + 42, static_cast<std::uint16_t>(event.device_id.size()));
  store(at + 44, static_cast<std::uint16_t>(event.module_id.size()));
  store(at + 46, static_cast<std::uint16_t>(event.generation_id.size()));
  store(at + 48, static_cast<std::uint32_t>(event.properties.size()));
  store(at + 52, static_cast<std::uint32_t>(event.body.size()));
  at = put(at + kRecordFixedBytes, as_bytes(event.device_id));
  at = put(at, as_bytes(event.module_id));
  at = put(at, as_bytes(event.generation_id));
  at = put(at, as_bytes(event.properties));
  put(at, event.body);
}

std::uint32_t seal_record(std::span<std::byte> record, const PartitionPoint& at) noexcept {
  store(record.data() + 16, at.next_sequence);
  store(record.data() + 24, at.next_offset);
  store(record.data() + 32, static_cast<std::int64_t>(at.newest.time_since_epoch().count()));
  const std::uint32_t checksum = checksum_of(record);
  store(record.data() + 4, checksum);
  return checksum;
}

Result<Record, FormatFault> decode_record(ByteView bytes) noexcept {
  if (bytes.size() < kRecordFixedBytes) return failure(FormatFault::incomplete);
  Record record;
  record.bytes = load<std::uint32_t>(bytes.data());
  if (record.bytes < kRecordFixedBytes || record.bytes > kRecordBytesMax)
    return failure(FormatFault::damaged);
  if (record.bytes > bytes.size()) return failure(FormatFault::incomplete);
  bytes = bytes.first(record.bytes);
  const std::byte* at = bytes.data();
  record.checksum = load<std::uint32_t>(at + 4);
  if (record.checksum != checksum_of(bytes)) return failure(FormatFault::damaged);

  record.id = {load<std::uint32_t>(at + 8), load<std::uint32_t>(at + 12)};
  record.sequence = load<std::uint64_t>(at + 16);
  record.offset = load<std::uint64_t>(at + 24);
  record.enqueued = WallTime{std::chrono::microseconds{load<std::int64_t>(at + 32)}};
  record.event.flags = load<std::uint8_t>(at + 40);
  record.event.auth_method = static_cast<AuthMethod>(load<std::uint8_t>(at + 41));
  const std::size_t device = load<std::uint16_t>(at + 42);
  const std::size_t module = load<std::uint16_t>(at + 44);
  const std::size_t generation = load<std::uint16_t>(at + 46);
  const std::size_t properties = load<std::uint32_t>(at + 48);
  const std::size_t body = load<std::uint32_t>(at + 52);
  if (kRecordFixedBytes + device + module + generation + properties + body != record.bytes ||
      record.event.auth_method > AuthMethod::sas_hub) {
    return failure(FormatFault::damaged);
  }
  bytes = bytes.subspan(kRecordFixedBytes);
  const auto next = [&bytes](std::size_t size) {
    const ByteView part = bytes.first(size);
    bytes = bytes.subspan(size);
    return part;
  };
  record.event.device_id = as_text(next(device));
  record.event.module_id = as_text(next(module));
  record.event.generation_id = as_text(next(generation));
  record.event.properties = as_text(next(properties));
  record.event.body = next(body);
  return record;
}

}  // namespace muster::eventlog
