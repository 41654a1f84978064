#include "net/delay.hpp"

#include "net/signal.hpp"

#include <memory>
#include <utility>

namespace muster::net {

asio::awaitable<void> delay(Shard& shard, std::chrono::nanoseconds by) {
  if (by <= std::chrono::nanoseconds::zero()) co_return;
  // The deadline alone holds it. What waits is held by the signal: were that to hold the signal, a delay that
  // the shard's end cuts off would hold itself for ever.
  auto due = std::make_shared<Signal>(shard);
  Signal& signal = *due;
  shard.at(shard.clock().steady() + by, [due = std::move(due)] { due->notify(); });
  const Result<void> reached = co_await signal.wait();
  static_cast<void>(reached);
}

}  // namespace muster::net
