#include "eventlog/format/hub_table.hpp"

#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/little_endian.hpp"

#include <cstring>

namespace muster::eventlog {
namespace {

constexpr std::string_view kMagic = "MUSTERHB";
constexpr std::size_t kFixedBytes = 16;
constexpr std::size_t kEntryFixedBytes = 10;
constexpr std::size_t kChecksumBytes = 4;

template <typename T>
void append(Bytes& to, T value) {
  to.resize(to.size() + sizeof value);
  store(to.data() + to.size() - sizeof value, value);
}

void append_text(Bytes& to, std::string_view text) {
  const ByteView bytes = as_bytes(text);
  to.insert(to.end(), bytes.begin(), bytes.end());
}

}  // namespace

Bytes encode_hub_table(const std::vector<HubEntry>& hubs) {
  Bytes bytes;
  append_text(bytes, kMagic);
  append(bytes, kFormatVersion);
  append(bytes, static_cast<std::uint32_t>(hubs.size()));
  for (const HubEntry& hub : hubs) {
    append(bytes, hub.number);
    append(bytes, hub.partition_count);
    append(bytes, static_cast<std::uint16_t>(hub.name.size()));
    append_text(bytes, hub.name);
  }
  append(bytes, crc32c(bytes));
  return bytes;
}

Result<std::vector<HubEntry>, FormatFault> decode_hub_table(ByteView bytes) {
  if (bytes.size() < kFixedBytes + kChecksumBytes) return failure(FormatFault::incomplete);
  if (as_text(bytes.first(kMagic.size())) != kMagic) return failure(FormatFault::not_ours);
  const auto version = load<std::uint32_t>(bytes.data() + 8);
  if (version > kFormatVersion) return failure(FormatFault::newer);
  const ByteView covered = bytes.first(bytes.size() - kChecksumBytes);
  if (version != kFormatVersion || crc32c(covered) != load<std::uint32_t>(covered.data() + covered.size())) {
    return failure(FormatFault::damaged);
  }
  const auto count = load<std::uint32_t>(bytes.data() + 12);
  ByteView rest = covered.subspan(kFixedBytes);
  std::vector<HubEntry> hubs;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (rest.size() < kEntryFixedBytes) return failure(FormatFault::damaged);
    const std::size_t name_bytes = load<std::uint16_t>(rest.data() + 8);
    if (rest.size() < kEntryFixedBytes + name_bytes) return failure(FormatFault::damaged);
    HubEntry hub{.number = load<std::uint32_t>(rest.data()),
                 .partition_count = load<std::uint32_t>(rest.data() + 4),
                 .name = std::string{as_text(rest.subspan(kEntryFixedBytes, name_bytes))}};
    if (hub.number != i + 1 || hub.partition_count == 0 || hub.partition_count > kPartitionsMax) {
      return failure(FormatFault::damaged);
    }
    hubs.push_back(std::move(hub));
    rest = rest.subspan(kEntryFixedBytes + name_bytes);
  }
  if (!rest.empty()) return failure(FormatFault::damaged);
  return hubs;
}

Result<std::vector<HubEntry>> read_hub_table(disk::Disk& disk, const std::string& directory) {
  const std::string path = fmt::format("{}/{}", directory, kHubTableName);
  MUSTER_TRY(const bool there, disk.exists(path));
  if (!there) return std::vector<HubEntry>{};
  MUSTER_TRY(const Bytes bytes, disk::read_all(disk, path, kHubTableBytesMax));
  auto hubs = decode_hub_table(bytes);
  if (!hubs) {
    const ErrorCode code = hubs.error() == FormatFault::newer ? ErrorCode::log_newer : ErrorCode::log_corrupt;
    return failure(code, fmt::format("hub table {}: {}", path, describe(hubs.error())));
  }
  return std::move(*hubs);
}

Result<void> write_hub_table(disk::Disk& disk, const std::string& directory,
                             const std::vector<HubEntry>& hubs) {
  return disk::write_atomically(disk, fmt::format("{}/{}", directory, kHubTableName), encode_hub_table(hubs));
}

}  // namespace muster::eventlog
