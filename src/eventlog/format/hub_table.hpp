#pragma once

#include "disk/file.hpp"
#include "eventlog/format/segment_format.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::eventlog {

/// A hub as the log knows it. Its number is its place in the table, from 1, and stands in each record.
struct HubEntry {
  std::uint32_t number = 0;
  std::uint32_t partition_count = 0;
  std::string name;
  friend bool operator==(const HubEntry&, const HubEntry&) = default;
};

inline constexpr std::string_view kHubTableName = "hubs";
/// 1 000 000 hubs would not fill it; a larger file is damaged.
inline constexpr std::uint64_t kHubTableBytesMax = 64u << 20;
/// Event Hubs has at most 32 in its standard tier; ours is what a segment header has room for, shared by all
/// hubs.
inline constexpr std::uint32_t kPartitionsMax = 1024;

Bytes encode_hub_table(const std::vector<HubEntry>& hubs);
Result<std::vector<HubEntry>, FormatFault> decode_hub_table(ByteView bytes);

/// An empty table when there is no file. log_corrupt, log_newer or io_failed with the path.
Result<std::vector<HubEntry>> read_hub_table(disk::Disk& disk, const std::string& directory);
/// Durable when it returns.
Result<void> write_hub_table(disk::Disk& disk, const std::string& directory,
                             const std::vector<HubEntry>& hubs);

}  // namespace muster::eventlog
