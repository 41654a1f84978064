#pragma once

#include "disk/file.hpp"
#include "eventlog/catalog.hpp"
#include "eventlog/event_log.hpp"
#include "eventlog/format/record.hpp"

#include <memory>
#include <string>

namespace muster::eventlog {

/// Reads one partition through files of its own. Used by one thread at a time; many readers and the appender
/// run at once.
class LogReader final : public Reader {
 public:
  LogReader(disk::Disk& disk, std::shared_ptr<Catalog> catalog, PartitionId id, std::string hub);

  /// Moves to a position. offset_expired when it was deleted, field_invalid when it lies beyond the end.
  Result<void> seek(const ReadPosition& from);

  Result<ReadBatch> read(std::size_t size_max) override;
  std::uint64_t next_sequence_number() const override { return next_.sequence; }
  std::uint64_t next_offset() const override { return next_.offset; }

 private:
  /// A part of the file to be read at once, and where it goes in the batch's buffer.
  struct Piece {
    std::uint64_t position = 0;
    std::size_t size = 0;
    std::size_t into = 0;
  };
  /// What is to be decoded of one run.
  struct Stretch {
    std::uint64_t position = 0;  ///< In the file.
    std::size_t at = 0;          ///< In the buffer.
    std::size_t size = 0;
    bool cut = false;  ///< It may end within a record.
  };
  struct Layout {
    std::vector<Piece> pieces;
    std::vector<Stretch> stretches;
    std::size_t bytes = 0;  ///< Of the buffer.
  };

  Result<void> use(const std::shared_ptr<Segment>& segment);
  Result<std::span<const Run>> sealed_runs();
  Result<std::vector<Run>> runs_in(const std::shared_ptr<Segment>& segment);
  Result<std::size_t> size_to_read(std::uint64_t position, std::size_t left, std::size_t wanted, bool first);
  Result<Layout> lay_out(const std::vector<Run>& runs, std::size_t size_max);
  Result<ReadBatch> read_runs(const std::vector<Run>& runs, std::size_t size_max);
  Result<void> decode(const Stretch& stretch, ReadBatch& batch);
  Result<Place> find_in_run(const Run& run, std::uint64_t sequence, std::uint64_t offset);
  Error expired(const PartitionInfo& info, std::string_view what, std::uint64_t wanted) const;

  Result<void> seek_sequence(std::uint64_t sequence, const PartitionInfo& info);
  Result<void> seek_offset(std::uint64_t offset, const PartitionInfo& info);
  Result<void> seek_time(WallTime time, const PartitionInfo& info);

  disk::Disk& disk_;
  std::shared_ptr<Catalog> catalog_;
  PartitionId id_;
  std::string hub_;
  Place next_;
  std::shared_ptr<Segment> segment_;
  std::unique_ptr<disk::File> file_;
  std::shared_ptr<const SegmentIndex> index_;  ///< Of `segment_` once it is sealed.
};

}  // namespace muster::eventlog
