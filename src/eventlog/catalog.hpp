#pragma once

#include "eventlog/event_log.hpp"
#include "eventlog/format/segment_index.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::eventlog {

/// One segment's file. What may change is guarded by the catalog.
struct Segment {
  std::uint64_t number = 0;
  std::string path;
  std::string index_path;
  std::uint32_t header_checksum = 0;
  WallTime oldest = WallTime::max();  ///< Enqueued times of its events; max and min when it has none.
  WallTime newest = WallTime::min();
  std::shared_ptr<SegmentIndex> live;        ///< Until it is sealed.
  std::shared_ptr<const SegmentIndex> kept;  ///< Sealed, and the index could not be written.
  std::weak_ptr<const SegmentIndex> shared;  ///< Sealed: what some reader has loaded.
};

/// A place in a partition.
struct Place {
  std::uint64_t sequence = 0;
  std::uint64_t offset = 0;
};

/// What a reader needs to read on.
struct ReadPlan {
  PartitionInfo info;
  std::shared_ptr<Segment>
      segment;          ///< Holds the wanted event; null when nothing more is durable, or it was deleted.
  bool sealed = false;  ///< Then `runs` is empty and the reader looks into the segment's index.
  std::vector<Run> runs;
};

/// The runs from the one that holds `sequence` on, until they have `size_max` bytes; at least one when there
/// is one.
std::vector<Run> select_runs(std::span<const Run> runs, std::uint64_t sequence, std::size_t size_max);

/// What is durable and where: the meeting place of the appender, which adds, and the readers. Thread-safe.
/// Never does I/O.
class Catalog {
 public:
  /// Declares a partition, standing at `point`. Called before any event of it.
  void add_partition(const PartitionPoint& point);

  /// Enters a segment that recovery found sealed, oldest first.
  void add_sealed(std::shared_ptr<Segment> segment, const std::vector<Extent>& extents);
  /// Enters the live segment; the one that was live before is sealed, and returned with its index (null the
  /// first time).
  struct Sealed {
    std::shared_ptr<Segment> segment;
    std::shared_ptr<const SegmentIndex> index;
  };
  Sealed begin_segment(std::shared_ptr<Segment> segment);
  /// The index of a sealed segment is on disk, or must be kept here.
  void index_written(const std::shared_ptr<Segment>& segment, std::shared_ptr<const SegmentIndex> kept);
  /// Makes the runs of one batch visible: called when they are durable. They lie in the live segment.
  void publish(const std::vector<std::pair<PartitionId, Run>>& runs);

  /// Takes out the oldest sealed segments whose newest event is older than `limit`, for deletion.
  std::vector<std::shared_ptr<Segment>> expire(WallTime limit);
  /// Enqueued time of the live segment's first event; max when it has none.
  WallTime live_oldest() const;
  std::size_t segment_count() const;

  PartitionInfo info(PartitionId id) const;
  ReadPlan plan(PartitionId id, std::uint64_t sequence, std::size_t size_max) const;
  /// The segment that holds the first event at or after the offset or time; null when there is none.
  std::shared_ptr<Segment> find_offset(PartitionId id, std::uint64_t offset) const;
  std::shared_ptr<Segment> find_time(PartitionId id, WallTime time) const;
  /// All runs of a partition in a live segment; nullopt when it is sealed (or sealed meanwhile).
  std::optional<std::vector<Run>> live_runs(const std::shared_ptr<Segment>& segment, PartitionId id) const;

  /// The index of a sealed segment if someone holds it.
  std::shared_ptr<const SegmentIndex> held_index(const std::shared_ptr<Segment>& segment) const;
  void share_index(const std::shared_ptr<Segment>& segment, const std::shared_ptr<const SegmentIndex>& index);

 private:
  struct Stretch {
    Extent extent;
    std::shared_ptr<Segment> segment;
  };
  struct Partition {
    PartitionPoint point;
    std::deque<Stretch> stretches;  ///< One a segment that holds something of it, oldest first.
  };
  PartitionInfo info_of(const Partition& partition) const;
  const Partition& partition(PartitionId id) const;

  mutable std::mutex mutex_;
  std::map<PartitionId, Partition> partitions_;
  std::deque<std::shared_ptr<Segment>> segments_;  ///< Oldest first; the last is live.
};

}  // namespace muster::eventlog
