#pragma once

#include "base/rate_window.hpp"
#include "eventlog/committer.hpp"
#include "eventlog/event_log.hpp"
#include "eventlog/format/hub_table.hpp"
#include "eventlog/segmented_log.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace muster::eventlog {

/// Who does the work on the disk: a thread of the log's own, or whoever calls run_once, as the simulator does
/// to have one order of things for one seed.
enum class Drive : std::uint8_t { thread, by_hand };

/// The log of segmented_log.hpp: one stream of batches for all partitions.
///
/// append() encodes under `mutex_` into the batch being built. The appender takes batches, one at a time:
/// write, sync, publish to the catalog (which readers look into), raise the durable ticket, notify. Timers of
/// the clock only set flags and wake it.
class CommitStream final : public EventLog {
 public:
  static Result<std::unique_ptr<CommitStream>> open(disk::Disk& disk, Clock& clock, SegmentedLogConfig config,
                                                    Drive drive);
  ~CommitStream() override;

  Result<Ticket> append(const EventView& event) override;
  Ticket durable_ticket() const noexcept override { return durable_ticket_.load(std::memory_order_acquire); }
  bool failed() const noexcept override { return failed_.load(std::memory_order_acquire); }
  std::uint64_t on_progress(std::function<void()> notify) override;
  void remove_on_progress(std::uint64_t handle) override;
  Result<void> add_hub(std::string_view hub, std::uint32_t partition_count) override;
  Result<std::uint32_t> partition_count(std::string_view hub) const override;
  Result<PartitionInfo> partition_info(std::string_view hub, std::uint32_t partition) const override;
  Result<std::unique_ptr<Reader>> open_reader(std::string_view hub, std::uint32_t partition,
                                              ReadPosition from) override;
  LogFigures figures() const override;
  void stop() override;

  /// Does one piece of work that is due; false when there was none. Only when driven by hand.
  bool run_once();

 private:
  using Lock = std::unique_lock<std::mutex>;

  struct Hub {
    HubEntry entry;
    std::uint32_t first_slot = 0;
  };
  /// Hub names differ in more than case; the spelling that came first is kept.
  struct NameLess {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const noexcept;
  };

  CommitStream(disk::Disk& disk, Clock& clock, SegmentedLogConfig config, Drive drive);
  Result<void> start();

  void run();
  bool work_due() const;
  bool batch_due() const;
  bool turn(Lock& lock);
  void commit_next(Lock& lock);
  void count(const PendingBatch& batch, std::uint64_t bytes, std::chrono::nanoseconds took);
  void settle(Lock& lock, Result<std::uint64_t> committed, std::chrono::nanoseconds took);
  void retain(Lock& lock);
  void make_room_ahead(Lock& lock);
  void fail(const Error& error);
  void notify_all();

  void enter_hub(const HubEntry& entry);
  void arm_flush(SteadyTime due);
  void on_flush_timer();
  void arm_retry();
  void arm_retention();
  Result<PartitionId> find_partition(std::string_view hub, std::uint32_t partition) const;

  disk::Disk& disk_;
  Clock& clock_;
  const SegmentedLogConfig config_;
  const Drive drive_;
  std::shared_ptr<Catalog> catalog_ = std::make_shared<Catalog>();
  std::optional<Committer> committer_;  ///< The appender's, without `mutex_`.

  std::atomic<Ticket> durable_ticket_{0};
  std::atomic<bool> failed_{false};

  mutable std::mutex mutex_;  ///< Guards what follows, up to the next one.
  std::condition_variable wake_;
  BatchQueue queue_;
  std::optional<PendingBatch> held_;  ///< Taken, and waiting for room on the disk.
  std::map<std::string, Hub, NameLess> hubs_;
  std::uint32_t slot_count_ = 0;
  LogFigures figures_;
  RateWindow rate_;
  std::string room_missing_;  ///< Why appends are refused for now; empty when they are not.
  bool flush_due_ = false;
  bool flush_armed_ = false;
  bool retry_due_ = false;
  bool retention_due_ = false;
  bool room_wanted_ = false;
  bool started_ = false;
  bool stopping_ = false;
  Clock::TimerId flush_timer_ = 0;
  Clock::TimerId retry_timer_ = 0;
  Clock::TimerId retention_timer_ = 0;

  Histogram commit_ns_, durable_ns_, events_per_batch_;

  std::mutex hubs_changing_;  ///< Held over the writing of the hub table, before `mutex_`.
  std::vector<HubEntry> hub_table_;

  std::mutex progress_mutex_;
  std::map<std::uint64_t, std::function<void()>> progress_;
  std::uint64_t next_progress_ = 1;

  std::thread appender_;
};

}  // namespace muster::eventlog
