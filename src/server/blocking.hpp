#pragma once

#include "base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/system_executor.hpp>

#include <exception>
#include <future>

namespace muster::server {

/// Runs a task to its end while the calling thread waits: for start, where there is no shard yet. It runs on
/// Asio's own threads, which outlive it: a context of this function's own would be gone while the registry's
/// thread that resumed the task is still in its post().
template <typename T>
Result<T> run_blocking(Task<T> task) {
  std::promise<Result<T>> outcome;
  asio::co_spawn(asio::system_executor{}, std::move(task), [&](std::exception_ptr thrown, Result<T> result) {
    if (thrown) std::terminate();
    outcome.set_value(std::move(result));
  });
  return outcome.get_future().get();
}

}  // namespace muster::server
