#pragma once

#include "base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/system_executor.hpp>

#include <exception>
#include <future>

namespace muster::server {

/// co_spawn wants results that can be made empty, which ids are not: the promise takes them as they are.
template <typename T>
asio::awaitable<void> deliver(Task<T> task, std::promise<Result<T>> outcome) {
  Result<T> result = co_await std::move(task);
  outcome.set_value(std::move(result));
}

/// Runs a task to its end while the calling thread waits: for start, where there is no shard yet. It runs on
/// Asio's own threads, which outlive it: a context of this function's own would be gone while the registry's
/// thread that resumed the task is still in its post().
template <typename T>
Result<T> run_blocking(Task<T> task) {
  std::promise<Result<T>> outcome;
  std::future<Result<T>> result = outcome.get_future();
  asio::co_spawn(asio::system_executor{}, deliver(std::move(task), std::move(outcome)), asio::detached);
  return result.get();
}

}  // namespace muster::server
