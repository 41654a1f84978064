#include "registry/threaded_registry.hpp"

#include "registry/assign.hpp"
#include "registry/snapshots.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::registry {
namespace {

/// Holds the awaiting coroutine. The executor is told that work is outstanding, or an io_context with nothing
/// else to do would return from run() and never resume it.
template <typename Handler>
class HandlerCompletion final : public Completion {
 public:
  explicit HandlerCompletion(Handler handler)
      : executor_{asio::prefer(asio::get_associated_executor(handler),
                               asio::execution::outstanding_work.tracked)},
        handler_{std::move(handler)} {}

  void deliver(Result<void> result) override {
    asio::post(executor_, [handler = std::move(handler_), result = std::move(result)]() mutable {
      std::move(handler)(std::move(result));
    });
  }

 private:
  using Executor = std::decay_t<decltype(asio::prefer(asio::get_associated_executor(std::declval<Handler&>()),
                                                      asio::execution::outstanding_work.tracked))>;
  Executor executor_;
  Handler handler_;
};

}  // namespace

/// Starts the wait: puts the call in the queue, or answers at once that it cannot.
struct ThreadedRegistry::Enqueue {
  ThreadedRegistry& registry;
  WorkQueue& queue;

  template <typename Handler>
  void operator()(Handler handler, std::function<Result<void>(Store&)> work) const {
    Call call{std::move(work), std::make_unique<HandlerCompletion<Handler>>(std::move(handler))};
    switch (queue.push(call)) {
      case WorkQueue::Push::taken:
        return;
      case WorkQueue::Push::full:
        ++registry.refused_count_;
        call.completion->deliver(failure(ErrorCode::registry_busy, fmt::format("{} calls are waiting already",
                                                                               registry.config_.queue_max)));
        return;
      case WorkQueue::Push::closed:
        call.completion->deliver(failure(ErrorCode::shutting_down, "the registry has been stopped"));
        return;
    }
  }
};

IdleStores::IdleStores(const std::vector<std::unique_ptr<Store>>& stores) {
  for (const auto& store : stores) idle_.push_back(store.get());
}

Store* IdleStores::take() {
  const std::lock_guard lock{mutex_};
  if (idle_.empty()) return nullptr;
  Store* const store = idle_.back();
  idle_.pop_back();
  return store;
}

void IdleStores::give_back(Store* store) {
  const std::lock_guard lock{mutex_};
  idle_.push_back(store);
}

ThreadedRegistry::ThreadedRegistry(RegistryConfig config, Stores stores)
    : config_{std::move(config)},
      stores_{std::move(stores)},
      reads_{config_.queue_max},
      writes_{config_.queue_max} {
  threads_.emplace_back([this] { run_writer(); });
  for (const auto& reader : stores_.readers) {
    threads_.emplace_back([this, &store = *reader] { run_reader(store); });
  }
}

ThreadedRegistry::~ThreadedRegistry() { stop(); }

void ThreadedRegistry::stop() {
  std::call_once(stopped_, [this] {
    reads_.close();
    writes_.close();
    for (std::thread& thread : threads_) thread.join();
  });
}

RegistryFigures ThreadedRegistry::figures() const {
  return {.reads = read_count_, .writes = write_count_, .commits = commit_count_, .refused = refused_count_};
}

void ThreadedRegistry::run_reader(Store& store) {
  while (true) {
    std::vector<Call> calls = reads_.take(1);
    if (calls.empty()) return;
    Call& call = calls.front();
    Result<void> result = store.transaction([&] { return call.work(store); });
    ++read_count_;
    call.completion->deliver(std::move(result));
  }
}

void ThreadedRegistry::run_writer() {
  while (true) {
    std::vector<Call> calls = writes_.take(std::max<std::size_t>(config_.commit_batch_max, 1));
    if (calls.empty()) return;
    commit(calls);
  }
}

/// One transaction for all, a savepoint for each: a call that fails undoes itself alone, and nobody hears of
/// success before the commit is durable.
void ThreadedRegistry::commit(std::vector<Call>& calls) {
  Store& store = *stores_.writer;
  std::vector<Result<void>> results;
  results.reserve(calls.size());
  const Result<void> committed = store.transaction([&]() -> Result<void> {
    for (const Call& call : calls) {
      results.push_back(store.transaction([&] { return call.work(store); }));
    }
    return {};
  });
  write_count_ += calls.size();
  ++commit_count_;
  for (std::size_t index = 0; index < calls.size(); ++index) {
    calls[index].completion->deliver(committed ? std::move(results[index]) : failure(committed.error()));
  }
}

Task<void> ThreadedRegistry::submit(WorkQueue& queue, std::function<Result<void>(Store&)> work) {
  auto wait = asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<void>)>(
      Enqueue{*this, queue}, asio::use_awaitable, std::move(work));
  Result<void> result = co_await std::move(wait);
  co_return result;
}

Task<void> ThreadedRegistry::read(std::function<Result<void>(Store&)> work) {
  return submit(reads_, std::move(work));
}

Task<void> ThreadedRegistry::write(std::function<Result<void>(Store&)> work) {
  return submit(writes_, std::move(work));
}

/// On the calling thread when a store is idle. In WAL a reader waits for nobody, except while the log is
/// begun anew or recovered: then, as without an idle store, the call queues.
Task<void> ThreadedRegistry::read_near(std::function<Result<void>(Store&)> work) {
  if (Store* const store = near_.take()) {
    Result<void> result = store->transaction([&] { return work(*store); });
    near_.give_back(store);
    if (result || result.error().code() != ErrorCode::registry_busy) {
      ++read_count_;
      co_return result;
    }
  }
  co_return co_await submit(reads_, std::move(work));
}

// In the three below the lambdas borrow from the coroutine, which its completion keeps alive until the call
// has run.

Task<EnrollmentSnapshot> ThreadedRegistry::enrollment_snapshot(ServiceName dps, RegistrationId id,
                                                               std::int64_t generation_known) {
  EnrollmentSnapshot snapshot;
  auto call = read_near([&](Store& store) -> Result<void> {
    MUSTER_TRY(snapshot, read_enrollment_snapshot(store, dps, id, generation_known));
    return {};
  });
  MUSTER_CO_CHECK(co_await std::move(call));
  co_return snapshot;
}

Task<ConnectSnapshot> ThreadedRegistry::connect_snapshot(ConnectQuestion question) {
  ConnectSnapshot snapshot;
  auto call = read_near([&](Store& store) -> Result<void> {
    MUSTER_TRY(snapshot, read_connect_snapshot(store, question));
    return {};
  });
  MUSTER_CO_CHECK(co_await std::move(call));
  co_return snapshot;
}

Task<AssignmentStored> ThreadedRegistry::assign(Assignment assignment) {
  std::optional<AssignmentStored> stored;
  auto call = submit(writes_, [&](Store& store) -> Result<void> {
    MUSTER_TRY(stored, assign_in(store, assignment));
    return {};
  });
  MUSTER_CO_CHECK(co_await std::move(call));
  co_return *std::move(stored);
}

}  // namespace muster::registry
