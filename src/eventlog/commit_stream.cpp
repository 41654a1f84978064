#include "eventlog/commit_stream.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "eventlog/log_reader.hpp"
#include "muster/ids.hpp"

#include <algorithm>

namespace muster::eventlog {
namespace {

/// How often a batch that waits for room looks again: telemetry resumes within 5 s of room (promise R5).
constexpr std::chrono::seconds kRetryInterval{1};
constexpr std::chrono::minutes kRetentionInterval{1};

}  // namespace

bool CommitStream::NameLess::operator()(std::string_view a, std::string_view b) const noexcept {
  return std::ranges::lexicographical_compare(a, b,
                                              [](char x, char y) { return ascii_lower(x) < ascii_lower(y); });
}

CommitStream::CommitStream(disk::Disk& disk, Clock& clock, SegmentedLogConfig config, Drive drive)
    : disk_{disk},
      clock_{clock},
      config_{std::move(config)},
      drive_{drive},
      queue_{config_.batch_bytes_max},
      rate_{clock.steady()} {
  MUSTER_ASSERT(config_.batch_bytes_max > 0 && config_.batch_bytes_max <= kBatchBytesMax / 2 &&
                    config_.segment_bytes > 0,
                "the configuration was checked");
}

Result<std::unique_ptr<CommitStream>> CommitStream::open(disk::Disk& disk, Clock& clock,
                                                         SegmentedLogConfig config, Drive drive) {
  std::unique_ptr<CommitStream> log{new CommitStream{disk, clock, std::move(config), drive}};
  MUSTER_CHECK(log->start());
  return log;
}

Result<void> CommitStream::start() {
  MUSTER_TRY(Recovered recovered, recover(disk_, config_.directory, *catalog_));
  hub_table_ = recovered.hubs;
  for (const HubEntry& entry : hub_table_) enter_hub(entry);
  committer_.emplace(disk_, clock_, config_, *catalog_, std::move(recovered));
  MUSTER_CHECK(committer_->start());
  const Lock lock{mutex_};
  started_ = true;
  figures_.durable_end = committer_->durable_end();
  arm_retention();
  if (drive_ == Drive::thread) appender_ = std::thread{[this] { run(); }};
  return {};
}

CommitStream::~CommitStream() { stop(); }

void CommitStream::stop() {
  {
    const Lock lock{mutex_};
    if (stopping_) return;
    stopping_ = true;
    retry_due_ = true;  // A batch that waits for room gets one more chance.
  }
  wake_.notify_all();
  if (appender_.joinable()) appender_.join();
  // Nothing is armed once `stopping_` is seen; cancel waits for an action that runs, so never under the
  // mutex.
  for (const Clock::TimerId timer : {flush_timer_, retry_timer_, retention_timer_}) {
    if (timer != 0) clock_.cancel(timer);
  }
  if (!started_ || failed()) return;
  if (drive_ == Drive::by_hand) {
    while (run_once()) {
    }
  }
  if (failed()) return;
  {
    const Lock lock{mutex_};
    if (!queue_.empty() || held_) {
      log::warning("eventlog",
                   "stopping with events that found no room on the disk; none was acknowledged reason={}",
                   log::field(room_missing_));
      return;
    }
  }
  if (const auto marked = committer_->mark_stop(); !marked) {
    log::warning("eventlog", "the stop could not be marked reason={}", log::field(marked.error().reason()));
  }
}

Result<Ticket> CommitStream::append(const EventView& event) {
  const std::size_t size = record_bytes(event);
  if (size == 0) {
    return failure(
        ErrorCode::message_too_large,
        fmt::format(
            "an event of {} bytes of body and {} of properties from {} is longer than a record of {} bytes",
            event.body.size(), event.properties.size(), log::field(event.device_id), kRecordBytesMax));
  }
  const Lock lock{mutex_};
  if (failed()) return failure(ErrorCode::event_log_failed, figures_.failure);
  if (stopping_) return failure(ErrorCode::shutting_down, "the event log is being stopped");
  const auto found = hubs_.find(event.hub);
  if (found == hubs_.end()) {
    return failure(ErrorCode::hub_unknown, fmt::format("the event log has no hub {}", log::field(event.hub)));
  }
  if (!room_missing_.empty()) return failure(ErrorCode::event_log_full, room_missing_);
  if (queue_.bytes() + size > config_.queue_bytes_max) {
    return failure(ErrorCode::event_log_full, fmt::format("{} bytes wait for the disk; the limit is {}",
                                                          queue_.bytes(), config_.queue_bytes_max));
  }
  const Hub& hub = found->second;
  const std::uint32_t partition = partition_of(event.device_id, hub.entry.partition_count);
  const bool first = queue_.empty();
  const SteadyTime now = clock_.steady();
  const Ticket ticket =
      queue_.push(event, {{hub.entry.number, partition}, hub.first_slot + partition}, size, now);
  if (first && config_.flush_interval.count() > 0 && !flush_armed_) arm_flush(now + config_.flush_interval);
  // A thread that is at the disk looks for more by itself: waking costs only where it waits.
  if (batch_due()) wake_.notify_one();
  return ticket;
}

void CommitStream::arm_flush(SteadyTime due) {
  if (stopping_) return;
  flush_armed_ = true;
  flush_timer_ = clock_.call_at(due, [this] { on_flush_timer(); });
}

void CommitStream::on_flush_timer() {
  const Lock lock{mutex_};
  flush_armed_ = false;
  if (queue_.empty()) return;
  // The batch for which it was set may be gone, being full, and a younger one be there.
  const SteadyTime due = queue_.front_opened() + config_.flush_interval;
  if (due > clock_.steady()) {
    arm_flush(due);
    return;
  }
  flush_due_ = true;
  wake_.notify_one();
}

void CommitStream::arm_retry() {
  if (stopping_) return;
  retry_timer_ = clock_.call_at(clock_.steady() + kRetryInterval, [this] {
    const Lock lock{mutex_};
    retry_due_ = true;
    wake_.notify_one();
  });
}

void CommitStream::arm_retention() {
  if (stopping_) return;
  retention_timer_ = clock_.call_at(clock_.steady() + kRetentionInterval, [this] {
    const Lock lock{mutex_};
    retention_due_ = true;
    wake_.notify_one();
    arm_retention();
  });
}

bool CommitStream::batch_due() const {
  if (held_) return retry_due_;
  if (queue_.empty()) return false;
  return stopping_ || flush_due_ || config_.flush_interval.count() == 0 || queue_.front_full();
}

bool CommitStream::work_due() const {
  if (failed()) return false;
  return retention_due_ || batch_due() || (room_wanted_ && !stopping_);
}

void CommitStream::run() {
  Lock lock{mutex_};
  for (;;) {
    wake_.wait(lock, [this] { return work_due() || stopping_; });
    if (turn(lock)) continue;
    if (stopping_) return;
  }
}

bool CommitStream::run_once() {
  Lock lock{mutex_};
  return turn(lock);
}

bool CommitStream::turn(Lock& lock) {
  if (!work_due()) return false;
  if (batch_due()) {
    commit_next(lock);
  } else if (retention_due_) {
    retain(lock);
  } else {
    make_room_ahead(lock);
  }
  return true;
}

void CommitStream::commit_next(Lock& lock) {
  if (!held_) {
    held_ = queue_.take();
    flush_due_ = false;
    // The next batch began while this one was being built or waited: its own time counts from then.
    if (!queue_.empty() && config_.flush_interval.count() > 0 && !flush_armed_) {
      arm_flush(queue_.front_opened() + config_.flush_interval);
    }
  }
  retry_due_ = false;
  lock.unlock();
  const SteadyTime begun = clock_.steady();
  Result<std::uint64_t> committed = committer_->commit(*held_);
  const std::chrono::nanoseconds took = clock_.steady() - begun;
  lock.lock();
  settle(lock, std::move(committed), took);
}

void CommitStream::settle(Lock& lock, Result<std::uint64_t> committed, std::chrono::nanoseconds took) {
  if (!committed && committed.error().code() == ErrorCode::disk_full) {
    if (room_missing_.empty()) {
      log::error("eventlog", "the disk is full: telemetry waits code={} reason={} remedy={}",
                 error_id(ErrorCode::disk_full), log::field(committed.error().reason()),
                 log::field(committed.error().remedy()));
    }
    room_missing_ = committed.error().reason();
    arm_retry();
    return;
  }
  if (!committed) {
    fail(committed.error());
    lock.unlock();
    notify_all();
    lock.lock();
    return;
  }
  if (!room_missing_.empty()) log::info("eventlog", "there is room on the disk again");
  room_missing_.clear();
  count(*held_, *committed, took);
  durable_ticket_.store(held_->last_ticket, std::memory_order_release);
  queue_.recycle(std::move(*held_));
  held_.reset();
  room_wanted_ = committer_->wants_room();
  lock.unlock();
  notify_all();
  lock.lock();
}

/// What status and metrics say: once a batch, never a message.
void CommitStream::count(const PendingBatch& batch, std::uint64_t bytes, std::chrono::nanoseconds took) {
  const SteadyTime now = clock_.steady();
  figures_.events_appended += batch.items.size();
  figures_.bytes_appended += bytes;
  ++figures_.commits;
  figures_.commit_ns_total += static_cast<std::uint64_t>(took.count());
  figures_.durable_end = committer_->durable_end();
  rate_.add(now, batch.items.size());
  commit_ns_.record(static_cast<std::uint64_t>(took.count()));
  durable_ns_.record(static_cast<std::uint64_t>((now - batch.opened).count()));
  events_per_batch_.record(batch.items.size());
}

void CommitStream::retain(Lock& lock) {
  retention_due_ = false;
  lock.unlock();
  const Result<bool> deleted = committer_->retain();
  if (!deleted) {
    lock.lock();
    fail(deleted.error());
    lock.unlock();
  }
  if (!deleted || *deleted) notify_all();
  lock.lock();
}

void CommitStream::make_room_ahead(Lock& lock) {
  room_wanted_ = false;
  lock.unlock();
  const Result<void> made = committer_->make_room_ahead();
  const bool broken = !made && made.error().code() != ErrorCode::disk_full;
  if (broken) {
    lock.lock();
    fail(made.error());
    lock.unlock();
    notify_all();
  }
  lock.lock();
}

void CommitStream::fail(const Error& error) {
  figures_.failed = true;
  figures_.failure = error.reason();
  failed_.store(true, std::memory_order_release);
  queue_.drop_all();
  held_.reset();
  log::error("eventlog",
             "the event log has failed: nothing is acknowledged until it is opened again reason={}",
             log::field(error.reason()));
}

void CommitStream::notify_all() {
  const std::lock_guard lock{progress_mutex_};
  for (const auto& [handle, notify] : progress_) notify();
}

std::uint64_t CommitStream::on_progress(std::function<void()> notify) {
  const std::lock_guard lock{progress_mutex_};
  progress_.emplace(next_progress_, std::move(notify));
  return next_progress_++;
}

void CommitStream::remove_on_progress(std::uint64_t handle) {
  const std::lock_guard lock{progress_mutex_};
  progress_.erase(handle);
}

void CommitStream::enter_hub(const HubEntry& entry) {
  const Lock lock{mutex_};
  hubs_.emplace(entry.name, Hub{.entry = entry, .first_slot = slot_count_});
  slot_count_ += entry.partition_count;
}

Result<void> CommitStream::add_hub(std::string_view hub, std::uint32_t partition_count) {
  if (hub.empty() || hub.size() > ServiceNameGrammar::size_max || partition_count == 0 ||
      partition_count > kPartitionsMax) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("hub {} cannot have {} partitions; 1 to {} are possible", log::field(hub),
                               partition_count, kPartitionsMax));
  }
  const std::lock_guard changing{hubs_changing_};
  if (const auto known = this->partition_count(hub)) {
    if (*known == partition_count) return {};
    return failure(ErrorCode::resource_exists,
                   fmt::format("hub {} has {} partitions in the event log, which cannot become {}",
                               log::field(hub), *known, partition_count));
  }
  std::vector<HubEntry> table = hub_table_;
  const HubEntry entry{.number = static_cast<std::uint32_t>(table.size()) + 1,
                       .partition_count = partition_count,
                       .name = std::string{hub}};
  table.push_back(entry);
  MUSTER_CHECK(write_hub_table(disk_, config_.directory, table));
  hub_table_ = std::move(table);
  for (std::uint32_t partition = 0; partition < partition_count; ++partition) {
    catalog_->add_partition({.id = {entry.number, partition}});
  }
  enter_hub(entry);
  return {};
}

Result<std::uint32_t> CommitStream::partition_count(std::string_view hub) const {
  const Lock lock{mutex_};
  const auto found = hubs_.find(hub);
  if (found == hubs_.end()) {
    return failure(ErrorCode::resource_not_found,
                   fmt::format("the event log has no hub {}", log::field(hub)));
  }
  return found->second.entry.partition_count;
}

Result<PartitionId> CommitStream::find_partition(std::string_view hub, std::uint32_t partition) const {
  const Lock lock{mutex_};
  const auto found = hubs_.find(hub);
  if (found == hubs_.end()) {
    return failure(ErrorCode::resource_not_found,
                   fmt::format("the event log has no hub {}", log::field(hub)));
  }
  const HubEntry& entry = found->second.entry;
  if (partition >= entry.partition_count) {
    return failure(ErrorCode::resource_not_found, fmt::format("hub {} has {} partitions, and no partition {}",
                                                              entry.name, entry.partition_count, partition));
  }
  return PartitionId{entry.number, partition};
}

Result<PartitionInfo> CommitStream::partition_info(std::string_view hub, std::uint32_t partition) const {
  MUSTER_TRY(const PartitionId id, find_partition(hub, partition));
  return catalog_->info(id);
}

Result<std::unique_ptr<Reader>> CommitStream::open_reader(std::string_view hub, std::uint32_t partition,
                                                          ReadPosition from) {
  MUSTER_TRY(const PartitionId id, find_partition(hub, partition));
  std::string name;
  {
    const Lock lock{mutex_};
    name = hubs_.find(hub)->second.entry.name;
  }
  auto reader = std::make_unique<LogReader>(disk_, catalog_, id, std::move(name));
  MUSTER_CHECK(reader->seek(from));
  return reader;
}

LogFigures CommitStream::figures() const {
  LogFigures figures;
  {
    const Lock lock{mutex_};
    figures = figures_;
    const SteadyTime now = clock_.steady();
    figures.events_per_second_10s = rate_.per_second(now, std::chrono::seconds{10});
    figures.events_per_second_60s = rate_.per_second(now, std::chrono::seconds{60});
    figures.room_missing = room_missing_;
    figures.queue_bytes = queue_.bytes() + (held_ ? held_->bytes.size() : 0);
  }
  figures.commit_ns = commit_ns_.figures();
  figures.durable_ns = durable_ns_.figures();
  figures.events_per_batch = events_per_batch_.figures();
  figures.segments = catalog_->segment_count();
  return figures;
}

Result<std::unique_ptr<EventLog>> open_segmented_log(disk::Disk& disk, Clock& clock,
                                                     SegmentedLogConfig config) {
  return CommitStream::open(disk, clock, std::move(config), Drive::thread);
}

}  // namespace muster::eventlog
