#include "registry/registry.hpp"

#include "registry/assign.hpp"
#include "registry/memory/store.hpp"
#include "registry/snapshots.hpp"

#include <mutex>

namespace muster::registry {
namespace {

/// Runs everything where it is awaited, without a thread and without suspending: the order of a simulation is
/// its seed's. The mutex is for tests that share one between threads.
class MemoryRegistry final : public Registry {
 public:
  Task<void> read(std::function<Result<void>(Store&)> work) override { co_return read_now(work); }
  Task<void> write(std::function<Result<void>(Store&)> work) override { co_return write_now(work); }

  Task<EnrollmentSnapshot> enrollment_snapshot(ServiceName dps, RegistrationId id,
                                               std::int64_t generation_known) override {
    EnrollmentSnapshot snapshot;
    MUSTER_CO_CHECK(read_now([&](Store& store) -> Result<void> {
      MUSTER_TRY(snapshot, read_enrollment_snapshot(store, dps, id, generation_known));
      return {};
    }));
    co_return snapshot;
  }

  Task<ConnectSnapshot> connect_snapshot(ConnectQuestion question) override {
    ConnectSnapshot snapshot;
    MUSTER_CO_CHECK(read_now([&](Store& store) -> Result<void> {
      MUSTER_TRY(snapshot, read_connect_snapshot(store, question));
      return {};
    }));
    co_return snapshot;
  }

  Task<AssignmentStored> assign(Assignment assignment) override {
    std::optional<AssignmentStored> stored;
    MUSTER_CO_CHECK(write_now([&](Store& store) -> Result<void> {
      MUSTER_TRY(stored, assign_in(store, assignment));
      return {};
    }));
    co_return *std::move(stored);
  }

  void stop() override {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }

  RegistryFigures figures() const override {
    const std::lock_guard lock{mutex_};
    return figures_;
  }

 private:
  using Work = std::function<Result<void>(Store&)>;

  Result<void> read_now(const Work& work) {
    const std::lock_guard lock{mutex_};
    if (stopped_) return failure(ErrorCode::shutting_down, "the registry has been stopped");
    ++figures_.reads;
    return store_.read_only([&] { return work(store_); });
  }

  Result<void> write_now(const Work& work) {
    const std::lock_guard lock{mutex_};
    if (stopped_) return failure(ErrorCode::shutting_down, "the registry has been stopped");
    ++figures_.writes;
    ++figures_.commits;
    return store_.transaction([&] { return work(store_); });
  }

  mutable std::mutex mutex_;
  bool stopped_ = false;
  RegistryFigures figures_;
  memory::MemoryStore store_;
};

}  // namespace

std::unique_ptr<Registry> make_memory_registry() { return std::make_unique<MemoryRegistry>(); }

}  // namespace muster::registry
