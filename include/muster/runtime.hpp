#pragma once

#include "muster/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>

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
  /// Ends the thread. Coroutines that still wait are destroyed.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Where coroutines that use a Client must run.
  boost::asio::any_io_executor executor() const;

  /// Runs `work` on the Runtime's thread and waits for its result; what it throws is thrown here.
  template <typename T>
  T run(boost::asio::awaitable<T> work) {
    const auto promise = std::make_shared<std::promise<T>>();
    std::future<T> result = promise->get_future();
    boost::asio::co_spawn(executor(), std::move(work), [promise](std::exception_ptr failed, T value) {
      if (failed) {
        promise->set_exception(failed);
      } else {
        promise->set_value(std::move(value));
      }
    });
    return result.get();
  }

  client::Engine& engine() noexcept { return *engine_; }

 private:
  std::unique_ptr<client::Engine> engine_;
};

}  // namespace muster
