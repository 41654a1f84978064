#pragma once

#include "disk/file.hpp"
#include "eventlog/format/segment_index.hpp"
#include "eventlog/format/segment_scan.hpp"

#include <memory>
#include <string>

namespace muster::eventlog {

/// Writes the index of a sealed segment, over any older one. Not synced: it carries its own proof, and what a
/// power cut takes is made again.
Result<void> write_index(disk::Disk& disk, const std::string& path, const IndexSummary& summary,
                         const SegmentIndex& index);

/// The summary if the file is there, checks out and is this segment's; nullopt when the segment must be read
/// instead. Failures: io_failed.
Result<std::optional<IndexSummary>> read_index_summary(disk::Disk& disk, const std::string& path,
                                                       const SegmentHeader& segment);

/// The whole index of a sealed segment, from its file or, where that is missing or damaged, from the segment.
/// Failures: io_failed, log_corrupt, file_unreadable when the segment is gone.
Result<std::shared_ptr<const SegmentIndex>> load_index(disk::Disk& disk, const std::string& segment_path,
                                                       const std::string& index_path);

}  // namespace muster::eventlog
