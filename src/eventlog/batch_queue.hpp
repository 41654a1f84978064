#pragma once

#include "eventlog/event_log.hpp"
#include "eventlog/format/record.hpp"

#include <cstdint>
#include <deque>
#include <vector>

namespace muster::eventlog {

/// Where an event goes: `slot` is dense over all partitions of the log, in the order in which they were
/// declared.
struct Destination {
  PartitionId id;
  std::uint32_t slot = 0;
};

/// Events on their way to the disk, already encoded, in the order of their tickets.
struct PendingBatch {
  struct Item {
    Destination to;
    std::uint32_t position = 0;
    std::uint32_t size = 0;
  };
  Bytes bytes;
  std::vector<Item> items;
  Ticket last_ticket = 0;
  SteadyTime opened{};

  void clear() {
    bytes.clear();
    items.clear();
  }
};

/// The batches being built. Not thread-safe: the log's mutex guards it. Buffers are used again, so that
/// nothing is allocated once the load is steady.
class BatchQueue {
 public:
  /// A batch is closed at this many records too: it bounds what one reader's index entry and one commit have
  /// to carry.
  static constexpr std::size_t kBatchRecordsMax = 16'384;

  explicit BatchQueue(std::size_t batch_bytes_max) : batch_bytes_max_{batch_bytes_max} {}

  /// Encodes the event of `size` bytes (record_bytes) into the last batch, or a new one when it would pass
  /// the limits.
  Ticket push(const EventView& event, const Destination& to, std::size_t size, SteadyTime now);
  /// The oldest batch. The queue is not empty.
  PendingBatch take();
  /// Gives a batch's buffers back.
  void recycle(PendingBatch batch);
  void drop_all();

  bool empty() const noexcept { return batches_.empty(); }
  /// The oldest batch is full: another stands behind it.
  bool front_full() const noexcept { return batches_.size() > 1; }
  SteadyTime front_opened() const noexcept { return batches_.front().opened; }
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t kSparesMax = 4;

  std::size_t batch_bytes_max_;
  std::deque<PendingBatch> batches_;
  std::vector<PendingBatch> spares_;
  std::size_t bytes_ = 0;
  Ticket last_ticket_ = 0;
};

}  // namespace muster::eventlog
