#include "eventlog/catalog.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace muster::eventlog {

std::vector<Run> select_runs(std::span<const Run> runs, std::uint64_t sequence, std::size_t size_max) {
  auto run = std::ranges::upper_bound(runs, sequence, {}, &Run::next_sequence);
  std::vector<Run> selected;
  std::size_t bytes = 0;
  for (; run != runs.end() && (selected.empty() || bytes < size_max); ++run) {
    selected.push_back(*run);
    bytes += run->bytes;
  }
  return selected;
}

void Catalog::add_partition(const PartitionPoint& point) {
  const std::lock_guard lock{mutex_};
  partitions_.try_emplace(point.id, Partition{.point = point, .stretches = {}});
}

void Catalog::add_sealed(std::shared_ptr<Segment> segment, const std::vector<Extent>& extents) {
  const std::lock_guard lock{mutex_};
  for (const Extent& extent : extents) {
    Partition& holder = partitions_.at(extent.id);
    holder.point.next_sequence = extent.next_sequence;
    holder.point.next_offset = extent.next_offset;
    holder.point.newest = extent.last_time;
    holder.stretches.push_back({extent, segment});
  }
  segments_.push_back(std::move(segment));
}

Catalog::Sealed Catalog::begin_segment(std::shared_ptr<Segment> segment) {
  const std::lock_guard lock{mutex_};
  Sealed sealed;
  if (!segments_.empty() && segments_.back()->live) {
    sealed.segment = segments_.back();
    sealed.index = std::move(sealed.segment->live);
    sealed.segment->live = nullptr;
    sealed.segment->kept = sealed.index;
  }
  segment->live = std::make_shared<SegmentIndex>();
  segments_.push_back(std::move(segment));
  return sealed;
}

void Catalog::index_written(const std::shared_ptr<Segment>& segment,
                            std::shared_ptr<const SegmentIndex> kept) {
  const std::lock_guard lock{mutex_};
  if (!kept) segment->shared = segment->kept;
  segment->kept = std::move(kept);
}

void Catalog::publish(const std::vector<std::pair<PartitionId, Run>>& runs) {
  const std::lock_guard lock{mutex_};
  const std::shared_ptr<Segment>& segment = segments_.back();
  for (const auto& [id, run] : runs) {
    segment->live->add(id, run);
    segment->oldest = std::min(segment->oldest, run.enqueued);
    segment->newest = std::max(segment->newest, run.enqueued);
    Partition& holder = partitions_.at(id);
    holder.point.next_sequence = run.next_sequence();
    holder.point.next_offset = run.next_offset();
    holder.point.newest = run.enqueued;
    if (holder.stretches.empty() || holder.stretches.back().segment != segment) {
      holder.stretches.push_back({Extent{.id = id,
                                         .first_sequence = run.first_sequence,
                                         .first_offset = run.first_offset,
                                         .first_time = run.enqueued},
                                  segment});
    }
    Extent& extent = holder.stretches.back().extent;
    extent.next_sequence = run.next_sequence();
    extent.next_offset = run.next_offset();
    extent.last_time = run.enqueued;
    ++extent.run_count;
  }
}

std::vector<std::shared_ptr<Segment>> Catalog::expire(WallTime limit) {
  const std::lock_guard lock{mutex_};
  std::vector<std::shared_ptr<Segment>> expired;
  while (segments_.size() > 1 && segments_.front()->newest < limit) {
    expired.push_back(segments_.front());
    segments_.pop_front();
  }
  if (expired.empty()) return expired;
  const std::uint64_t first_kept = segments_.front()->number;
  for (auto& [id, holder] : partitions_) {
    while (!holder.stretches.empty() && holder.stretches.front().segment->number < first_kept) {
      holder.stretches.pop_front();
    }
  }
  return expired;
}

WallTime Catalog::live_oldest() const {
  const std::lock_guard lock{mutex_};
  return segments_.back()->oldest;
}

std::size_t Catalog::segment_count() const {
  const std::lock_guard lock{mutex_};
  return segments_.size();
}

const Catalog::Partition& Catalog::partition(PartitionId id) const {
  const auto found = partitions_.find(id);
  MUSTER_ASSERT(found != partitions_.end(), "readers are opened for known partitions only");
  return found->second;
}

PartitionInfo Catalog::info_of(const Partition& holder) const {
  PartitionInfo info{.first_sequence_number = holder.point.next_sequence,
                     .next_sequence_number = holder.point.next_sequence,
                     .first_offset = holder.point.next_offset,
                     .next_offset = holder.point.next_offset,
                     .last_enqueued = holder.point.newest};
  if (!holder.stretches.empty()) {
    info.first_sequence_number = holder.stretches.front().extent.first_sequence;
    info.first_offset = holder.stretches.front().extent.first_offset;
  }
  return info;
}

PartitionInfo Catalog::info(PartitionId id) const {
  const std::lock_guard lock{mutex_};
  return info_of(partition(id));
}

ReadPlan Catalog::plan(PartitionId id, std::uint64_t sequence, std::size_t size_max) const {
  const std::lock_guard lock{mutex_};
  const Partition& holder = partition(id);
  ReadPlan plan;
  plan.info = info_of(holder);
  if (sequence < plan.info.first_sequence_number) return plan;
  const auto stretch = std::ranges::upper_bound(holder.stretches, sequence, {},
                                                [](const Stretch& s) { return s.extent.next_sequence; });
  if (stretch == holder.stretches.end()) return plan;
  plan.segment = stretch->segment;
  plan.sealed = !plan.segment->live;
  if (!plan.sealed) plan.runs = select_runs(plan.segment->live->runs(id), sequence, size_max);
  return plan;
}

std::shared_ptr<Segment> Catalog::find_offset(PartitionId id, std::uint64_t offset) const {
  const std::lock_guard lock{mutex_};
  const Partition& holder = partition(id);
  const auto stretch = std::ranges::upper_bound(holder.stretches, offset, {},
                                                [](const Stretch& s) { return s.extent.next_offset; });
  return stretch == holder.stretches.end() ? nullptr : stretch->segment;
}

std::shared_ptr<Segment> Catalog::find_time(PartitionId id, WallTime time) const {
  const std::lock_guard lock{mutex_};
  const Partition& holder = partition(id);
  const auto stretch = std::ranges::lower_bound(holder.stretches, time, {},
                                                [](const Stretch& s) { return s.extent.last_time; });
  return stretch == holder.stretches.end() ? nullptr : stretch->segment;
}

std::optional<std::vector<Run>> Catalog::live_runs(const std::shared_ptr<Segment>& segment,
                                                   PartitionId id) const {
  const std::lock_guard lock{mutex_};
  if (!segment->live) return std::nullopt;
  const std::span<const Run> runs = segment->live->runs(id);
  return std::vector<Run>{runs.begin(), runs.end()};
}

std::shared_ptr<const SegmentIndex> Catalog::held_index(const std::shared_ptr<Segment>& segment) const {
  const std::lock_guard lock{mutex_};
  return segment->kept ? segment->kept : segment->shared.lock();
}

void Catalog::share_index(const std::shared_ptr<Segment>& segment,
                          const std::shared_ptr<const SegmentIndex>& index) {
  const std::lock_guard lock{mutex_};
  segment->shared = index;
}

}  // namespace muster::eventlog
