#include "eventlog/segment_dump.hpp"

#include "disk/path.hpp"
#include "eventlog/format/hub_table.hpp"
#include "eventlog/format/segment_scan.hpp"

#include <map>

namespace muster::eventlog {
namespace {

/// Names of hubs by number, from the table beside the segment if there is a readable one: a segment alone can
/// be looked into.
class HubNames {
 public:
  HubNames(disk::Disk& disk, const std::string& segment_path) {
    const auto hubs = read_hub_table(disk, disk::parent_of(segment_path));
    if (!hubs) return;
    for (const HubEntry& hub : *hubs) names_[hub.number] = hub.name;
  }
  std::string_view of(std::uint32_t number) {
    const auto [name, added] = names_.try_emplace(number);
    if (added) name->second = fmt::format("#{}", number);
    return name->second;
  }

 private:
  std::map<std::uint32_t, std::string> names_;
};

}  // namespace

Result<DumpEnd> dump_segment(disk::Disk& disk, const std::string& path,
                             const std::function<void(const DumpedRecord&)>& visit) {
  MUSTER_TRY(const std::unique_ptr<disk::File> file, disk.open(path, disk::OpenMode::read));
  MUSTER_TRY(const SegmentHeader header, read_segment_header(*file, path));
  HubNames names{disk, path};
  DumpEnd end;
  const auto each = [&](const ScannedBatch& batch) -> Result<void> {
    ++end.batches;
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
      dumped.event.event.hub = names.of(record.id.hub);
      visit(dumped);
      position += record.bytes;
      ++end.records;
    }
    return {};
  };
  MUSTER_TRY(ScanEnd scanned, scan_segment(*file, header, each));
  end.end = scanned.end;
  end.fault = std::move(scanned.fault);
  return end;
}

}  // namespace muster::eventlog
