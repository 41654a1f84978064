#pragma once

#include "base/clock.hpp"
#include "eventlog/batch_queue.hpp"
#include "eventlog/catalog.hpp"
#include "eventlog/recovery.hpp"
#include "eventlog/segmented_log.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace muster::eventlog {

/// The disk's side of the log: turns pending batches into durable ones, begins and deletes segments. Used by
/// one thread at a time. disk_full from any member means that nothing was written of what was asked and it
/// may be asked again; any other failure means that nothing may be asked any more.
class Committer {
 public:
  Committer(disk::Disk& disk, Clock& clock, const SegmentedLogConfig& config, Catalog& catalog,
            Recovered recovered);

  /// Sees to it that there is a live segment.
  Result<void> start();
  /// Gives the batch's events their sequence numbers, offsets and times, writes them and makes them visible
  /// to readers. Returns the bytes written. After disk_full it is called again with the same batch.
  Result<std::uint64_t> commit(const PendingBatch& batch);
  /// Where what has been committed ends. Once started.
  DurableEnd durable_end() const noexcept { return {writer_->number(), writer_->end()}; }
  /// Whether make_room_ahead would help the next commits.
  bool wants_room() const noexcept;
  Result<void> make_room_ahead();
  /// Deletes what is older than the retention; true when something was. Seals the live segment when its first
  /// event is.
  Result<bool> retain();
  /// Marks that everything before was durable, so that the next opening can tell damage from a torn tail.
  Result<void> mark_stop();

 private:
  /// A batch as it will stand in the file, but for number and chain.
  struct Assembled {
    BatchHeader header;
    Bytes bytes;
    std::vector<std::pair<PartitionId, Run>> runs;  ///< Positions from the start of the batch.
    std::vector<std::uint32_t> slots;               ///< Of the runs.
  };
  void assemble(const PendingBatch& batch);
  void order_by_slot(const PendingBatch& batch);
  Result<void> begin_segment();
  Result<void> remove_expired();
  Result<void> make_room(std::uint64_t bytes);
  void write_index_of(const Catalog::Sealed& sealed, const IndexSummary& summary) const;

  disk::Disk& disk_;
  Clock& clock_;
  const SegmentedLogConfig& config_;
  Catalog& catalog_;
  RoomLimits limits_;
  std::optional<SegmentWriter> writer_;
  std::vector<PartitionPoint> points_;            ///< By slot; what is durable.
  std::deque<std::shared_ptr<Segment>> expired_;  ///< Out of the catalog, and not removed yet.
  WallTime newest_{};  ///< Of the last batch with events: the next one's is greater.
  bool stop_marked_;
  bool assembled_ready_ = false;
  Assembled assembled_;
  std::vector<std::uint32_t> order_;   ///< Scratch: items of the batch by slot.
  std::vector<std::uint32_t> counts_;  ///< Scratch: where each slot's items begin.
};

}  // namespace muster::eventlog
