#pragma once

#include "disk/file.hpp"
#include "eventlog/catalog.hpp"
#include "eventlog/format/hub_table.hpp"
#include "eventlog/format/segment_scan.hpp"
#include "eventlog/segment_writer.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace muster::eventlog {

using Points = std::map<PartitionId, PartitionPoint>;

/// All partitions of the table, standing at 0.
Points points_of(const std::vector<HubEntry>& hubs);

/// The segments of a directory, ascending and without gaps. log_corrupt names the one that is missing.
Result<std::vector<std::uint64_t>> list_segments(disk::Disk& disk, const std::string& directory);

/// Follows batches and checks that each record stands where its partition left off.
class Replay {
 public:
  /// `points` is where the partitions stand before the segment; moved along by visit.
  Replay(Points& points, std::string path) : points_{points}, path_{std::move(path)} {}

  /// The header must say where the partitions stand. log_corrupt otherwise.
  Result<void> check_header(const SegmentHeader& header) const;
  /// log_corrupt names the record.
  Result<void> visit(const ScannedBatch& batch);

  const SegmentIndex& index() const noexcept { return index_; }
  const std::vector<std::pair<PartitionId, Run>>& runs() const noexcept { return runs_; }
  WallTime oldest() const noexcept { return oldest_; }
  WallTime newest() const noexcept { return newest_; }

 private:
  Points& points_;
  std::string path_;
  SegmentIndex index_;
  std::vector<std::pair<PartitionId, Run>> runs_;
  WallTime oldest_ = WallTime::max();
  WallTime newest_ = WallTime::min();
};

/// What a directory held.
struct Recovered {
  std::vector<HubEntry> hubs;
  Points points;
  std::optional<SegmentWriter> writer;  ///< None: there is no segment yet.
  bool stopped_in_order = false;        ///< The last batch says so.
};

/// Makes or opens the log's directory by the rules of the format document, and fills `catalog`. When it
/// returns, all that it found is durable. Failures: log_corrupt, log_newer, io_failed, disk_full.
Result<Recovered> recover(disk::Disk& disk, const std::string& directory, Catalog& catalog);

}  // namespace muster::eventlog
