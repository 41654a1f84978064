#pragma once

#include "base/result.hpp"
#include "model/certificate.hpp"
#include "model/device.hpp"
#include "model/enrollment.hpp"
#include "model/service.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace muster::registry {

/// The repositories below are blocking: call them from the registry's threads, never from a shard. "Not
/// there" is nullopt, not a failure; failures are the store's own (registry_unavailable, registry_damaged,
/// disk_full). Conditional writes take the version that the caller has seen: `expected` 0 means "must not
/// exist", kAnyVersion "whatever is there"; a write that loses returns nullopt. `version` is the store's: 1
/// for what is new, one more with each put, whatever the caller had in that field. What is given once stays
/// on later puts: `created`, the first spelling of an id that folds case, a hub's number, a device's
/// generation id. Putting into a service that does not exist fails with hub_unknown or resource_not_found.
/// Every engine passes tests/contract.hpp, and means nothing that is not tested there.
inline constexpr std::int64_t kAnyVersion = -1;

/// One page of a listing, ordered by key, of at most `limit` items (0 counts as 1). `next` is the key to
/// continue after; empty at the end.
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next;
};

class ServiceRepository {
 public:
  virtual ~ServiceRepository() = default;
  virtual Result<std::vector<Hub>> hubs() = 0;                   ///< By number.
  virtual Result<std::vector<DpsInstance>> dps_instances() = 0;  ///< By name.
  /// A new hub gets the lowest number never used (numbers are not given twice). Returns the stored hub.
  virtual Result<std::optional<Hub>> put_hub(const Hub& hub, std::int64_t expected) = 0;
  virtual Result<std::optional<DpsInstance>> put_dps(const DpsInstance& dps, std::int64_t expected) = 0;
  /// Deletes the service and everything that belongs to it; DPS instances lose their link to a hub. False
  /// when there was none.
  virtual Result<bool> remove(const ServiceRef& service) = 0;
  virtual Result<std::vector<SasPolicy>> policies(const ServiceRef& service) = 0;
  virtual Result<void> put_policy(const ServiceRef& service, const SasPolicy& policy) = 0;
};

class CertificateRepository {
 public:
  virtual ~CertificateRepository() = default;
  virtual Result<std::vector<CaCertificate>> list(const ServiceRef& owner) = 0;
  virtual Result<std::optional<CaCertificate>> find(const ServiceRef& owner, const CertificateName& name) = 0;
  virtual Result<std::optional<CaCertificate>> find_by_id(std::int64_t id) = 0;
  /// Stores with a new version (and a new id when it is new or its DER differs from what was there).
  virtual Result<std::optional<CaCertificate>> put(const CaCertificate& certificate,
                                                   std::int64_t expected) = 0;
  virtual Result<std::optional<bool>> remove(const ServiceRef& owner, const CertificateName& name,
                                             std::int64_t expected) = 0;
};

/// Individual enrollments and enrollment groups differ in what they hold, not in how they are kept.
template <typename Enrollment>
class EnrollmentsOf {
 public:
  using Id = decltype(Enrollment::id);

  virtual ~EnrollmentsOf() = default;
  virtual Result<std::optional<Enrollment>> find(const ServiceName& dps, const Id& id) = 0;
  virtual Result<std::optional<Enrollment>> put(const Enrollment& enrollment, std::int64_t expected) = 0;
  /// False in the optional: there was none; nullopt: the version had moved.
  virtual Result<std::optional<bool>> remove(const ServiceName& dps, const Id& id, std::int64_t expected) = 0;
  virtual Result<Page<Enrollment>> list(const ServiceName& dps, const std::string& after,
                                        std::size_t limit) = 0;
};

using EnrollmentRepository = EnrollmentsOf<IndividualEnrollment>;
using EnrollmentGroupRepository = EnrollmentsOf<EnrollmentGroup>;

class RegistrationRepository {
 public:
  virtual ~RegistrationRepository() = default;
  virtual Result<std::optional<Registration>> find(const ServiceName& dps, const RegistrationId& id) = 0;
  virtual Result<std::optional<Registration>> find_by_operation(const ServiceName& dps,
                                                                const std::string& operation_id) = 0;
  virtual Result<std::optional<Registration>> put(const Registration& registration,
                                                  std::int64_t expected) = 0;
  virtual Result<std::optional<bool>> remove(const ServiceName& dps, const RegistrationId& id,
                                             std::int64_t expected) = 0;
  /// Of one group ("" for those of individual enrollments), ordered by registration id.
  virtual Result<Page<Registration>> list(const ServiceName& dps, const std::string& group_id,
                                          const std::string& after, std::size_t limit) = 0;
  /// The newest registration that ended at a device of this id, on any DPS: which hub an address stands for.
  virtual Result<std::optional<Registration>> latest_of_device(const DeviceId& device) = 0;
  /// Whether another registration than this one is assigned to this one's device at this one's hub.
  virtual Result<bool> shares_device(const Registration& registration) = 0;
};

/// How many devices a hub has.
struct DeviceCounts {
  std::uint64_t total = 0;
  std::uint64_t enabled = 0;
  friend bool operator==(const DeviceCounts&, const DeviceCounts&) = default;
};

/// A tag, by the names that lead to it from the top of the tags, that is this string, number or boolean.
struct TagIs {
  std::vector<std::string> path;
  std::variant<bool, double, std::string> value;
};

/// Which devices to look at. An engine answers by its indexes, from the narrowest condition: ids, else tag,
/// else authentication type, else disabled; all of these within the prefix. It may return devices that meet
/// that one and not the others, and, for long strings, ones that agree in the beginning alone: the caller
/// judges each.
struct DeviceFilter {
  std::optional<std::vector<DeviceId>> ids{};  ///< Ascending, each once.
  std::string id_prefix{};
  std::optional<TagIs> tag{};
  std::optional<DeviceAuthType> auth_type{};
  std::optional<bool> enabled{};
};

class DeviceRepository {
 public:
  virtual ~DeviceRepository() = default;
  virtual Result<std::optional<DeviceIdentity>> find(const ServiceName& hub, const DeviceId& id) = 0;
  virtual Result<std::optional<DeviceRecord>> find_record(const ServiceName& hub, const DeviceId& id) = 0;
  /// Makes the twin with the identity when it is new. `initial` is used for a new one only; null is an empty
  /// twin.
  virtual Result<std::optional<DeviceIdentity>> put(const DeviceIdentity& identity, std::int64_t expected,
                                                    const Twin* initial) = 0;
  virtual Result<std::optional<bool>> remove(const ServiceName& hub, const DeviceId& id,
                                             std::int64_t expected) = 0;
  virtual Result<Page<DeviceRecord>> list(const ServiceName& hub, const std::string& after,
                                          std::size_t limit) = 0;
  /// As list(), of the devices that may meet the filter. It looks at no more rows than it returns, plus one.
  virtual Result<Page<DeviceRecord>> search(const ServiceName& hub, const DeviceFilter& filter,
                                            const std::string& after, std::size_t limit) = 0;
  virtual Result<std::optional<Twin>> find_twin(const ServiceName& hub, const DeviceId& id) = 0;
  /// Never makes one: nullopt too when there is no such device. All fields but `version` are stored as given.
  virtual Result<std::optional<Twin>> put_twin(const Twin& twin, std::int64_t expected_version) = 0;
  virtual Result<DeviceCounts> count(const ServiceName& hub) = 0;
};

/// The modules of devices. They go with their device.
class ModuleRepository {
 public:
  virtual ~ModuleRepository() = default;
  virtual Result<std::optional<ModuleRecord>> find(const ServiceName& hub, const DeviceId& device,
                                                   const ModuleId& id) = 0;
  /// Makes the twin with the module when it is new. device_not_found when there is no such device.
  virtual Result<std::optional<ModuleIdentity>> put(const ModuleIdentity& identity, std::int64_t expected,
                                                    const Twin* initial) = 0;
  virtual Result<std::optional<bool>> remove(const ServiceName& hub, const DeviceId& device,
                                             const ModuleId& id, std::int64_t expected) = 0;
  /// Of one device, by id.
  virtual Result<std::vector<ModuleRecord>> list(const ServiceName& hub, const DeviceId& device) = 0;
  /// Of all devices of a hub, by device and id. `after` and the page's `next` are "{device}/{module}": no id
  /// holds a slash.
  virtual Result<Page<ModuleRecord>> list_all(const ServiceName& hub, const std::string& after,
                                              std::size_t limit) = 0;
  /// As DeviceRepository's, for the twin of a module: `twin.module` names it.
  virtual Result<std::optional<Twin>> put_twin(const Twin& twin, std::int64_t expected_version) = 0;
};

/// One engine: the repositories of one connection, and its transactions.
class Store {
 public:
  virtual ~Store() = default;
  virtual ServiceRepository& services() = 0;
  virtual CertificateRepository& certificates() = 0;
  virtual EnrollmentRepository& enrollments() = 0;
  virtual EnrollmentGroupRepository& groups() = 0;
  virtual RegistrationRepository& registrations() = 0;
  virtual DeviceRepository& devices() = 0;
  virtual ModuleRepository& modules() = 0;

  /// Grows by one with every change of what many devices are judged by: certificates, groups, links,
  /// services. Not with individual enrollments, whose own version tells.
  virtual Result<std::int64_t> trust_generation() = 0;
  /// Runs `work` in a transaction (a savepoint inside an outer one); rolled back when it fails. Durable on
  /// return of the outermost.
  virtual Result<void> transaction(const std::function<Result<void>()>& work) = 0;
};

}  // namespace muster::registry
