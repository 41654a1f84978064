#pragma once

#include "registry/memory/state.hpp"
#include "registry/repositories.hpp"

/// The repositories over State: the same behaviour as the SQLite ones, by the same contract tests. All borrow
/// the state.
namespace muster::registry::memory {

class MemoryServices final : public ServiceRepository {
 public:
  explicit MemoryServices(State& state) : state_{state} {}
  Result<std::vector<Hub>> hubs() override;
  Result<std::vector<DpsInstance>> dps_instances() override;
  Result<std::optional<Hub>> put_hub(const Hub& hub, std::int64_t expected) override;
  Result<std::optional<DpsInstance>> put_dps(const DpsInstance& dps, std::int64_t expected) override;
  Result<bool> remove(const ServiceRef& service) override;
  Result<std::vector<SasPolicy>> policies(const ServiceRef& service) override;
  Result<void> put_policy(const ServiceRef& service, const SasPolicy& policy) override;

 private:
  void remove_hub(const std::string& key);
  void remove_dps(const std::string& key);
  State& state_;
};

class MemoryCertificates final : public CertificateRepository {
 public:
  explicit MemoryCertificates(State& state) : state_{state} {}
  Result<std::vector<CaCertificate>> list(const ServiceRef& owner) override;
  Result<std::optional<CaCertificate>> find(const ServiceRef& owner, const CertificateName& name) override;
  Result<std::optional<CaCertificate>> find_by_id(std::int64_t id) override;
  Result<std::optional<CaCertificate>> put(const CaCertificate& certificate, std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceRef& owner, const CertificateName& name,
                                     std::int64_t expected) override;

 private:
  State& state_;
};

/// Instantiated in enrollments.cpp for the two that there are.
template <typename Enrollment>
class MemoryEnrollmentsOf final : public EnrollmentsOf<Enrollment> {
 public:
  using Rows = Table<State::InService, Enrollment>;
  using Id = typename EnrollmentsOf<Enrollment>::Id;

  MemoryEnrollmentsOf(State& state, Rows& rows) : state_{state}, rows_{rows} {}
  Result<std::optional<Enrollment>> find(const ServiceName& dps, const Id& id) override;
  Result<std::optional<Enrollment>> put(const Enrollment& enrollment, std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceName& dps, const Id& id, std::int64_t expected) override;
  Result<Page<Enrollment>> list(const ServiceName& dps, const std::string& after, std::size_t limit) override;

 private:
  State& state_;
  Rows& rows_;  ///< The state's, for this kind of enrollment.
};

class MemoryRegistrations final : public RegistrationRepository {
 public:
  explicit MemoryRegistrations(State& state) : state_{state} {}
  Result<std::optional<Registration>> find(const ServiceName& dps, const RegistrationId& id) override;
  Result<std::optional<Registration>> find_by_operation(const ServiceName& dps,
                                                        const std::string& operation_id) override;
  Result<std::optional<Registration>> put(const Registration& registration, std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceName& dps, const RegistrationId& id,
                                     std::int64_t expected) override;
  Result<Page<Registration>> list(const ServiceName& dps, const std::string& group_id,
                                  const std::string& after, std::size_t limit) override;
  Result<std::optional<Registration>> latest_of_device(const DeviceId& device) override;
  Result<bool> shares_device(const Registration& registration) override;

 private:
  State& state_;
};

class MemoryDevices final : public DeviceRepository {
 public:
  explicit MemoryDevices(State& state) : state_{state} {}
  Result<std::optional<DeviceIdentity>> find(const ServiceName& hub, const DeviceId& id) override;
  Result<std::optional<DeviceRecord>> find_record(const ServiceName& hub, const DeviceId& id) override;
  Result<std::optional<DeviceIdentity>> put(const DeviceIdentity& identity, std::int64_t expected,
                                            const Twin* initial) override;
  Result<std::optional<bool>> remove(const ServiceName& hub, const DeviceId& id,
                                     std::int64_t expected) override;
  Result<Page<DeviceRecord>> list(const ServiceName& hub, const std::string& after,
                                  std::size_t limit) override;
  Result<Page<DeviceRecord>> search(const ServiceName& hub, const DeviceFilter& filter,
                                    const std::string& after, std::size_t limit) override;
  Result<std::optional<Twin>> find_twin(const ServiceName& hub, const DeviceId& id) override;
  Result<std::optional<Twin>> put_twin(const Twin& twin, std::int64_t expected_version) override;
  Result<DeviceCounts> count(const ServiceName& hub) override;

 private:
  State& state_;
};

class MemoryModules final : public ModuleRepository {
 public:
  explicit MemoryModules(State& state) : state_{state} {}
  Result<std::optional<ModuleRecord>> find(const ServiceName& hub, const DeviceId& device,
                                           const ModuleId& id) override;
  Result<std::optional<ModuleIdentity>> put(const ModuleIdentity& identity, std::int64_t expected,
                                            const Twin* initial) override;
  Result<std::optional<bool>> remove(const ServiceName& hub, const DeviceId& device, const ModuleId& id,
                                     std::int64_t expected) override;
  Result<std::vector<ModuleRecord>> list(const ServiceName& hub, const DeviceId& device) override;
  Result<Page<ModuleRecord>> list_all(const ServiceName& hub, const std::string& after,
                                      std::size_t limit) override;
  Result<std::optional<Twin>> put_twin(const Twin& twin, std::int64_t expected_version) override;

 private:
  State& state_;
};

/// Removes a registration and its index entries; also when its DPS instance goes.
void erase_registration(State& state, const State::InService& key);

}  // namespace muster::registry::memory
