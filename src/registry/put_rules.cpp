#include "registry/put_rules.hpp"

namespace muster::registry {
namespace {

template <typename Enrollment>
Enrollment next_enrollment(const std::optional<Enrollment>& held, Enrollment given) {
  given.settings.version = 1;
  if (held) {
    given.id = held->id;
    given.settings.created = held->settings.created;
    given.settings.version = held->settings.version + 1;
  }
  return given;
}

}  // namespace

bool version_allows(std::int64_t held, std::int64_t expected) {
  return expected == kAnyVersion || held == expected;
}

Hub successor(const std::optional<Hub>& held, Hub given) {
  given.version = 1;
  if (held) {
    given.name = held->name;
    given.number = held->number;
    given.created = held->created;
    given.version = held->version + 1;
  }
  return given;
}

DpsInstance successor(const std::optional<DpsInstance>& held, DpsInstance given) {
  given.version = 1;
  if (held) {
    given.name = held->name;
    given.created = held->created;
    given.version = held->version + 1;
  }
  return given;
}

CaCertificate successor(const std::optional<CaCertificate>& held, CaCertificate given) {
  given.id = 0;
  given.version = 1;
  if (held) {
    // Another certificate under the same name is another anchor: identities that remember the old id must not
    // be accepted through the new one.
    if (held->der == given.der) given.id = held->id;
    given.name = held->name;
    given.created = held->created;
    given.version = held->version + 1;
  }
  return given;
}

IndividualEnrollment successor(const std::optional<IndividualEnrollment>& held, IndividualEnrollment given) {
  return next_enrollment(held, std::move(given));
}

EnrollmentGroup successor(const std::optional<EnrollmentGroup>& held, EnrollmentGroup given) {
  return next_enrollment(held, std::move(given));
}

Registration successor(const std::optional<Registration>& held, Registration given) {
  given.version = 1;
  if (held) {
    given.id = held->id;
    given.created = held->created;
    given.version = held->version + 1;
  }
  return given;
}

DeviceIdentity successor(const std::optional<DeviceIdentity>& held, DeviceIdentity given) {
  given.version = 1;
  if (held) {
    given.generation_id = held->generation_id;
    given.created = held->created;
    given.version = held->version + 1;
  }
  return given;
}

ModuleIdentity successor(const std::optional<ModuleIdentity>& held, ModuleIdentity given) {
  given.version = 1;
  if (held) {
    given.generation_id = held->generation_id;
    given.created = held->created;
    given.version = held->version + 1;
  }
  return given;
}

Twin first_twin(const DeviceIdentity& device, const Twin* initial) {
  Twin twin = initial != nullptr ? *initial : Twin{.hub = device.hub, .device = device.id, .model_id = {}};
  twin.hub = device.hub;
  twin.device = device.id;
  twin.module.clear();
  return twin;
}

Twin first_twin(const ModuleIdentity& module, const Twin* initial) {
  Twin twin =
      initial != nullptr ? *initial : Twin{.hub = module.hub, .device = module.device, .model_id = {}};
  twin.hub = module.hub;
  twin.device = module.device;
  twin.module = module.id.str();
  return twin;
}

Error no_such_device(const ServiceName& hub, const DeviceId& device) {
  return Error{ErrorCode::device_not_found,
               "hub " + std::string{hub.str()} + " has no device " + std::string{device.str()}};
}

Error no_such_service(ServiceKind kind, const ServiceName& name) {
  if (kind == ServiceKind::hub)
    return Error{ErrorCode::hub_unknown, "there is no hub " + std::string{name.str()}};
  return Error{ErrorCode::resource_not_found, "there is no DPS instance " + std::string{name.str()}};
}

}  // namespace muster::registry
