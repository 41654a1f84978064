#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.hpp"

namespace muster::net {

/// One thread with one io_context: a session lives and dies on one. Inside a shard there are no mutexes.
class Shard {
 public:
  using DeadlineId = std::uint64_t;

  Shard(Clock& clock, std::uint32_t index);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  boost::asio::io_context& io() noexcept { return io_; }
  Clock& clock() noexcept { return clock_; }
  std::uint32_t index() const noexcept { return index_; }

  /// The buffer that every session of this shard reads into, one at a time, between two waits.
  std::span<std::byte> scratch() noexcept { return scratch_; }

  /// Runs `action` on this shard once the clock's steady time has reached `due`. One clock timer serves all deadlines of the
  /// shard. Call on the shard.
  DeadlineId at(SteadyTime due, std::function<void()> action);
  void cancel(DeadlineId id);

  /// Starts the thread. stop() ends it once its work has been told to end; joins.
  void start();
  void stop();
  /// Without a thread: runs what is ready on the calling thread (tests, simulator). Returns the number of handlers run.
  std::size_t poll();

 private:
  struct Due {
    SteadyTime due;
    DeadlineId id;
    friend auto operator<=>(const Due&, const Due&) = default;
  };
  void arm();
  void fire();

  Clock& clock_;
  std::uint32_t index_;
  boost::asio::io_context io_;
  std::vector<std::byte> scratch_;
  std::map<Due, std::function<void()>> deadlines_;
  std::map<DeadlineId, SteadyTime> due_of_;
  DeadlineId next_id_ = 1;
  Clock::TimerId armed_ = 0;
  SteadyTime armed_for_ = SteadyTime::max();
  std::shared_ptr<bool> alive_;
  std::thread thread_;
};

}  // namespace muster::net
