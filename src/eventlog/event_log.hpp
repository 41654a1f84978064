#pragma once

#include "base/clock.hpp"
#include "base/histogram.hpp"
#include "base/result.hpp"
#include "model/event.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::eventlog {

/// Where an appended event stands in the commit stream: durable once durable_ticket() has reached it. Starts
/// at 1, grows by one an event, has no meaning across restarts.
using Ticket = std::uint64_t;

/// Where a reader starts in a partition.
struct FromStart {};
struct FromLatest {};
struct FromOffset {
  std::uint64_t offset;
};
struct FromSequenceNumber {
  std::uint64_t sequence_number;
};
struct FromTime {
  WallTime enqueued_at_or_after;
};
using ReadPosition = std::variant<FromStart, FromLatest, FromOffset, FromSequenceNumber, FromTime>;

/// What a partition holds now: durable events only.
struct PartitionInfo {
  std::uint64_t first_sequence_number = 0;  ///< Of the oldest event kept; equals `next` when empty.
  std::uint64_t next_sequence_number = 0;
  std::uint64_t first_offset = 0;
  std::uint64_t next_offset = 0;
  WallTime last_enqueued;  ///< 1970 when there never was one.
};

/// Events read, with the bytes that their views borrow from. `events` stay valid as long as the Batch.
struct ReadBatch {
  std::vector<StoredEvent> events;
  std::shared_ptr<const Bytes> bytes;
  bool at_end = false;  ///< Nothing more is durable yet.
};

/// A consumer's position in one partition. Blocking (reads files): call from a reader thread, never from a
/// shard.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Reads on from the position, at most about `size_max` bytes of records (at least one event when there is
  /// one). offset_expired when retention deleted the position's segment meanwhile: the reason says the new
  /// start, and the reader has moved there. log_corrupt when a record does not check out: it is never served,
  /// and the reader stays.
  virtual Result<ReadBatch> read(std::size_t size_max) = 0;
  virtual std::uint64_t next_sequence_number() const = 0;
  virtual std::uint64_t next_offset() const = 0;
};

/// The last byte that is known to be on disk: nothing behind it is to be read by another process.
struct DurableEnd {
  std::uint64_t segment = 0;
  std::uint64_t position = 0;  ///< In the segment's file.
};

/// Figures for `muster status` and /metrics.
struct LogFigures {
  std::uint64_t events_appended = 0;
  std::uint64_t bytes_appended = 0;
  std::uint64_t commits = 0;
  std::uint64_t commit_ns_total = 0;  ///< Time inside write and fdatasync.
  std::uint64_t queue_bytes = 0;      ///< Waiting to be committed now.
  std::uint64_t segments = 0;
  double events_per_second_10s = 0;  ///< Made durable, over the last whole seconds.
  double events_per_second_60s = 0;
  HistogramFigures commit_ns;         ///< Of each batch: inside write and fdatasync.
  HistogramFigures durable_ns;        ///< Of each batch: from its first event's append until it was durable.
  HistogramFigures events_per_batch;  ///< Their sizes.
  DurableEnd durable_end;
  std::string room_missing;  ///< Why telemetry waits for room on the disk; empty when it does not.
  bool failed = false;
  std::string failure;
};

/// The durable log of device-to-cloud events, of all hubs and partitions on one disk. SegmentedLog implements
/// it with one stream of batches; Kafka will. No caller may assume that an append is instant or that it is
/// the only writer. Threads: all members may be called from any thread.
class EventLog {
 public:
  virtual ~EventLog() = default;

  /// Copies the event into the batch being built and returns at once. event_log_full when the queue limit is
  /// reached or the disk is full (try again when on_progress fires), event_log_failed for good after a failed
  /// write or fsync, hub_unknown when the hub has no partitions here, message_too_large beyond 1 MiB a
  /// record, shutting_down after stop(). Hub names are compared without case. The partition is hash(device
  /// id) modulo the hub's partition count.
  virtual Result<Ticket> append(const EventView& event) = 0;
  /// Everything up to and including this ticket is on disk. Never goes back.
  virtual Ticket durable_ticket() const noexcept = 0;
  /// True from the first failed write or fsync on: nothing is acknowledged any more; readers go on.
  virtual bool failed() const noexcept = 0;

  /// Called on the appender's thread after each commit, after each deletion by retention and once at failure;
  /// must only post. Returns a handle for remove; when that has returned, it is not called any more.
  virtual std::uint64_t on_progress(std::function<void()> notify) = 0;
  virtual void remove_on_progress(std::uint64_t handle) = 0;

  /// Declares a hub's partitions. Idempotent with the same count; the count of a known hub cannot change
  /// (resource_exists).
  virtual Result<void> add_hub(std::string_view hub, std::uint32_t partition_count) = 0;
  virtual Result<std::uint32_t> partition_count(std::string_view hub) const = 0;
  virtual Result<PartitionInfo> partition_info(std::string_view hub, std::uint32_t partition) const = 0;
  /// resource_not_found for an unknown hub or partition; offset_expired when the position was deleted by
  /// retention; field_invalid when it lies beyond the end.
  virtual Result<std::unique_ptr<Reader>> open_reader(std::string_view hub, std::uint32_t partition,
                                                      ReadPosition from) = 0;

  virtual LogFigures figures() const = 0;
  /// Commits what is queued, then refuses further appends. Blocks; called once at an orderly stop.
  virtual void stop() = 0;
};

/// FNV-1a over the device id, modulo the count: fixed for ever, since a device's events must stay in one
/// partition.
std::uint32_t partition_of(std::string_view device_id, std::uint32_t partition_count) noexcept;

}  // namespace muster::eventlog
