#include "eventlog/log_reader.hpp"

#include "eventlog/format/index_file.hpp"
#include "eventlog/format/little_endian.hpp"

#include <algorithm>
#include <cstring>

namespace muster::eventlog {
namespace {

/// Records of others between two runs that are cheaper to read than to skip: one call costs about as much as
/// 4 KiB.
constexpr std::uint64_t kGapBytesMax = 4096;

Error corrupt(const std::string& path, std::uint64_t position, std::string_view what) {
  return Error{ErrorCode::log_corrupt, fmt::format("{}, byte {}: {}", path, position, what)};
}

}  // namespace

LogReader::LogReader(disk::Disk& disk, std::shared_ptr<Catalog> catalog, PartitionId id, std::string hub)
    : disk_{disk}, catalog_{std::move(catalog)}, id_{id}, hub_{std::move(hub)} {}

Error LogReader::expired(const PartitionInfo& info, std::string_view what, std::uint64_t wanted) const {
  return Error{
      ErrorCode::offset_expired,
      fmt::format(
          "{} {} of hub {} partition {} was deleted by retention; the partition now begins at sequence "
          "number {}, offset {}",
          what, wanted, hub_, id_.partition, info.first_sequence_number, info.first_offset)};
}

Result<void> LogReader::use(const std::shared_ptr<Segment>& segment) {
  if (segment == segment_) return {};
  MUSTER_TRY(file_, disk_.open(segment->path, disk::OpenMode::read));
  segment_ = segment;
  index_ = nullptr;
  return {};
}

Result<std::span<const Run>> LogReader::sealed_runs() {
  if (!index_) index_ = catalog_->held_index(segment_);
  if (!index_) {
    MUSTER_TRY(index_, load_index(disk_, segment_->path, segment_->index_path));
    catalog_->share_index(segment_, index_);
  }
  return index_->runs(id_);
}

Result<ReadBatch> LogReader::read(std::size_t size_max) {
  for (bool again = false;; again = true) {
    ReadPlan plan = catalog_->plan(id_, next_.sequence, size_max);
    if (next_.sequence < plan.info.first_sequence_number) {
      const std::uint64_t wanted = next_.sequence;
      next_ = {plan.info.first_sequence_number, plan.info.first_offset};
      return failure(expired(plan.info, "sequence number", wanted));
    }
    if (!plan.segment) return ReadBatch{.events = {}, .bytes = std::make_shared<Bytes>(), .at_end = true};
    if (Result<void> used = use(plan.segment); !used) {
      // Retention may have deleted it since the plan was made: the next plan says so.
      if (again || used.error().code() != ErrorCode::file_unreadable) return failure(std::move(used).error());
      continue;
    }
    if (plan.sealed) {
      MUSTER_TRY(const std::span<const Run> runs, sealed_runs());
      plan.runs = select_runs(runs, next_.sequence, size_max);
    }
    if (plan.runs.empty() || plan.runs.front().first_sequence > next_.sequence) {
      return failure(corrupt(segment_->path, 0,
                             fmt::format("event {} of hub {} partition {} cannot be found in it",
                                         next_.sequence, hub_, id_.partition)));
    }
    MUSTER_TRY(ReadBatch batch, read_runs(plan.runs, size_max));
    batch.at_end = next_.sequence >= plan.info.next_sequence_number;
    return batch;
  }
}

/// How much of a run's rest to read: what is wanted, but the first record whole, however small the limit is.
Result<std::size_t> LogReader::size_to_read(std::uint64_t position, std::size_t left, std::size_t wanted,
                                            bool first) {
  if (left <= wanted) return left;
  if (!first) return wanted;
  std::array<std::byte, 4> length{};
  MUSTER_CHECK(file_->read_at(position, length));
  return std::max<std::size_t>(wanted, std::min<std::size_t>(left, load<std::uint32_t>(length.data())));
}

Result<LogReader::Layout> LogReader::lay_out(const std::vector<Run>& runs, std::size_t size_max) {
  Layout layout;
  layout.bytes = hub_.size();  // The buffer begins with the hub's name, which the records do not have.
  std::size_t wanted = std::max<std::size_t>(size_max, 1);
  for (const Run& run : runs) {
    // In a run, file positions and offsets grow alike.
    const std::uint64_t skip = run.first_offset < next_.offset ? next_.offset - run.first_offset : 0;
    const std::uint64_t position = run.position + skip;
    const std::size_t left = static_cast<std::size_t>(run.bytes - skip);
    MUSTER_TRY(const std::size_t size, size_to_read(position, left, wanted, layout.stretches.empty()));
    Piece* last = layout.pieces.empty() ? nullptr : &layout.pieces.back();
    if (last != nullptr && position - (last->position + last->size) <= kGapBytesMax) {
      const std::size_t grown = static_cast<std::size_t>(position - last->position) + size;
      layout.bytes += grown - last->size;
      last->size = grown;
    } else {
      layout.pieces.push_back({.position = position, .size = size, .into = layout.bytes});
      layout.bytes += size;
    }
    layout.stretches.push_back(
        {.position = position, .at = layout.bytes - size, .size = size, .cut = size < left});
    if (size >= wanted) break;
    wanted -= size;
  }
  return layout;
}

Result<ReadBatch> LogReader::read_runs(const std::vector<Run>& runs, std::size_t size_max) {
  MUSTER_TRY(const Layout layout, lay_out(runs, size_max));
  auto bytes = std::make_shared<Bytes>(layout.bytes);
  std::memcpy(bytes->data(), hub_.data(), hub_.size());
  for (const Piece& piece : layout.pieces) {
    // What a shortened file lacks stays zero, and does not check out.
    MUSTER_CHECK(file_->read_at(piece.position, std::span{*bytes}.subspan(piece.into, piece.size)));
  }
  ReadBatch batch{.events = {}, .bytes = std::move(bytes), .at_end = false};
  for (const Stretch& stretch : layout.stretches) {
    if (Result<void> decoded = decode(stretch, batch); !decoded) {
      // What came before it is served now; the next call begins at the damage and says so.
      if (batch.events.empty()) return failure(std::move(decoded).error());
      break;
    }
  }
  return batch;
}

Result<void> LogReader::decode(const Stretch& stretch, ReadBatch& batch) {
  ByteView rest = ByteView{*batch.bytes}.subspan(stretch.at, stretch.size);
  while (!rest.empty()) {
    const std::uint64_t position = stretch.position + (stretch.size - rest.size());
    const auto record = decode_record(rest);
    if (!record && record.error() == FormatFault::incomplete && stretch.cut && !batch.events.empty())
      return {};
    if (!record) return failure(corrupt(segment_->path, position, "the record does not check out"));
    if (record->id != id_ || record->sequence != next_.sequence || record->offset != next_.offset) {
      return failure(
          corrupt(segment_->path, position,
                  fmt::format("event {} of hub number {} partition {} stands where event {} of hub {} "
                              "partition {} is due",
                              record->sequence, record->id.hub, record->id.partition, next_.sequence, hub_,
                              id_.partition)));
    }
    StoredEvent& event = batch.events.emplace_back();
    event.event = record->event;
    event.event.hub = as_text(ByteView{*batch.bytes}.first(hub_.size()));
    event.partition = id_.partition;
    event.sequence_number = record->sequence;
    event.offset = record->offset;
    event.enqueued = record->enqueued;
    next_ = {record->sequence + 1, record->offset + record->bytes};
    rest = rest.subspan(record->bytes);
  }
  return {};
}

Result<std::vector<Run>> LogReader::runs_in(const std::shared_ptr<Segment>& segment) {
  MUSTER_CHECK(use(segment));
  if (auto live = catalog_->live_runs(segment, id_)) return std::move(*live);
  MUSTER_TRY(const std::span<const Run> runs, sealed_runs());
  return std::vector<Run>{runs.begin(), runs.end()};
}

/// The first record of the run whose sequence number and offset are not below those given.
Result<Place> LogReader::find_in_run(const Run& run, std::uint64_t sequence, std::uint64_t offset) {
  Bytes bytes(run.bytes);
  MUSTER_CHECK(file_->read_at(run.position, bytes));
  ByteView rest = bytes;
  while (!rest.empty()) {
    const auto record = decode_record(rest);
    if (!record) {
      return failure(
          corrupt(segment_->path, run.position + (run.bytes - rest.size()), "the record does not check out"));
    }
    if (record->sequence >= sequence && record->offset >= offset)
      return Place{record->sequence, record->offset};
    rest = rest.subspan(record->bytes);
  }
  return Place{run.next_sequence(), run.next_offset()};
}

Result<void> LogReader::seek_sequence(std::uint64_t sequence, const PartitionInfo& info) {
  if (sequence < info.first_sequence_number) return failure(expired(info, "sequence number", sequence));
  if (sequence > info.next_sequence_number) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("sequence number {} lies beyond the end of hub {} partition {}, which is {}",
                               sequence, hub_, id_.partition, info.next_sequence_number));
  }
  const ReadPlan plan = catalog_->plan(id_, sequence, 1);
  next_ = {plan.info.next_sequence_number, plan.info.next_offset};
  if (!plan.segment) return {};
  MUSTER_TRY(const std::vector<Run> runs, runs_in(plan.segment));
  const std::vector<Run> found = select_runs(runs, sequence, 1);
  if (found.empty())
    return failure(corrupt(segment_->path, 0, fmt::format("event {} is not in its index", sequence)));
  MUSTER_TRY(next_, find_in_run(found.front(), sequence, 0));
  return {};
}

Result<void> LogReader::seek_offset(std::uint64_t offset, const PartitionInfo& info) {
  if (offset < info.first_offset) return failure(expired(info, "offset", offset));
  if (offset > info.next_offset) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("offset {} lies beyond the end of hub {} partition {}, which is {}", offset,
                               hub_, id_.partition, info.next_offset));
  }
  next_ = {info.next_sequence_number, info.next_offset};
  const std::shared_ptr<Segment> segment = catalog_->find_offset(id_, offset);
  if (!segment) return {};
  MUSTER_TRY(const std::vector<Run> runs, runs_in(segment));
  const auto run = std::ranges::upper_bound(runs, offset, {}, &Run::next_offset);
  if (run == runs.end())
    return failure(corrupt(segment_->path, 0, fmt::format("offset {} is not in its index", offset)));
  MUSTER_TRY(next_, find_in_run(*run, 0, offset));
  return {};
}

Result<void> LogReader::seek_time(WallTime time, const PartitionInfo& info) {
  next_ = {info.next_sequence_number, info.next_offset};
  const std::shared_ptr<Segment> segment = catalog_->find_time(id_, time);
  if (!segment) return {};
  MUSTER_TRY(const std::vector<Run> runs, runs_in(segment));
  const auto run = std::ranges::lower_bound(runs, time, {}, &Run::enqueued);
  if (run == runs.end()) return failure(corrupt(segment_->path, 0, "its index lacks the newest events"));
  next_ = {run->first_sequence, run->first_offset};
  return {};
}

Result<void> LogReader::seek(const ReadPosition& from) {
  for (bool again = false;; again = true) {
    const PartitionInfo info = catalog_->info(id_);
    Result<void> sought;
    if (std::holds_alternative<FromStart>(from)) {
      next_ = {info.first_sequence_number, info.first_offset};
    } else if (std::holds_alternative<FromLatest>(from)) {
      next_ = {info.next_sequence_number, info.next_offset};
    } else if (const auto* sequence = std::get_if<FromSequenceNumber>(&from)) {
      sought = seek_sequence(sequence->sequence_number, info);
    } else if (const auto* offset = std::get_if<FromOffset>(&from)) {
      sought = seek_offset(offset->offset, info);
    } else {
      sought = seek_time(std::get<FromTime>(from).enqueued_at_or_after, info);
    }
    // Retention may have deleted the segment since; the second look says so.
    if (sought || again || sought.error().code() != ErrorCode::file_unreadable) return sought;
  }
}

}  // namespace muster::eventlog
