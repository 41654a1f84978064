#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "base/task.hpp"

namespace muster::server {

/// Runs a task to its end on the calling thread: for start and stop, where there is no shard yet or no longer.
template <typename T>
Result<T> run_blocking(Task<T> task) {
  asio::io_context io;
  std::optional<Result<T>> outcome;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr, Result<T> result) { outcome = std::move(result); });
  while (!outcome) {
    // The registry answers from its own threads: without work the context would give up before that.
    const auto guard = asio::make_work_guard(io);
    io.run_one();
  }
  return *std::move(outcome);
}

}  // namespace muster::server
