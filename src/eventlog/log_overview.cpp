#include "eventlog/log_overview.hpp"

#include "eventlog/format/index_file.hpp"
#include "eventlog/hub_names.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace muster::eventlog {
namespace {

class Overview {
 public:
  Overview(disk::Disk& disk, const std::string& directory)
      : disk_{disk}, directory_{directory}, names_{disk, directory} {}

  /// nullopt when the file is gone.
  Result<std::optional<SegmentOverview>> of(std::uint64_t number, bool live) {
    SegmentOverview segment;
    segment.number = number;
    segment.live = live;
    segment.path = fmt::format("{}/{}", directory_, segment_name(number));
    auto file = disk_.open(segment.path, disk::OpenMode::read);
    if (!file) {
      MUSTER_TRY(const bool there, disk_.exists(segment.path));
      if (!there) return std::nullopt;
      return failure(std::move(file).error());
    }
    MUSTER_TRY(segment.file_bytes, (*file)->size());
    const auto header = read_segment_header(**file, segment.path);
    if (!header) {
      const bool content =
          header.error().code() == ErrorCode::log_corrupt || header.error().code() == ErrorCode::log_newer;
      if (!content) return failure(header.error());
      segment.header_fault = header.error().reason();
      return segment;
    }
    segment.created = header->created;
    segment.first_batch = header->first_batch;
    MUSTER_TRY(const bool indexed, live ? Result<bool>{false} : by_index(segment, *header));
    if (!indexed) {
      MUSTER_CHECK(by_reading(segment, **file, *header));
    }
    return segment;
  }

 private:
  Result<bool> by_index(SegmentOverview& segment, const SegmentHeader& header) {
    const std::string path = fmt::format("{}/{}", directory_, index_name(segment.number));
    MUSTER_TRY(const std::optional<IndexSummary> summary, read_index_summary(disk_, path, header));
    if (!summary) return false;
    segment.end = summary->end;
    segment.batches = summary->next_batch - header.first_batch;
    for (const Extent& extent : summary->extents) {
      segment.partitions.push_back({std::string{names_.of(extent.id.hub)}, extent,
                                    extent.next_sequence - extent.first_sequence,
                                    extent.next_offset - extent.first_offset});
    }
    return true;
  }

  Result<void> by_reading(SegmentOverview& segment, disk::File& file, const SegmentHeader& header) {
    std::map<PartitionId, PartitionRange> ranges;
    const auto visit = [&](const ScannedBatch& batch) -> Result<void> {
      ++segment.batches;
      for (const auto& [id, run] : runs_of(batch)) add(ranges[id], id, run);
      return {};
    };
    const auto damaged = [&](const SegmentDamage& damage) { segment.damages.push_back(damage); };
    MUSTER_TRY(const ScanEnd end, scan_past_damage(file, header, visit, damaged));
    segment.end = end.end;
    for (auto& [id, range] : ranges) segment.partitions.push_back(std::move(range));
    return {};
  }

  /// Not SegmentIndex's add, which takes it that nothing is missing.
  void add(PartitionRange& range, PartitionId id, const Run& run) {
    Extent& extent = range.extent;
    if (extent.run_count == 0) {
      range.hub = names_.of(id.hub);
      extent.id = id;
      extent.first_sequence = run.first_sequence;
      extent.first_offset = run.first_offset;
      extent.first_time = run.enqueued;
    }
    ++extent.run_count;
    extent.next_sequence = run.next_sequence();
    extent.next_offset = run.next_offset();
    extent.last_time = run.enqueued;
    range.events += run.count;
    range.bytes += run.bytes;
  }

  disk::Disk& disk_;
  const std::string& directory_;
  HubNames names_;
};

}  // namespace

std::uint64_t SegmentOverview::events() const noexcept {
  std::uint64_t sum = 0;
  for (const PartitionRange& range : partitions) sum += range.events;
  return sum;
}

std::uint64_t SegmentOverview::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const PartitionRange& range : partitions) sum += range.bytes;
  return sum;
}

WallTime SegmentOverview::oldest() const noexcept {
  WallTime time = WallTime::max();
  for (const PartitionRange& range : partitions) time = std::min(time, range.extent.first_time);
  return time;
}

WallTime SegmentOverview::newest() const noexcept {
  WallTime time = WallTime::min();
  for (const PartitionRange& range : partitions) time = std::max(time, range.extent.last_time);
  return time;
}

Result<std::vector<SegmentOverview>> log_overview(disk::Disk& disk, const std::string& directory) {
  MUSTER_TRY(const std::vector<std::string> names, disk.list(directory));
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : names) {
    if (const std::uint64_t number = segment_number(name); number != 0) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  Overview overview{disk, directory};
  std::vector<SegmentOverview> segments;
  for (const std::uint64_t number : numbers) {
    MUSTER_TRY(auto segment, overview.of(number, number == numbers.back()));
    if (segment) segments.push_back(*std::move(segment));
  }
  return segments;
}

}  // namespace muster::eventlog
