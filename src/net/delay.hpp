#pragma once

#include "base/task.hpp"
#include "net/shard.hpp"

#include <chrono>

namespace muster::net {

/// Completes on `shard` once its clock has moved by `by`; at once when `by` is 0. The shard must outlive it.
asio::awaitable<void> delay(Shard& shard, std::chrono::nanoseconds by);

}  // namespace muster::net
