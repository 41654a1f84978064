#pragma once

#include "base/result.hpp"
#include "disk/file.hpp"
#include "eventlog/past_damage.hpp"
#include "model/event.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace muster::eventlog {

/// A record as it stands in a segment. The views borrow until the visitor returns; `event.event.hub` is the
/// hub's name, or
/// "#" and its number where the hub table does not say.
struct DumpedRecord {
  StoredEvent event;
  std::uint64_t batch = 0;
  std::uint64_t position = 0;  ///< In the file.
  std::uint32_t bytes = 0;
};

/// How the segment ended.
struct DumpEnd {
  std::uint64_t batches = 0;
  std::uint64_t records = 0;
  std::uint64_t end = 0;               ///< Of the last batch that checks out.
  std::vector<SegmentDamage> damages;  ///< What does not check out; empty when all does.
  bool stopped = false;                ///< The visitor had enough.
};

/// False: no more.
using RecordVisitor = std::function<bool(const DumpedRecord&)>;

/// Gives every record of one segment file to `visit`, in file order, those behind damage too. Memory: one
/// batch. Failures: io_failed, file_unreadable, log_corrupt and log_newer (the header).
Result<DumpEnd> dump_segment(disk::Disk& disk, const std::string& path, const RecordVisitor& visit);

}  // namespace muster::eventlog
