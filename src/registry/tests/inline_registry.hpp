#pragma once

#include "base/task.hpp"
#include "registry/assign.hpp"
#include "registry/memory/store.hpp"
#include "registry/registry.hpp"
#include "registry/snapshots.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace muster::registry {

/// For tests that have one order of things: the memory engine without threads. Each call waits for one turn
/// of the loop of whoever awaits it, as it would for another thread. What it stores outlives it, so that a
/// test can restart the service.
class InlineRegistry final : public Registry {
 public:
  using Kept = std::shared_ptr<memory::MemoryStore>;
  explicit InlineRegistry(Kept kept = std::make_shared<memory::MemoryStore>()) : kept_{std::move(kept)} {}

  Store& store() noexcept { return *kept_; }
  /// Calls from now on wait until go_on().
  void hold() noexcept { held_ = true; }
  void go_on() {
    held_ = false;
    for (asio::steady_timer* gate : std::exchange(gates_, {})) gate->cancel();
  }
  /// Runs before each assignment is carried out: what another node, or an administrator, does between the two
  /// hops.
  std::function<void(Store&)> before_assign;
  /// Runs after each look of a CONNECT: what an administrator does between it and what follows from it.
  std::function<void(Store&)> after_connect_snapshot;
  /// Every call fails with this while it is set.
  std::optional<Error> failing;

  Task<void> read(std::function<Result<void>(Store&)> work) override {
    MUSTER_CO_CHECK(co_await turn());
    ++figures_.reads;
    co_return kept_->read_only([&] { return work(*kept_); });
  }
  Task<void> write(std::function<Result<void>(Store&)> work) override {
    MUSTER_CO_CHECK(co_await turn());
    ++figures_.writes;
    co_return kept_->transaction([&] { return work(*kept_); });
  }
  Task<EnrollmentSnapshot> enrollment_snapshot(ServiceName dps, RegistrationId id,
                                               std::int64_t generation_known) override {
    MUSTER_CO_CHECK(co_await turn());
    ++figures_.reads;
    co_return read_enrollment_snapshot(*kept_, dps, id, generation_known);
  }
  Task<ConnectSnapshot> connect_snapshot(ConnectQuestion question) override {
    MUSTER_CO_CHECK(co_await turn());
    ++figures_.reads;
    auto snapshot = read_connect_snapshot(*kept_, question);
    if (after_connect_snapshot) after_connect_snapshot(*kept_);
    co_return snapshot;
  }
  Task<AssignmentStored> assign(Assignment assignment) override {
    MUSTER_CO_CHECK(co_await turn());
    ++figures_.writes;
    if (before_assign) before_assign(*kept_);
    co_return assign_in(*kept_, assignment);
  }
  void stop() override {}
  RegistryFigures figures() const override { return figures_; }

 private:
  Task<void> turn() {
    const auto executor = co_await asio::this_coro::executor;
    co_await asio::post(executor, asio::use_awaitable);
    while (held_) {
      asio::steady_timer gate{executor, asio::steady_timer::time_point::max()};
      gates_.push_back(&gate);
      co_await gate.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (failing) co_return failure(*failing);
    co_return Result<void>{};
  }

  Kept kept_;
  bool held_ = false;
  std::vector<asio::steady_timer*> gates_;
  RegistryFigures figures_;
};

}  // namespace muster::registry
