#pragma once

#include "disk/file.hpp"
#include "eventlog/format/record.hpp"
#include "eventlog/format/segment_index.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace muster::eventlog {

/// A batch that checks out, with its records. The views borrow from the scan's buffer until the visitor
/// returns.
struct ScannedBatch {
  BatchHeader header;
  std::uint64_t position = 0;
  std::vector<Record> records;
};

/// The batch's runs, in order: records of one partition that follow one another.
std::vector<std::pair<PartitionId, Run>> runs_of(const ScannedBatch& batch);

/// How a segment ends.
struct ScanEnd {
  enum class State : std::uint8_t {
    clean,    ///< Batches, then zeros.
    torn,     ///< Batches, then one that does not check out, and none after it.
    corrupt,  ///< One that does not check out, and a later one after it.
  };
  State state = State::clean;
  std::uint64_t end = 0;  ///< Of the last good batch, with padding; of the header when there is none.
  std::uint64_t next_batch = 1;
  std::uint32_t last_checksum = 0;
  std::uint64_t last_position = 0;  ///< Of the last good batch; 0 when there is none.
  std::uint32_t last_bytes = 0;     ///< Of the last good batch, without padding.
  bool last_is_stop = false;        ///< It has no records: the log was stopped in order.
  std::uint64_t file_bytes = 0;
  std::uint64_t dirty_end = 0;  ///< Nothing but zeros from here on.
  std::string fault;            ///< What does not check out, with its position; empty when clean.
  BatchHeader salvaged;         ///< Torn: a header for the records before the first damaged one, if any.
};

/// Reads the header of a segment.
/// Failures: log_newer, log_corrupt, io_failed, all with the path.
Result<SegmentHeader> read_segment_header(disk::File& file, const std::string& path);

using BatchVisitor = std::function<Result<void>(const ScannedBatch&)>;

/// Reads all batches of a segment and checks every byte of them. The visitor's failure ends the scan and is
/// returned. What does not check out is not a failure: it is in ScanEnd. Memory: one batch and 1 MiB.
Result<ScanEnd> scan_segment(disk::File& file, const SegmentHeader& header, const BatchVisitor& visit);

}  // namespace muster::eventlog
