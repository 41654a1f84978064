#pragma once

#include "model/certificate.hpp"
#include "model/device.hpp"
#include "model/enrollment.hpp"
#include "model/service.hpp"
#include "registry/repositories.hpp"

#include <optional>

/// The rules of conditional writes, which every engine shares: what a put may replace and what it then
/// stores. Pure.
namespace muster::registry {

/// Whether a write that expects `expected` may go on where version `held` is stored (0: nothing is).
bool version_allows(std::int64_t held, std::int64_t expected);

/// What putting `given` over `held` stores: the next version, and what is given once kept from `held`. The
/// numbers that the store hands out (a hub's, a certificate's id) are filled in by the engine when there is
/// nothing to keep.
Hub successor(const std::optional<Hub>& held, Hub given);
DpsInstance successor(const std::optional<DpsInstance>& held, DpsInstance given);
CaCertificate successor(const std::optional<CaCertificate>& held, CaCertificate given);
IndividualEnrollment successor(const std::optional<IndividualEnrollment>& held, IndividualEnrollment given);
EnrollmentGroup successor(const std::optional<EnrollmentGroup>& held, EnrollmentGroup given);
Registration successor(const std::optional<Registration>& held, Registration given);
DeviceIdentity successor(const std::optional<DeviceIdentity>& held, DeviceIdentity given);
ModuleIdentity successor(const std::optional<ModuleIdentity>& held, ModuleIdentity given);

/// The twin that a new device gets: `initial`, or an empty one, under the device's name.
Twin first_twin(const DeviceIdentity& device, const Twin* initial);
/// The same for a module.
Twin first_twin(const ModuleIdentity& module, const Twin* initial);

/// The failure of a put of a module to a device that does not exist.
Error no_such_device(const ServiceName& hub, const DeviceId& device);

/// The failure of a put into a service that does not exist.
Error no_such_service(ServiceKind kind, const ServiceName& name);

}  // namespace muster::registry
