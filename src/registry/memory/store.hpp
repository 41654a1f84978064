#pragma once

#include "registry/memory/repositories.hpp"

#include <functional>

namespace muster::registry::memory {

/// A Store without a file. Not thread-safe; for registries without one, see make_memory_registry.
class MemoryStore final : public Store {
 public:
  ServiceRepository& services() override { return services_; }
  CertificateRepository& certificates() override { return certificates_; }
  EnrollmentRepository& enrollments() override { return enrollments_; }
  EnrollmentGroupRepository& groups() override { return groups_; }
  RegistrationRepository& registrations() override { return registrations_; }
  DeviceRepository& devices() override { return devices_; }
  ModuleRepository& modules() override { return modules_; }

  Result<std::int64_t> trust_generation() override { return state_.trust_generation(); }
  Result<void> transaction(const std::function<Result<void>()>& work) override {
    return state_.journal.transaction(work);
  }
  /// As a reader's transaction: `work` that writes fails, and nothing is changed.
  Result<void> read_only(const std::function<Result<void>()>& work) { return state_.journal.read_only(work); }

 private:
  State state_;
  MemoryServices services_{state_};
  MemoryCertificates certificates_{state_};
  MemoryEnrollmentsOf<IndividualEnrollment> enrollments_{state_, state_.enrollments};
  MemoryEnrollmentsOf<EnrollmentGroup> groups_{state_, state_.groups};
  MemoryRegistrations registrations_{state_};
  MemoryDevices devices_{state_};
  MemoryModules modules_{state_};
};

}  // namespace muster::registry::memory
