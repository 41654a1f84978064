#pragma once

#include "base/clock.hpp"
#include "net/poller.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace muster::net {

/// One thread with one io_context: a session lives and dies on one. Inside a shard there are no mutexes.
/// Threads: start(), stop(), poll() and the destructor are the owner's; everything else is called on the
/// shard, and io() may be posted to from anywhere. The clock must outlive the shard.
class Shard {
 public:
  using DeadlineId = std::uint64_t;

  Shard(Clock& clock, std::uint32_t index);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  boost::asio::io_context& io() noexcept { return io_; }
  Poller& poller() noexcept { return *poller_; }
  Clock& clock() noexcept { return clock_; }
  std::uint32_t index() const noexcept { return index_; }

  /// The buffer that every session of this shard reads into, one at a time, between two waits.
  std::span<std::byte> scratch() noexcept { return scratch_; }

  /// Runs `action` on this shard once the clock's steady time has reached `due`; in order of `due`, then of
  /// asking. One clock timer serves all deadlines of the shard. Call on the shard.
  DeadlineId at(SteadyTime due, std::function<void()> action);
  /// After it returns the action will not run. Unknown ids (one that has run) are ignored.
  void cancel(DeadlineId id);

  /// Starts the thread.
  void start();
  /// Ends the thread: runs what is ready until nothing is, or kStopTurnsMax handlers have run, and joins.
  /// Tell sessions and acceptors to close first: who still waits for a socket after that is destroyed with
  /// the shard. Idempotent.
  void stop();
  /// Without a thread: runs what is ready on the calling thread (tests, simulator). Returns the number of
  /// handlers run.
  std::size_t poll();

 private:
  struct Due {
    SteadyTime due;
    DeadlineId id;
    friend auto operator<=>(const Due&, const Due&) = default;
  };
  void arm();
  void fire();

  static constexpr std::size_t kScratchSize = 64 * 1024;
  static constexpr std::size_t kStopTurnsMax = 100'000;

  Clock& clock_;
  std::uint32_t index_;
  std::vector<std::byte> scratch_;
  std::map<Due, std::function<void()>> deadlines_;
  std::map<DeadlineId, SteadyTime> due_of_;
  DeadlineId next_id_ = 1;
  Clock::TimerId armed_ = 0;  ///< 0: none.
  SteadyTime armed_for_ = SteadyTime::max();
  bool firing_ = false;
  bool fire_posted_ = false;
  std::unique_ptr<Poller> poller_;  ///< Never null; made after the io_context.
  // After the deadlines and the poller: what the io_context destroys may still use both.
  boost::asio::io_context io_;
  std::thread thread_;
};

/// A deadline that goes with its scope: a coroutine's frame may be destroyed while it waits.
class ScopedDeadline {
 public:
  ScopedDeadline(Shard& shard, SteadyTime due, std::function<void()> action)
      : shard_{shard}, id_{shard.at(due, std::move(action))} {}
  ~ScopedDeadline() { shard_.cancel(id_); }
  ScopedDeadline(const ScopedDeadline&) = delete;
  ScopedDeadline& operator=(const ScopedDeadline&) = delete;

 private:
  Shard& shard_;
  Shard::DeadlineId id_;
};

}  // namespace muster::net
