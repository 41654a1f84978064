#include "registry_by_hand.hpp"

#include "registry/assign.hpp"
#include "registry/snapshots.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <vector>

namespace muster::simulation {
namespace {

using registry::Call;
using registry::Store;

template <typename Handler>
class Resume final : public registry::Completion {
 public:
  explicit Resume(Handler handler)
      : executor_{asio::get_associated_executor(handler)}, handler_{std::move(handler)} {}

  void deliver(Result<void> result) override {
    asio::post(executor_, [handler = std::move(handler_), result = std::move(result)]() mutable {
      std::move(handler)(std::move(result));
    });
  }

 private:
  std::decay_t<decltype(asio::get_associated_executor(std::declval<Handler&>()))> executor_;
  Handler handler_;
};

struct Enqueue {
  std::deque<Call>& queue;
  bool stopped;

  template <typename Handler>
  void operator()(Handler handler, std::function<Result<void>(Store&)> work) const {
    Call call{std::move(work), std::make_unique<Resume<Handler>>(std::move(handler))};
    if (stopped) {
      call.completion->deliver(failure(ErrorCode::shutting_down, "the registry has been stopped"));
    } else {
      queue.push_back(std::move(call));
    }
  }
};

}  // namespace

bool RegistryByHand::run_once(bool reads_first, std::size_t writes_max) {
  if (idle()) return false;
  if (writes_.empty() || (reads_first && !reads_.empty())) {
    Call call = std::move(reads_.front());
    reads_.pop_front();
    call.completion->deliver(reader_.transaction([&] { return call.work(reader_); }));
  } else {
    commit(writes_max);
  }
  return true;
}

/// As ThreadedRegistry::commit.
void RegistryByHand::commit(std::size_t writes_max) {
  std::vector<Call> calls;
  while (!writes_.empty() && calls.size() < writes_max) {
    calls.push_back(std::move(writes_.front()));
    writes_.pop_front();
  }
  std::vector<Result<void>> results;
  const Result<void> committed = writer_.transaction([&]() -> Result<void> {
    for (const Call& call : calls) {
      results.push_back(writer_.transaction([&] { return call.work(writer_); }));
    }
    if (answers_early_) return failure(ErrorCode::cancelled, "it was said to be done, and is not");
    return {};
  });
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const bool told = committed || (answers_early_ && i < results.size());
    calls[i].completion->deliver(told ? std::move(results[i]) : failure(committed.error()));
  }
}

void RegistryByHand::stop() {
  stopped_ = true;
  for (Queue* queue : {&reads_, &writes_}) {
    for (Call& call : *queue) {
      call.completion->deliver(failure(ErrorCode::shutting_down, "the registry has been stopped"));
    }
    queue->clear();
  }
}

Task<void> RegistryByHand::submit(Queue& queue, std::function<Result<void>(Store&)> work) {
  auto wait = asio::async_initiate<const asio::use_awaitable_t<>&, void(Result<void>)>(
      Enqueue{queue, stopped_}, asio::use_awaitable, std::move(work));
  Result<void> result = co_await std::move(wait);
  co_return result;
}

Task<void> RegistryByHand::read(std::function<Result<void>(Store&)> work) {
  return submit(reads_, std::move(work));
}

Task<void> RegistryByHand::write(std::function<Result<void>(Store&)> work) {
  return submit(writes_, std::move(work));
}

Task<registry::EnrollmentSnapshot> RegistryByHand::enrollment_snapshot(ServiceName dps, RegistrationId id,
                                                                       std::int64_t generation_known) {
  registry::EnrollmentSnapshot snapshot;
  auto call = submit(reads_, [&](Store& store) -> Result<void> {
    MUSTER_TRY(snapshot, registry::read_enrollment_snapshot(store, dps, id, generation_known));
    return {};
  });
  MUSTER_CO_CHECK(co_await std::move(call));
  co_return snapshot;
}

Task<registry::ConnectSnapshot> RegistryByHand::connect_snapshot(registry::ConnectQuestion question) {
  registry::ConnectSnapshot snapshot;
  auto call = submit(reads_, [&](Store& store) -> Result<void> {
    MUSTER_TRY(snapshot, registry::read_connect_snapshot(store, question));
    return {};
  });
  MUSTER_CO_CHECK(co_await std::move(call));
  co_return snapshot;
}

Task<registry::AssignmentStored> RegistryByHand::assign(registry::Assignment assignment) {
  std::optional<registry::AssignmentStored> stored;
  auto call = submit(writes_, [&](Store& store) -> Result<void> {
    MUSTER_TRY(stored, registry::assign_in(store, assignment));
    return {};
  });
  MUSTER_CO_CHECK(co_await std::move(call));
  co_return *std::move(stored);
}

}  // namespace muster::simulation
