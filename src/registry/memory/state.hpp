#pragma once

#include "model/certificate.hpp"
#include "model/device.hpp"
#include "model/enrollment.hpp"
#include "registry/memory/table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <variant>

namespace muster::registry::memory {

/// Everything that the registry holds. Keys are those of the SQLite schema: the service's folded name, then
/// the thing's own.
struct State {
  using InService = std::pair<std::string, std::string>;
  using OfService = std::tuple<ServiceKind, std::string, std::string>;
  using Index = std::tuple<std::string, std::string, std::string>;

  Journal journal;
  Table<std::string, Hub> hubs{journal};
  Table<std::string, DpsInstance> dps{journal};
  Table<OfService, SasPolicy> policies{journal};
  Table<OfService, CaCertificate> certificates{journal};
  Table<InService, IndividualEnrollment> enrollments{journal};
  Table<InService, EnrollmentGroup> groups{journal};
  Table<InService, Registration> registrations{journal};
  Table<Index, std::monostate> registration_of_group{journal};      ///< DPS, group key, id key.
  Table<Index, std::monostate> registration_of_operation{journal};  ///< DPS, operation id, id key.
  /// Device id and time of update; the newest is the last of its device.
  Table<std::tuple<std::string, WallTime, InService>, std::monostate> registration_of_device{journal};
  Table<InService, DeviceRecord> devices{journal};
  Table<Index, ModuleRecord> modules{journal};  ///< Hub, device, module.
  Table<std::string, std::int64_t> numbers{journal};

  /// The number called `name`, counting from `first`, which moves by one.
  std::int64_t take(const std::string& name, std::int64_t first);
  std::int64_t trust_generation() const;
  void trust_changed();
  /// The service's first spelling; nullopt when there is none.
  std::optional<ServiceName> spelling(ServiceKind kind, const ServiceName& name) const;
  /// The same for a put, which fails where there is none.
  Result<ServiceName> require(ServiceKind kind, const ServiceName& name) const;
};

}  // namespace muster::registry::memory
