#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "client/dialer.hpp"
#include "net/shard.hpp"
#include "net/signal.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace muster::client {

/// What is behind a Runtime.
struct Engine {
  Engine(Clock& its_clock, Random& its_random, std::unique_ptr<Dialer> its_dialer)
      : clock{its_clock},
        random{its_random},
        shard{its_clock, 0},
        alarm{shard},
        dialer{std::move(its_dialer)} {}

  /// Whoever waits on something of its own is told here how to let go when the Runtime ends: a coroutine that
  /// waits on what it owns would otherwise keep itself alive. On the shard.
  void at_end(const std::weak_ptr<void>& owner, std::function<void()> end);
  /// Ends them all, and every pause. On the shard.
  void end();

  // Owned when nobody lent them; before what uses them.
  std::unique_ptr<Clock> owned_clock;
  std::unique_ptr<Random> owned_random;
  Clock& clock;
  Random& random;
  bool threaded = true;  ///< False: whoever made it polls the shard.
  net::Shard shard;
  net::Signal alarm;  ///< Where pauses wait.
  std::unique_ptr<Dialer> dialer;

 private:
  struct Ender {
    std::weak_ptr<void> owner;
    std::function<void()> end;
  };
  std::vector<Ender> enders_;
};

/// Waits until the clock has moved by `by`; `cancelled` when the coroutine was, or the Runtime ends.
Task<void> pause(Engine& engine, std::chrono::nanoseconds by);

}  // namespace muster::client
