#include "eventlog/format/index_file.hpp"

namespace muster::eventlog {
namespace {

/// The index file as it stands; nullopt when there is none.
Result<std::optional<Bytes>> read_if_there(disk::Disk& disk, const std::string& path) {
  MUSTER_TRY(const bool there, disk.exists(path));
  if (!there) return std::nullopt;
  auto bytes = disk::read_all(disk, path, kIndexBytesMax);
  // Retention may have removed it since; anything else that is wrong with it is cured by reading the segment.
  if (!bytes) return std::nullopt;
  return std::optional{std::move(*bytes)};
}

Result<std::shared_ptr<const SegmentIndex>> index_by_reading(disk::File& file, const SegmentHeader& header) {
  auto index = std::make_shared<SegmentIndex>();
  const auto visit = [&index](const ScannedBatch& batch) -> Result<void> {
    for (const auto& [id, run] : runs_of(batch)) index->add(id, run);
    return {};
  };
  // What stands before a damaged place is still served; the reader meets the end of the index there and says
  // so.
  MUSTER_CHECK(scan_segment(file, header, visit));
  return std::shared_ptr<const SegmentIndex>{std::move(index)};
}

}  // namespace

Result<void> write_index(disk::Disk& disk, const std::string& path, const IndexSummary& summary,
                         const SegmentIndex& index) {
  MUSTER_TRY(const bool stale, disk.exists(path));
  if (stale) {
    MUSTER_CHECK(disk.remove(path));
  }
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk.open(path, disk::OpenMode::create_new));
  return file->write_at(0, encode_index(summary, index));
}

Result<std::optional<IndexSummary>> read_index_summary(disk::Disk& disk, const std::string& path,
                                                       const SegmentHeader& segment) {
  MUSTER_TRY(const bool there, disk.exists(path));
  if (!there) return std::nullopt;
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk.open(path, disk::OpenMode::read));
  Bytes bytes(kIndexFixedBytes);
  MUSTER_TRY(std::size_t got, file->read_at(0, bytes));
  const auto size = index_summary_bytes(ByteView{bytes}.first(got));
  if (!size) return std::nullopt;
  bytes.resize(*size);
  MUSTER_TRY(got, file->read_at(0, bytes));
  auto summary = decode_index_summary(ByteView{bytes}.first(got));
  if (!summary || summary->segment != segment.number || summary->header_checksum != segment.checksum) {
    return std::nullopt;
  }
  return std::optional{std::move(*summary)};
}

Result<std::shared_ptr<const SegmentIndex>> load_index(disk::Disk& disk, const std::string& segment_path,
                                                       const std::string& index_path) {
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk.open(segment_path, disk::OpenMode::read));
  MUSTER_TRY(const SegmentHeader header, read_segment_header(*file, segment_path));
  MUSTER_TRY(const std::optional<Bytes> bytes, read_if_there(disk, index_path));
  if (bytes) {
    const auto summary = decode_index_summary(*bytes);
    auto index = decode_index(*bytes);
    if (summary && index && summary->header_checksum == header.checksum) {
      return std::make_shared<const SegmentIndex>(std::move(*index));
    }
  }
  return index_by_reading(*file, header);
}

}  // namespace muster::eventlog
