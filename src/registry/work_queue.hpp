#pragma once

#include "registry/repositories.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace muster::registry {

/// Where the result of a call goes: back to the executor that awaits it.
class Completion {
 public:
  virtual ~Completion() = default;
  /// Once, from any thread. Does not run the caller, only posts to its executor.
  virtual void deliver(Result<void> result) = 0;
};

/// A call on its way to one of the registry's threads.
struct Call {
  std::function<Result<void>(Store&)> work;
  std::unique_ptr<Completion> completion;
};

/// What waits for a thread: bounded, first come first served. All members from any thread.
class WorkQueue {
 public:
  explicit WorkQueue(std::size_t count_max) : count_max_{count_max} {}

  enum class Push : std::uint8_t { taken, full, closed };
  /// Moves from `call` only when it is taken.
  Push push(Call& call);
  /// Waits for calls and takes up to `count_max` (at least 1) of them. Empty when closed and drained.
  std::vector<Call> take(std::size_t count_max);
  /// Takes no more; what is queued can still be taken.
  void close();

 private:
  const std::size_t count_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Call> calls_;
  bool closed_ = false;
};

}  // namespace muster::registry
