#pragma once

#include "muster/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <future>
#include <memory>
#include <utility>

namespace muster {

class Clock;
class Random;
namespace client {
struct Engine;
}

/// One thread on which clients live, with the time and the randomness that they use. Make one, and any number
/// of Clients on it; it must outlive them and everything that was spawned on its executor.
///
/// Threads   executor() and run() may be called from any thread but the Runtime's own.
class Runtime {
 public:
  /// The system's clock and random numbers.
  Runtime();
  /// For tests and simulations: time that stands until told otherwise, numbers that repeat. Both must outlive
  /// this.
  Runtime(Clock& clock, Random& random);
  /// Used inside the library: every part replaced.
  explicit Runtime(std::unique_ptr<client::Engine> engine);
  /// Ends what is under way, with `cancelled`, and the thread. Coroutines that wait for something else are
  /// destroyed.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Where coroutines that use a Client must run.
  boost::asio::any_io_executor executor() const;

  /// Runs `work` on the Runtime's thread and waits for its result; what it throws is thrown here. Who gives a
  /// slot can cancel `work` through it: its signal must be emitted on the executor.
  template <typename T>
  T run(boost::asio::awaitable<T> work, boost::asio::cancellation_slot slot = {}) {
    const auto promise = std::make_shared<std::promise<T>>();
    std::future<T> result = promise->get_future();
    const auto done = [promise](std::exception_ptr failed, T value) {
      if (failed) {
        promise->set_exception(failed);
      } else {
        promise->set_value(std::move(value));
      }
    };
    // Begun over there: the slot belongs to that thread.
    boost::asio::post(executor(), [this, slot, done, work = std::move(work)]() mutable {
      boost::asio::co_spawn(executor(), std::move(work), boost::asio::bind_cancellation_slot(slot, done));
    });
    return result.get();
  }

  client::Engine& engine() noexcept { return *engine_; }

 private:
  std::unique_ptr<client::Engine> engine_;
};

}  // namespace muster
