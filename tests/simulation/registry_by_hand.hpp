#pragma once

#include "registry/registry.hpp"
#include "registry/work_queue.hpp"

#include <deque>

namespace muster::simulation {

/// The registry's face over two connections, as ThreadedRegistry is, but without threads: a call waits until
/// run_once() takes it. Writes that wait are committed together, and answered once that is done.
class RegistryByHand final : public registry::Registry {
 public:
  RegistryByHand(registry::Store& writer, registry::Store& reader) : writer_{writer}, reader_{reader} {}
  ~RegistryByHand() override { stop(); }

  /// Carries out one read, or commits up to `writes_max` writes; false when nothing waits.
  bool run_once(bool reads_first, std::size_t writes_max);
  bool idle() const noexcept { return reads_.empty() && writes_.empty(); }
  /// A fault to be found: success is told before the commit.
  void answer_early() noexcept { answers_early_ = true; }

  Task<void> read(std::function<Result<void>(registry::Store&)> work) override;
  Task<void> write(std::function<Result<void>(registry::Store&)> work) override;
  Task<registry::EnrollmentSnapshot> enrollment_snapshot(ServiceName dps, RegistrationId id,
                                                         std::int64_t generation_known) override;
  Task<registry::ConnectSnapshot> connect_snapshot(registry::ConnectQuestion question) override;
  Task<registry::AssignmentStored> assign(registry::Assignment assignment) override;
  /// What waits is told that it will not be done.
  void stop() override;
  registry::RegistryFigures figures() const override { return {}; }

 private:
  using Queue = std::deque<registry::Call>;
  Task<void> submit(Queue& queue, std::function<Result<void>(registry::Store&)> work);
  void commit(std::size_t writes_max);

  registry::Store& writer_;
  registry::Store& reader_;
  Queue reads_;
  Queue writes_;
  bool answers_early_ = false;
  bool stopped_ = false;
};

}  // namespace muster::simulation
