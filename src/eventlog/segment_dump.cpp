#include "eventlog/segment_dump.hpp"

#include "disk/path.hpp"
#include "eventlog/hub_names.hpp"

namespace muster::eventlog {
namespace {

class Dump {
 public:
  Dump(HubNames names, const RecordVisitor& visit) : names_{std::move(names)}, visit_{visit} {}

  /// Fails, as a way to end the scan, when the visitor has had enough.
  Result<void> take(const ScannedBatch& batch) {
    ++end_.batches;
    std::uint64_t position = batch.position + kBatchHeaderBytes;
    for (const Record& record : batch.records) {
      DumpedRecord dumped{.event = {.event = record.event,
                                    .partition = record.id.partition,
                                    .sequence_number = record.sequence,
                                    .offset = record.offset,
                                    .enqueued = record.enqueued},
                          .batch = batch.header.number,
                          .position = position,
                          .bytes = record.bytes};
      dumped.event.event.hub = names_.of(record.id.hub);
      end_.stopped = !visit_(dumped);
      if (end_.stopped) return failure(ErrorCode::cancelled, "the visitor had enough");
      position += record.bytes;
      ++end_.records;
    }
    return {};
  }
  void note(const SegmentDamage& damage) { end_.damages.push_back(damage); }

  DumpEnd& end() noexcept { return end_; }

 private:
  HubNames names_;
  const RecordVisitor& visit_;
  DumpEnd end_;
};

}  // namespace

Result<DumpEnd> dump_segment(disk::Disk& disk, const std::string& path, const RecordVisitor& visit) {
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk.open(path, disk::OpenMode::read));
  MUSTER_TRY(const SegmentHeader header, read_segment_header(*file, path));
  Dump dump{HubNames{disk, disk::parent_of(path)}, visit};
  const auto scanned = scan_past_damage(
      *file, header, [&dump](const ScannedBatch& batch) { return dump.take(batch); },
      [&dump](const SegmentDamage& damage) { dump.note(damage); });
  if (!scanned && !dump.end().stopped) return failure(scanned.error());
  if (scanned) dump.end().end = scanned->end;
  return std::move(dump.end());
}

}  // namespace muster::eventlog
