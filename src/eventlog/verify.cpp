#include "eventlog/verify.hpp"

#include "eventlog/format/hub_table.hpp"
#include "eventlog/format/index_file.hpp"
#include "eventlog/recovery.hpp"

namespace muster::eventlog {
namespace {

using Weight = LogFinding::Weight;

bool about_content(const Error& error) {
  return error.code() == ErrorCode::log_corrupt || error.code() == ErrorCode::log_newer;
}

class Verification {
 public:
  Verification(disk::Disk& disk, std::string directory) : disk_{disk}, directory_{std::move(directory)} {}

  Result<LogReport> run() {
    auto hubs = read_hub_table(disk_, directory_);
    if (hubs) {
      points_ = points_of(*hubs);
    } else if (about_content(hubs.error())) {
      find(Weight::damage, path_of(kHubTableName), hubs.error().reason());
    } else {
      return failure(std::move(hubs).error());
    }
    MUSTER_TRY(const std::vector<std::string> names, disk_.list(directory_));
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : names) {
      if (const std::uint64_t number = segment_number(name); number != 0) numbers.push_back(number);
    }
    if (numbers.empty() && !points_.empty()) {
      find(Weight::damage, path_of(segment_name(1)), "no segment is there, though the hub table knows hubs");
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0 && numbers[i] != numbers[i - 1] + 1) {
        find(Weight::damage, path_of(segment_name(numbers[i - 1] + 1)), "the segment is missing");
        chained_ = false;
      }
      MUSTER_CHECK(segment(numbers[i], i + 1 == numbers.size()));
    }
    return std::move(report_);
  }

 private:
  std::string path_of(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }
  void find(Weight weight, std::string file, std::string what) {
    report_.findings.push_back({weight, std::move(file), std::move(what)});
  }

  Result<void> segment(std::uint64_t number, bool live) {
    const std::string path = path_of(segment_name(number));
    MUSTER_TRY(const std::unique_ptr<disk::File> file, disk_.open(path, disk::OpenMode::read));
    ++report_.segments;
    auto header = read_segment_header(*file, path);
    if (!header) {
      if (!about_content(header.error())) return failure(std::move(header).error());
      find(Weight::damage, path, header.error().reason());
      chained_ = false;
      return {};
    }
    if (!chained_) adopt(*header);
    if (header->number != number || header->first_batch != next_batch_ ||
        header->previous_checksum != last_checksum_) {
      find(Weight::damage, path, "byte 0: it does not go on from the segment before it");
      adopt(*header);
    }
    Replay replay{points_, path};
    if (const auto fits = replay.check_header(*header); !fits) {
      find(Weight::damage, path, fits.error().reason());
      adopt(*header);
    }
    return batches(*file, *header, replay, live);
  }

  /// After damage: where the next segment says that things stand.
  void adopt(const SegmentHeader& header) {
    for (const PartitionPoint& point : header.points) points_[point.id] = point;
    next_batch_ = header.first_batch;
    last_checksum_ = header.previous_checksum;
    chained_ = true;
  }

  Result<void> batches(disk::File& file, const SegmentHeader& header, Replay& replay, bool live) {
    const std::string path = path_of(segment_name(header.number));
    const auto visit = [&](const ScannedBatch& batch) -> Result<void> {
      ++report_.batches;
      report_.events += batch.records.size();
      report_.bytes += batch.header.bytes - kBatchHeaderBytes;
      return replay.visit(batch);
    };
    const auto end = scan_segment(file, header, visit);
    if (!end) {
      if (!about_content(end.error())) return failure(end.error());
      find(Weight::damage, path, end.error().reason());
      chained_ = false;
      return {};
    }
    next_batch_ = end->next_batch;
    last_checksum_ = end->last_checksum;
    if (end->state != ScanEnd::State::clean) {
      const bool tail = live && end->state == ScanEnd::State::torn;
      find(tail ? Weight::harmless : Weight::damage, path, end->fault);
      chained_ = false;
      return {};
    }
    if (live) return {};
    return index(header, *end, replay);
  }

  Result<void> index(const SegmentHeader& header, const ScanEnd& end, const Replay& replay) {
    const std::string path = path_of(index_name(header.number));
    MUSTER_TRY(const bool there, disk_.exists(path));
    if (!there) {
      find(Weight::harmless, path, "the index is missing");
      return {};
    }
    MUSTER_TRY(const Bytes bytes, disk::read_all(disk_, path, kIndexBytesMax));
    const IndexSummary summary{.segment = header.number,
                               .end = end.end,
                               .next_batch = end.next_batch,
                               .last_checksum = end.last_checksum,
                               .header_checksum = header.checksum,
                               .newest = replay.newest(),
                               .extents = {}};
    if (bytes != encode_index(summary, replay.index())) {
      find(Weight::harmless, path, "the index is not that of its segment");
    }
    return {};
  }

  disk::Disk& disk_;
  std::string directory_;
  LogReport report_;
  Points points_;
  bool chained_ = false;
  std::uint64_t next_batch_ = 1;
  std::uint32_t last_checksum_ = 0;
};

}  // namespace

Result<LogReport> verify_log(disk::Disk& disk, const std::string& directory) {
  return Verification{disk, directory}.run();
}

}  // namespace muster::eventlog
