#pragma once

#include "base/task.hpp"
#include "net/shard.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <list>

namespace muster::net {

/// "Something changed, look again": what coroutines of one shard wait for in place of a timer or a poll. It
/// remembers nothing: look at the state, and wait only when it does not suit; between the two nothing else of
/// the shard runs. Nothing is allocated until somebody waits. Not thread-safe; the shard must outlive it.
class Signal {
 public:
  explicit Signal(Shard& shard) noexcept : io_{shard.io()} {}
  ~Signal() { close(); }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  /// Completes at the next notify(), with `cancelled` at close(), on destruction and when the coroutine is
  /// cancelled.
  Task<void> wait();
  /// Wakes all who wait now; they run later, from the shard's loop, never within this call.
  void notify();
  /// Wakes all with `cancelled`, and whoever waits from now on at once. Idempotent.
  void close();
  bool closed() const noexcept { return closed_; }
  std::size_t waiting() const noexcept { return waiters_.size(); }

 private:
  using Handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
  struct Waiter {
    std::uint64_t id;
    Handler handler;
  };
  void add(Handler handler);
  void cancel(std::uint64_t id);
  void wake(Handler handler, boost::system::error_code ec);
  void wake_all(boost::system::error_code ec);

  boost::asio::io_context& io_;
  std::list<Waiter> waiters_;  // A list: assigning a handler goes wrong in Boost 1.81 (it wraps itself).
  std::uint64_t next_id_ = 1;
  bool closed_ = false;
};

}  // namespace muster::net
