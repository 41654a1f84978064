#include "eventlog/committer.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/index_file.hpp"
#include "eventlog/format/little_endian.hpp"

#include <algorithm>
#include <cstring>

namespace muster::eventlog {

Committer::Committer(disk::Disk& disk, Clock& clock, const SegmentedLogConfig& config, Catalog& catalog,
                     Recovered recovered)
    : disk_{disk},
      clock_{clock},
      config_{config},
      catalog_{catalog},
      limits_{.segment_bytes = config.segment_bytes, .reserve_bytes = config.reserve_bytes},
      writer_{std::move(recovered.writer)},
      stop_marked_{recovered.stopped_in_order} {
  for (const auto& [id, point] : recovered.points) {
    points_.push_back(point);
    newest_ = std::max(newest_, point.newest);
  }
}

Result<void> Committer::start() {
  if (writer_) return {};
  return begin_segment();
}

/// Counting sort: batches have thousands of items, and each partition's must stay in their order.
void Committer::order_by_slot(const PendingBatch& batch) {
  counts_.assign(points_.size() + 1, 0);
  for (const PendingBatch::Item& item : batch.items) ++counts_[item.to.slot + 1];
  for (std::size_t slot = 1; slot < counts_.size(); ++slot) counts_[slot] += counts_[slot - 1];
  order_.resize(batch.items.size());
  for (std::uint32_t i = 0; i < batch.items.size(); ++i) order_[counts_[batch.items[i].to.slot]++] = i;
}

void Committer::assemble(const PendingBatch& batch) {
  for (const PendingBatch::Item& item : batch.items) {
    if (item.to.slot >= points_.size()) points_.resize(item.to.slot + 1);
    points_[item.to.slot].id = item.to.id;
  }
  order_by_slot(batch);
  // Later than the batch before, also when the clock goes back: readers of several partitions merge by time,
  // and find where they were by the time of one event.
  const WallTime now = std::max(clock_.wall(), newest_ + std::chrono::microseconds{1});
  newest_ = now;
  const std::size_t size = kBatchHeaderBytes + batch.bytes.size();
  Bytes& bytes = assembled_.bytes;
  bytes.resize(static_cast<std::size_t>(padded(size)));
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end(), std::byte{0});
  assembled_.runs.clear();
  assembled_.slots.clear();

  std::uint32_t records_checksum = 0;
  std::size_t position = kBatchHeaderBytes;
  PartitionPoint point;
  for (const std::uint32_t at : order_) {
    const PendingBatch::Item& item = batch.items[at];
    if (assembled_.slots.empty() || assembled_.slots.back() != item.to.slot) {
      point = points_[item.to.slot];
      point.newest = now;
      assembled_.slots.push_back(item.to.slot);
      assembled_.runs.emplace_back(point.id, Run{.position = position,
                                                 .first_sequence = point.next_sequence,
                                                 .first_offset = point.next_offset,
                                                 .enqueued = point.newest});
    }
    const std::span<std::byte> record = std::span{bytes}.subspan(position, item.size);
    std::memcpy(record.data(), batch.bytes.data() + item.position, item.size);
    std::array<std::byte, 4> sum;
    store(sum.data(), seal_record(record, point));
    records_checksum = crc32c(sum, records_checksum);
    Run& run = assembled_.runs.back().second;
    run.bytes += item.size;
    ++run.count;
    ++point.next_sequence;
    point.next_offset += item.size;
    position += item.size;
  }
  assembled_.header = BatchHeader{};
  assembled_.header.bytes = static_cast<std::uint32_t>(size);
  assembled_.header.record_count = static_cast<std::uint32_t>(batch.items.size());
  assembled_.header.records_checksum = records_checksum;
  assembled_.header.closed = now;
  assembled_ready_ = true;
}

Result<std::uint64_t> Committer::commit(const PendingBatch& batch) {
  if (!assembled_ready_) assemble(batch);
  const std::uint64_t size = assembled_.bytes.size();
  MUSTER_CHECK(make_room(size));
  const std::uint64_t position = writer_->end();
  MUSTER_CHECK(writer_->write(assembled_.header, assembled_.bytes));
  for (std::size_t i = 0; i < assembled_.runs.size(); ++i) {
    auto& [id, run] = assembled_.runs[i];
    run.position += position;
    points_[assembled_.slots[i]] = {id, run.next_sequence(), run.next_offset(), run.enqueued};
  }
  catalog_.publish(assembled_.runs);
  assembled_ready_ = false;
  stop_marked_ = false;
  return size;
}

Result<void> Committer::make_room(std::uint64_t bytes) {
  if (!writer_->empty() && writer_->end() + bytes > config_.segment_bytes) {
    MUSTER_CHECK(begin_segment());
  }
  return writer_->make_room(bytes, limits_);
}

bool Committer::wants_room() const noexcept { return writer_->wants_room(limits_); }

Result<void> Committer::make_room_ahead() { return writer_->make_room_ahead(limits_); }

Result<void> Committer::begin_segment() {
  SegmentHeader header;
  header.number = writer_ ? writer_->number() + 1 : 1;
  header.created = clock_.wall();
  if (writer_) {
    header.first_batch = writer_->next_batch();
    header.previous_checksum = writer_->last_checksum();
  }
  for (const PartitionPoint& point : points_) {
    if (point.next_sequence > 0) header.points.push_back(point);
  }
  MUSTER_TRY(SegmentWriter next, SegmentWriter::create(disk_, config_.directory, header, limits_));
  auto segment = std::make_shared<Segment>();
  segment->number = header.number;
  segment->path = fmt::format("{}/{}", config_.directory, segment_name(header.number));
  segment->index_path = fmt::format("{}/{}", config_.directory, index_name(header.number));
  segment->header_checksum = next.header_checksum();
  const Catalog::Sealed sealed = catalog_.begin_segment(std::move(segment));
  if (sealed.segment) {
    write_index_of(sealed, {.segment = writer_->number(),
                            .end = writer_->end(),
                            .next_batch = writer_->next_batch(),
                            .last_checksum = writer_->last_checksum(),
                            .header_checksum = writer_->header_checksum(),
                            .newest = sealed.segment->newest,
                            .extents = {}});
  }
  writer_.emplace(std::move(next));
  return {};
}

/// A hint only: without it the readers of this process use the one in memory, and recovery reads the segment.
void Committer::write_index_of(const Catalog::Sealed& sealed, const IndexSummary& summary) const {
  const auto written = write_index(disk_, sealed.segment->index_path, summary, *sealed.index);
  if (!written) {
    log::warning("eventlog", "an index could not be written reason={}", log::field(written.error().reason()));
  }
  catalog_.index_written(sealed.segment, written ? nullptr : sealed.index);
}

Result<bool> Committer::retain() {
  const WallTime limit = clock_.wall() - config_.retention;
  if (catalog_.live_oldest() < limit) {
    Result<void> begun = begin_segment();
    // A full disk is a reason to delete, not to stop.
    if (!begun && begun.error().code() != ErrorCode::disk_full) return failure(std::move(begun).error());
  }
  const std::vector<std::shared_ptr<Segment>> expired = catalog_.expire(limit);
  expired_.insert(expired_.end(), expired.begin(), expired.end());
  MUSTER_CHECK(remove_expired());
  return !expired.empty();
}

/// Oldest first, and none before the one before it is gone for good: a gap between the segments would be
/// damage.
Result<void> Committer::remove_expired() {
  for (; !expired_.empty(); expired_.pop_front()) {
    const Segment& segment = *expired_.front();
    for (const std::string& path : {segment.index_path, segment.path}) {
      const auto removed = disk_.remove(path);
      if (!removed && removed.error().code() != ErrorCode::file_unreadable) {
        log::warning("eventlog",
                     "an expired segment could not be removed; it is tried again in a minute, and those "
                     "after it wait reason={}",
                     log::field(removed.error().reason()));
        return {};
      }
    }
    MUSTER_CHECK(disk_.sync_directory(config_.directory));
    log::info("eventlog", "removed an expired segment file={}", log::field(segment.path));
  }
  return {};
}

Result<void> Committer::mark_stop() {
  if (stop_marked_ || writer_->empty()) return {};
  Bytes bytes(static_cast<std::size_t>(padded(kBatchHeaderBytes)));
  MUSTER_CHECK(writer_->make_room(bytes.size(), limits_));
  BatchHeader header;
  header.bytes = kBatchHeaderBytes;
  header.closed = clock_.wall();
  MUSTER_CHECK(writer_->write(header, bytes));
  stop_marked_ = true;
  return {};
}

}  // namespace muster::eventlog
