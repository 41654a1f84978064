#include "provisioning/operations.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace muster::provisioning {

Result<std::string> Operations::start(asio::any_io_executor executor, RegisterRequest request) {
  const std::string id = operation_id_of(request.dps, request.id);
  {
    const std::lock_guard lock{mutex_};
    const auto known = operations_.find(id);
    if (known != operations_.end() && !known->second.done) return id;
    if (running_ >= service_.config.operations_max) {
      return failure(ErrorCode::operations_limit, fmt::format("{} registrations are under way", running_));
    }
    if (known == operations_.end() && operations_.size() >= 2 * service_.config.operations_max)
      forget_oldest_failure();
    operations_[id] = Operation{};
    ++running_;
  }
  asio::co_spawn(executor, run(id, std::move(request)), asio::detached);
  return id;
}

asio::awaitable<void> Operations::run(std::string key, RegisterRequest request) {
  const Result<Registration> outcome = co_await register_device(service_, std::move(request));
  const std::lock_guard lock{mutex_};
  --running_;
  if (outcome) {
    operations_.erase(key);  // The registry knows it from here on.
  } else {
    operations_[key] = Operation{true, outcome.error()};
  }
}

Task<OperationView> Operations::poll(asio::any_io_executor executor, RegisterRequest request,
                                     std::string operation_id) {
  if (operation_id != operation_id_of(request.dps, request.id)) {
    co_return failure(
        ErrorCode::operation_unknown,
        fmt::format("operation {} is not that of {}", operation_id.substr(0, 80), request.id.str()));
  }
  OperationView view;
  {
    const std::lock_guard lock{mutex_};
    const auto known = operations_.find(operation_id);
    if (known != operations_.end()) {
      if (!known->second.done) co_return OperationView{.running = true};
      view.error = std::move(known->second.error);
      operations_.erase(known);
    }
  }
  // Only a failed allocation is stored; every other refusal leaves what was there.
  if (view.error && view.error->code() != ErrorCode::allocation_failed) co_return view;
  std::optional<Registration> stored;
  const auto read = co_await service_.registry.read([&](registry::Store& store) -> Result<void> {
    MUSTER_TRY(stored, store.registrations().find(request.dps, request.id));
    return {};
  });
  if (!read) co_return failure(read.error());
  if (stored && (!view.error || stored->status == RegistrationStatus::failed))
    view.registration = std::move(stored);
  if (view.registration || view.error) co_return view;
  MUSTER_CO_CHECK(start(executor, std::move(request)));
  co_return OperationView{.running = true};
}

void Operations::forget_oldest_failure() {
  for (auto operation = operations_.begin(); operation != operations_.end(); ++operation) {
    if (operation->second.done) {
      operations_.erase(operation);
      return;
    }
  }
}

std::size_t Operations::running() const {
  const std::lock_guard lock{mutex_};
  return running_;
}

}  // namespace muster::provisioning
