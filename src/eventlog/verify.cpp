#include "eventlog/verify.hpp"

#include "eventlog/format/hub_table.hpp"
#include "eventlog/format/index_file.hpp"
#include "eventlog/hub_names.hpp"
#include "eventlog/past_damage.hpp"
#include "eventlog/recovery.hpp"

#include <algorithm>
#include <optional>

namespace muster::eventlog {
namespace {

using Weight = LogFinding::Weight;

bool about_content(const Error& error) {
  return error.code() == ErrorCode::log_corrupt || error.code() == ErrorCode::log_newer;
}

class Verification {
 public:
  Verification(disk::Disk& disk, std::string directory)
      : disk_{disk}, directory_{std::move(directory)}, names_{disk_, directory_} {}

  Result<LogReport> run() {
    auto hubs = read_hub_table(disk_, directory_);
    if (hubs) {
      points_ = points_of(*hubs);
    } else if (about_content(hubs.error())) {
      find(path_of(kHubTableName), hubs.error().reason());
    } else {
      return failure(std::move(hubs).error());
    }
    MUSTER_TRY(const std::vector<std::string> names, disk_.list(directory_));
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : names) {
      if (const std::uint64_t number = segment_number(name); number != 0) numbers.push_back(number);
    }
    std::ranges::sort(numbers);
    if (numbers.empty() && !points_.empty()) {
      find(path_of(segment_name(1)), "no segment is there, though the hub table knows hubs");
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0 && numbers[i] != numbers[i - 1] + 1) {
        blame(find(path_of(segment_name(numbers[i - 1] + 1)), "the segment is missing"));
      }
      MUSTER_CHECK(segment(numbers[i], i + 1 == numbers.size()));
    }
    return std::move(report_);
  }

 private:
  std::string path_of(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }

  /// Returns where in the report it is.
  std::size_t find(std::string file, std::string what, Weight weight = Weight::damage,
                   std::uint64_t position = 0) {
    report_.findings.push_back({weight, std::move(file), position, std::move(what), {}});
    return report_.findings.size() - 1;
  }
  /// What is missing from here on is that finding's cost, and how things stand is to be learned anew.
  void blame(std::size_t finding) {
    blamed_ = finding;
    chained_ = false;
  }
  void lose(PartitionId id, std::uint64_t first, std::uint64_t next) {
    if (!blamed_ || first >= next) return;
    report_.findings[*blamed_].lost.push_back(
        {std::string{names_.of(id.hub)}, id.partition, first, next - 1});
  }

  /// nullptr when retention has deleted it since the directory was listed.
  Result<std::unique_ptr<disk::File>> open(const std::string& path) {
    auto file = disk_.open(path, disk::OpenMode::read);
    if (file) return file;
    MUSTER_TRY(const bool there, disk_.exists(path));
    if (there) return failure(std::move(file).error());
    return std::unique_ptr<disk::File>{};
  }

  Result<void> segment(std::uint64_t number, bool live) {
    const std::string path = path_of(segment_name(number));
    MUSTER_TRY(const std::unique_ptr<disk::File> file, open(path));
    if (!file) {
      chained_ = false;
      return {};
    }
    ++report_.segments;
    auto header = read_segment_header(*file, path);
    if (!header) {
      if (!about_content(header.error())) return failure(std::move(header).error());
      blame(find(path, header.error().reason()));
      return {};
    }
    if (!chained_) {
      adopt(*header);
    } else if (blamed_) {
      adopt_points(*header);
    }
    blamed_.reset();
    if (header->number != number || header->first_batch != next_batch_ ||
        header->previous_checksum != last_checksum_) {
      blame(find(path, "byte 0: it does not go on from the segment before it"));
      adopt(*header);
    }
    if (const auto fits = Replay{points_, path}.check_header(*header); !fits) {
      blame(find(path, fits.error().reason()));
      adopt(*header);
    }
    return batches(*file, *header, live);
  }

  void adopt_points(const SegmentHeader& header) {
    for (const PartitionPoint& point : header.points) {
      PartitionPoint& known = points_[point.id];
      lose(point.id, known.next_sequence, point.next_sequence);
      known = point;
    }
  }
  /// Where the segment says that things stand: after damage, and of the oldest one that is kept.
  void adopt(const SegmentHeader& header) {
    adopt_points(header);
    next_batch_ = header.first_batch;
    last_checksum_ = header.previous_checksum;
    chained_ = true;
  }

  Result<void> batches(disk::File& file, const SegmentHeader& header, bool live) {
    const std::string path = path_of(segment_name(header.number));
    std::optional<Replay> replay{std::in_place, points_, path};
    const auto visit = [&](const ScannedBatch& batch) -> Result<void> {
      ++report_.batches;
      report_.events += batch.records.size();
      report_.bytes += batch.header.bytes - kBatchHeaderBytes;
      skip_what_is_lost(batch);
      return replay->visit(batch);
    };
    bool whole_end = true;
    const auto damaged = [&](const SegmentDamage& damage) {
      const bool tail = live && damage.torn;
      whole_end = damage.resumes_at != 0;
      blame(find(path, damage.what, tail ? Weight::harmless : Weight::damage, damage.position));
      replay.emplace(points_, path);  // Its index has no gaps.
    };
    const auto end = scan_past_damage(file, header, visit, damaged);
    if (!end) {
      if (!about_content(end.error())) return failure(end.error());
      blame(find(path, end.error().reason()));
      return {};
    }
    next_batch_ = end->next_batch;
    last_checksum_ = end->last_checksum;
    // Where batches follow the damage, the next segment has to go on from them.
    chained_ = whole_end;
    if (live && end->salvaged.record_count > 0) {
      MUSTER_CHECK(salvaged(file, *end, path));
    }
    if (live || blamed_) return {};
    return index(header, *end, *replay);
  }

  /// Opening keeps the whole records of a torn batch: they must go on from those before them, like any
  /// others.
  Result<void> salvaged(disk::File& file, const ScanEnd& end, const std::string& path) {
    Bytes bytes(end.salvaged.bytes);
    MUSTER_TRY(const std::size_t got, file.read_at(end.end, bytes));
    ByteView rest = ByteView{bytes}.first(got).subspan(std::min(got, kBatchHeaderBytes));
    ScannedBatch batch{.header = end.salvaged, .position = end.end, .records = {}};
    while (batch.records.size() < end.salvaged.record_count) {
      const auto record = decode_record(rest);
      if (!record) break;
      batch.records.push_back(*record);
      rest = rest.subspan(record->bytes);
    }
    Points points = points_;
    if (const auto fits = Replay{points, path}.visit(batch); !fits) {
      find(path, fits.error().reason(), Weight::damage, end.end);
    }
    return {};
  }

  /// Behind damage: the first event of each partition tells how many are missing before it.
  void skip_what_is_lost(const ScannedBatch& batch) {
    if (!blamed_) return;
    for (const auto& [id, run] : runs_of(batch)) {
      const auto point = points_.find(id);
      if (point == points_.end() || run.first_sequence <= point->second.next_sequence) continue;
      lose(id, point->second.next_sequence, run.first_sequence);
      point->second.next_sequence = run.first_sequence;
      point->second.next_offset = run.first_offset;
    }
  }

  Result<void> index(const SegmentHeader& header, const ScanEnd& end, const Replay& replay) {
    const std::string path = path_of(index_name(header.number));
    MUSTER_TRY(const bool there, disk_.exists(path));
    if (!there) {
      find(path, "the index is missing", Weight::harmless);
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
      find(path, "the index is not that of its segment", Weight::harmless);
    }
    return {};
  }

  disk::Disk& disk_;
  std::string directory_;
  HubNames names_;
  LogReport report_;
  Points points_;
  std::optional<std::size_t> blamed_;  ///< The finding that explains what is missing now.
  bool chained_ = false;
  std::uint64_t next_batch_ = 1;
  std::uint32_t last_checksum_ = 0;
};

}  // namespace

bool LogReport::sound() const noexcept {
  return std::ranges::none_of(findings,
                              [](const LogFinding& finding) { return finding.weight == Weight::damage; });
}

Result<LogReport> verify_log(disk::Disk& disk, const std::string& directory) {
  return Verification{disk, directory}.run();
}

}  // namespace muster::eventlog
