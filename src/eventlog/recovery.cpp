#include "eventlog/recovery.hpp"

#include "base/log.hpp"
#include "disk/path.hpp"
#include "eventlog/format/index_file.hpp"

#include <algorithm>

namespace muster::eventlog {
namespace {

constexpr std::size_t kZeroChunkBytes = 1u << 20;

/// Where the chain of batches has come to.
struct Chain {
  std::uint64_t next_batch = 1;
  std::uint32_t last_checksum = 0;
};

tl::unexpected<Error> corrupt(const std::string& path, std::string_view what) {
  return failure(ErrorCode::log_corrupt, fmt::format("{}, {}", path, what));
}

class Recovery {
 public:
  Recovery(disk::Disk& disk, std::string directory, Catalog& catalog)
      : disk_{disk}, directory_{std::move(directory)}, catalog_{catalog} {}

  Result<Recovered> run();

 private:
  Result<void> prepare_directory();
  Result<void> check_some_segment_is_there() const;
  Result<void> drop_unfinished_segment();
  Result<std::string> proof_of_a_header(std::uint64_t number);
  Result<void> begin_at_first_header();
  Result<void> recover_sealed(std::uint64_t number);
  Result<void> recover_by_reading(const std::shared_ptr<Segment>& segment, disk::File& file,
                                  const SegmentHeader& header);
  Result<void> recover_live(std::uint64_t number);
  Result<void> repair(disk::File& file, const SegmentHeader& header, const ScanEnd& end);
  Result<void> make_durable(disk::File& file, const SegmentHeader& header, const ScanEnd& end);
  Result<void> check_chain(const SegmentHeader& header, const std::string& path) const;

  std::string path_of(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }
  std::shared_ptr<Segment> segment_of(const SegmentHeader& header) const {
    auto segment = std::make_shared<Segment>();
    segment->number = header.number;
    segment->path = path_of(segment_name(header.number));
    segment->index_path = path_of(index_name(header.number));
    segment->header_checksum = header.checksum;
    return segment;
  }

  disk::Disk& disk_;
  std::string directory_;
  Catalog& catalog_;
  Recovered recovered_;
  std::vector<std::uint64_t> numbers_;
  Chain chain_;
};

Result<void> Recovery::prepare_directory() {
  MUSTER_CHECK(disk_.make_directory(directory_));
  MUSTER_CHECK(disk_.sync_directory(disk::parent_of(directory_)));
  MUSTER_TRY(const std::vector<std::string> names, disk_.list(directory_));
  for (const std::string& name : names) {
    if (name.ends_with(".tmp")) {
      MUSTER_CHECK(disk_.remove(path_of(name)));
    }
  }
  return {};
}

/// The first segment is durable before the first hub is entered, and one is there ever after.
Result<void> Recovery::check_some_segment_is_there() const {
  if (!numbers_.empty() || recovered_.hubs.empty()) return {};
  return corrupt(path_of(segment_name(1)), fmt::format("no segment is there, though {} knows {} hubs",
                                                       path_of(kHubTableName), recovered_.hubs.size()));
}

/// What shows that a segment has had a whole header, which is durable before any of these is written. Empty
/// when nothing does. The index of the segment before it is only a hint that may be missing, so a segment cut
/// short can still pass for one in the making where writing that index had failed.
Result<std::string> Recovery::proof_of_a_header(std::uint64_t number) {
  for (const std::uint64_t indexed : {number, number - 1}) {
    MUSTER_TRY(const bool there, disk_.exists(path_of(index_name(indexed))));
    if (there) return path_of(index_name(indexed));
  }
  if (numbers_.size() == 1 && !recovered_.hubs.empty()) return path_of(kHubTableName);
  return std::string{};
}

/// A segment is made before anything is written to it: the last one may lack a whole header, and then has no
/// batch.
Result<void> Recovery::drop_unfinished_segment() {
  const std::uint64_t number = numbers_.back();
  const std::string path = path_of(segment_name(number));
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk_.open(path, disk::OpenMode::read));
  const auto header = read_segment_header(*file, path);
  if (header || header.error().code() != ErrorCode::log_corrupt) {
    MUSTER_CHECK(header);
    return {};
  }
  MUSTER_TRY(const std::uint64_t size, file->size());
  Bytes bytes(kZeroChunkBytes);
  for (std::uint64_t position = 0; position < size; position += kZeroChunkBytes) {
    MUSTER_TRY(const std::size_t got, file->read_at(position, bytes));
    for (std::size_t at = 0; at + 4 <= got; at += kSectorBytes) {
      if (as_text(ByteView{bytes}.subspan(at, 4)) == "MUBT") return failure(header.error());
    }
  }
  MUSTER_TRY(const std::string proof, proof_of_a_header(number));
  if (!proof.empty()) {
    return failure(ErrorCode::log_corrupt,
                   fmt::format("{}; the file has {} bytes, and {} was written when its header was whole",
                               header.error().reason(), size, proof));
  }
  // Sequence numbers would begin again: only the first of all segments may vanish without one before it.
  if (numbers_.size() == 1 && number != 1) return failure(header.error());
  log::warning("eventlog", "removing a segment that was being made when the process ended file={}",
               log::field(path));
  MUSTER_CHECK(disk_.remove(path));
  MUSTER_CHECK(disk_.sync_directory(directory_));
  numbers_.pop_back();
  return {};
}

/// The first segment says where the partitions stood when what came before was deleted.
Result<void> Recovery::begin_at_first_header() {
  const std::string path = path_of(segment_name(numbers_.front()));
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk_.open(path, disk::OpenMode::read));
  MUSTER_TRY(const SegmentHeader header, read_segment_header(*file, path));
  for (const PartitionPoint& point : header.points) {
    const auto known = recovered_.points.find(point.id);
    if (known == recovered_.points.end()) {
      return corrupt(path, fmt::format("byte 64: hub {} partition {} is not in {}", point.id.hub,
                                       point.id.partition, path_of(kHubTableName)));
    }
    known->second = point;
  }
  chain_ = {header.first_batch, header.previous_checksum};
  return {};
}

Result<void> Recovery::check_chain(const SegmentHeader& header, const std::string& path) const {
  if (header.first_batch == chain_.next_batch && header.previous_checksum == chain_.last_checksum) return {};
  return corrupt(
      path,
      fmt::format("byte 32: it goes on from batch {} with checksum {:08x}, but the segment before it ends "
                  "before batch {} with {:08x}",
                  header.first_batch, header.previous_checksum, chain_.next_batch, chain_.last_checksum));
}

Result<void> Recovery::recover_sealed(std::uint64_t number) {
  const std::string path = path_of(segment_name(number));
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk_.open(path, disk::OpenMode::read));
  MUSTER_TRY(const SegmentHeader header, read_segment_header(*file, path));
  MUSTER_CHECK(check_chain(header, path));
  MUSTER_CHECK(Replay(recovered_.points, path).check_header(header));
  const auto segment = segment_of(header);
  MUSTER_TRY(const std::optional<IndexSummary> summary,
             read_index_summary(disk_, segment->index_path, header));
  if (!summary) return recover_by_reading(segment, *file, header);
  for (const Extent& extent : summary->extents) {
    const auto point = recovered_.points.find(extent.id);
    if (point == recovered_.points.end() || point->second.next_sequence != extent.first_sequence ||
        point->second.next_offset != extent.first_offset) {
      return recover_by_reading(segment, *file, header);
    }
  }
  for (const Extent& extent : summary->extents) {
    recovered_.points[extent.id] = {extent.id, extent.next_sequence, extent.next_offset, extent.last_time};
    segment->oldest = std::min(segment->oldest, extent.first_time);
  }
  segment->newest = summary->newest;
  chain_ = {summary->next_batch, summary->last_checksum};
  catalog_.add_sealed(segment, summary->extents);
  return {};
}

Result<void> Recovery::recover_by_reading(const std::shared_ptr<Segment>& segment, disk::File& file,
                                          const SegmentHeader& header) {
  Replay replay{recovered_.points, segment->path};
  MUSTER_TRY(const ScanEnd end,
             scan_segment(file, header, [&](const ScannedBatch& batch) { return replay.visit(batch); }));
  // Nothing of a sealed segment can be a torn tail: the next one was begun when all of it was durable.
  if (end.state != ScanEnd::State::clean) return corrupt(segment->path, end.fault);
  segment->oldest = replay.oldest();
  segment->newest = replay.newest();
  chain_ = {end.next_batch, end.last_checksum};
  const IndexSummary summary{.segment = segment->number,
                             .end = end.end,
                             .next_batch = end.next_batch,
                             .last_checksum = end.last_checksum,
                             .header_checksum = header.checksum,
                             .newest = replay.newest(),
                             .extents = {}};
  if (const auto written = write_index(disk_, segment->index_path, summary, replay.index()); !written) {
    log::warning("eventlog", "an index could not be written: readers will read the segment instead reason={}",
                 log::field(written.error().reason()));
  }
  catalog_.add_sealed(segment, replay.index().extents());
  return {};
}

/// Cuts the torn batch off, but for its whole records. Two syncs, so that a crash in between leaves a torn
/// tail again.
Result<void> Recovery::repair(disk::File& file, const SegmentHeader& header, const ScanEnd& end) {
  std::uint64_t from = end.end;
  if (end.salvaged.record_count > 0) {
    BatchHeader salvaged = end.salvaged;
    std::array<std::byte, kBatchHeaderBytes> bytes;
    encode(salvaged, header.checksum, bytes.data());
    MUSTER_CHECK(file.write_at(end.end, bytes));
    MUSTER_CHECK(file.sync_data());
    from = end.end + salvaged.bytes;
  }
  const Bytes zeros(kZeroChunkBytes);
  while (from < end.dirty_end) {
    const std::uint64_t count = std::min<std::uint64_t>(kZeroChunkBytes, end.dirty_end - from);
    MUSTER_CHECK(file.write_at(from, ByteView{zeros}.first(static_cast<std::size_t>(count))));
    from += count;
  }
  // A batch cut short by the end of the file.
  MUSTER_TRY(const std::uint64_t size, file.size());
  if (size % kSectorBytes != 0) {
    MUSTER_CHECK(file.write_at(size, ByteView{zeros}.first(static_cast<std::size_t>(padded(size) - size))));
  }
  return file.sync_data();
}

/// An earlier process may have failed to sync what is read here: Linux then keeps it in memory, marked as
/// clean, and a sync alone would say that it is durable. Written again, it is. Earlier batches were synced
/// before later ones were begun.
Result<void> Recovery::make_durable(disk::File& file, const SegmentHeader& header, const ScanEnd& end) {
  const auto again = [&file](std::uint64_t position, std::uint64_t size) -> Result<void> {
    Bytes bytes(static_cast<std::size_t>(size));
    MUSTER_TRY(const std::size_t got, file.read_at(position, bytes));
    return file.write_at(position, ByteView{bytes}.first(got));
  };
  MUSTER_CHECK(again(0, header.bytes));
  if (end.last_position > 0) {
    MUSTER_CHECK(again(end.last_position, padded(end.last_bytes)));
  }
  MUSTER_CHECK(file.sync_data());
  return disk_.sync_directory(directory_);
}

Result<void> Recovery::recover_live(std::uint64_t number) {
  const std::string path = path_of(segment_name(number));
  MUSTER_TRY(std::unique_ptr<disk::File> file, disk_.open(path, disk::OpenMode::read_write));
  MUSTER_TRY(const SegmentHeader header, read_segment_header(*file, path));
  MUSTER_CHECK(check_chain(header, path));
  const Points before = recovered_.points;
  MUSTER_CHECK(Replay(recovered_.points, path).check_header(header));
  for (bool repaired = false;; repaired = true) {
    recovered_.points = before;
    Replay replay{recovered_.points, path};
    MUSTER_TRY(const ScanEnd end,
               scan_segment(*file, header, [&](const ScannedBatch& batch) { return replay.visit(batch); }));
    if (end.state == ScanEnd::State::corrupt || (repaired && end.state != ScanEnd::State::clean)) {
      return corrupt(path, end.fault);
    }
    if (end.state == ScanEnd::State::torn) {
      log::warning("eventlog", "cutting off a torn tail file={} fault={} records_kept={}", log::field(path),
                   log::field(end.fault), end.salvaged.record_count);
      MUSTER_CHECK(repair(*file, header, end));
      continue;
    }
    MUSTER_CHECK(make_durable(*file, header, end));
    catalog_.begin_segment(segment_of(header));
    catalog_.publish(replay.runs());
    recovered_.stopped_in_order = end.last_is_stop;
    recovered_.writer.emplace(disk_, directory_, std::move(file), header);
    recovered_.writer->resume(end.end, end.file_bytes, end.next_batch, end.last_checksum);
    return {};
  }
}

Result<Recovered> Recovery::run() {
  MUSTER_CHECK(prepare_directory());
  MUSTER_TRY(recovered_.hubs, read_hub_table(disk_, directory_));
  recovered_.points = points_of(recovered_.hubs);
  MUSTER_TRY(numbers_, list_segments(disk_, directory_));
  MUSTER_CHECK(check_some_segment_is_there());
  if (!numbers_.empty()) {
    MUSTER_CHECK(drop_unfinished_segment());
  }
  if (!numbers_.empty()) {
    MUSTER_CHECK(begin_at_first_header());
  }
  for (const auto& [id, point] : recovered_.points) catalog_.add_partition(point);
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const bool live = i + 1 == numbers_.size();
    MUSTER_CHECK(live ? recover_live(numbers_[i]) : recover_sealed(numbers_[i]));
  }
  return std::move(recovered_);
}

}  // namespace

Points points_of(const std::vector<HubEntry>& hubs) {
  Points points;
  for (const HubEntry& hub : hubs) {
    for (std::uint32_t partition = 0; partition < hub.partition_count; ++partition) {
      const PartitionId id{hub.number, partition};
      points[id] = PartitionPoint{.id = id};
    }
  }
  return points;
}

Result<std::vector<std::uint64_t>> list_segments(disk::Disk& disk, const std::string& directory) {
  MUSTER_TRY(const std::vector<std::string> names, disk.list(directory));
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : names) {
    if (const std::uint64_t number = segment_number(name); number != 0) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    if (numbers[i] != numbers[i - 1] + 1) {
      return failure(ErrorCode::log_corrupt,
                     fmt::format("{}/{} is missing, though {} is there", directory,
                                 segment_name(numbers[i - 1] + 1), segment_name(numbers[i])));
    }
  }
  return numbers;
}

Result<void> Replay::check_header(const SegmentHeader& header) const {
  for (const PartitionPoint& point : header.points) {
    const auto known = points_.find(point.id);
    if (known == points_.end() || known->second != point) {
      return corrupt(
          path_,
          fmt::format("byte 64: it begins at event {} of hub {} partition {}, which the segments before "
                      "it do not lead to",
                      point.next_sequence, point.id.hub, point.id.partition));
    }
  }
  return {};
}

Result<void> Replay::visit(const ScannedBatch& batch) {
  for (const auto& [id, run] : runs_of(batch)) {
    const auto known = points_.find(id);
    if (known == points_.end()) {
      return corrupt(path_, fmt::format("byte {}: hub {} partition {} is not in the hub table", run.position,
                                        id.hub, id.partition));
    }
    PartitionPoint& point = known->second;
    if (run.first_sequence != point.next_sequence || run.first_offset != point.next_offset) {
      return corrupt(
          path_, fmt::format("byte {}: event {} at offset {} of hub {} partition {} stands where event {} at "
                             "offset {} is due",
                             run.position, run.first_sequence, run.first_offset, id.hub, id.partition,
                             point.next_sequence, point.next_offset));
    }
    point = {id, run.next_sequence(), run.next_offset(), run.enqueued};
    index_.add(id, run);
    runs_.emplace_back(id, run);
    oldest_ = std::min(oldest_, run.enqueued);
    newest_ = std::max(newest_, run.enqueued);
  }
  return {};
}

Result<Recovered> recover(disk::Disk& disk, const std::string& directory, Catalog& catalog) {
  return Recovery{disk, directory, catalog}.run();
}

}  // namespace muster::eventlog
