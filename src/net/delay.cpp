#include "net/delay.hpp"

#include "net/signal.hpp"

#include <memory>

namespace muster::net {

asio::awaitable<void> delay(Shard& shard, std::chrono::nanoseconds by) {
  if (by <= std::chrono::nanoseconds::zero()) co_return;
  // Held by the deadline as well: it may fire when the coroutine was destroyed with its session.
  const auto due = std::make_shared<Signal>(shard);
  shard.at(shard.clock().steady() + by, [due] { due->notify(); });
  const Result<void> reached = co_await due->wait();
  static_cast<void>(reached);
}

}  // namespace muster::net
