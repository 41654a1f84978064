#pragma once

#include "eventlog/format/segment_scan.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace muster::eventlog {

/// A place in a segment that does not check out.
struct SegmentDamage {
  std::uint64_t position = 0;    ///< Of the batch, in the file.
  std::string what;              ///< With the record's position, where that is known.
  std::uint64_t resumes_at = 0;  ///< Where the next batch that checks out begins; 0 when none does.
  bool torn = false;             ///< Nothing shows that it was ever whole: what a power cut leaves.
};

using DamageVisitor = std::function<void(const SegmentDamage&)>;

/// As scan_segment, but goes on behind damage at the next batch whose header checks out: for those who look
/// into a log and not for its owner, who must not serve around a gap. `damaged` is told of each place before
/// the batches behind it are visited. The end returned is the last part's.
Result<ScanEnd> scan_past_damage(disk::File& file, const SegmentHeader& header, const BatchVisitor& visit,
                                 const DamageVisitor& damaged);

}  // namespace muster::eventlog
