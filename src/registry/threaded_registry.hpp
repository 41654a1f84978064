#pragma once

#include "registry/registry.hpp"
#include "registry/work_queue.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace muster::registry {

/// The connections that a ThreadedRegistry works on, whatever their engine.
struct Stores {
  std::unique_ptr<Store> writer;
  std::vector<std::unique_ptr<Store>> readers;  ///< One thread each; at least one.
  std::vector<std::unique_ptr<Store>> near;     ///< Read by whoever asks, on its own thread.
};

/// Stores that nobody is reading just now.
class IdleStores {
 public:
  explicit IdleStores(const std::vector<std::unique_ptr<Store>>& stores);
  Store* take();  ///< Null when there is none.
  void give_back(Store* store);

 private:
  std::mutex mutex_;
  std::vector<Store*> idle_;
};

/// The awaitable face over blocking stores: one writer thread, which commits what is waiting together, and a
/// thread for each reader.
class ThreadedRegistry final : public Registry {
 public:
  ThreadedRegistry(RegistryConfig config, Stores stores);
  ~ThreadedRegistry() override;

  Task<void> read(std::function<Result<void>(Store&)> work) override;
  Task<void> write(std::function<Result<void>(Store&)> work) override;
  Task<EnrollmentSnapshot> enrollment_snapshot(ServiceName dps, RegistrationId id,
                                               std::int64_t generation_known) override;
  Task<ConnectSnapshot> connect_snapshot(ConnectQuestion question) override;
  Task<AssignmentStored> assign(Assignment assignment) override;
  void stop() override;
  RegistryFigures figures() const override;

 private:
  struct Enqueue;
  Task<void> submit(WorkQueue& queue, std::function<Result<void>(Store&)> work);
  Task<void> read_near(std::function<Result<void>(Store&)> work);
  void run_reader(Store& store);
  void run_writer();
  void commit(std::vector<Call>& calls);

  const RegistryConfig config_;
  Stores stores_;
  IdleStores near_{stores_.near};
  WorkQueue reads_;
  WorkQueue writes_;
  std::atomic<std::uint64_t> read_count_{0}, write_count_{0}, commit_count_{0}, refused_count_{0};
  std::once_flag stopped_;
  std::vector<std::thread> threads_;  // Last: they use all of the above.
};

}  // namespace muster::registry
