#pragma once

#include "disk/file.hpp"
#include "eventlog/format/segment_index.hpp"
#include "eventlog/past_damage.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::eventlog {

/// What a segment holds of one partition.
struct PartitionRange {
  std::string hub;  ///< Its name, or "#" and its number.
  Extent extent;
  std::uint64_t events = 0;  ///< Fewer than from first to next where damage took some.
  std::uint64_t bytes = 0;
};

/// One segment at a glance.
struct SegmentOverview {
  std::uint64_t number = 0;
  std::string path;
  bool live = false;             ///< The last one, which is appended to.
  std::uint64_t file_bytes = 0;  ///< With the zeros that are written ahead.
  std::uint64_t end = 0;         ///< Of its last batch.
  WallTime created{};
  std::uint64_t first_batch = 0;
  std::uint64_t batches = 0;
  std::vector<PartitionRange> partitions;
  std::string header_fault;            ///< Why nothing else is known; empty when its header checks out.
  std::vector<SegmentDamage> damages;  ///< Of a segment that was read through.

  std::uint64_t events() const noexcept;
  std::uint64_t bytes() const noexcept;  ///< Of records.
  WallTime oldest() const noexcept;      ///< Max and min when it has no events.
  WallTime newest() const noexcept;
};

/// The segments of the log in `directory`, oldest first: sealed ones by their index, the live one and those
/// without an index read through. One that retention deletes meanwhile is left out. Changes nothing.
/// Failures: io_failed, file_unreadable.
Result<std::vector<SegmentOverview>> log_overview(disk::Disk& disk, const std::string& directory);

}  // namespace muster::eventlog
