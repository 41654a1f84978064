#include "provisioning/register_device.hpp"

#include "base/digest.hpp"
#include "protocol/hub/twin_document.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::provisioning {
namespace {

/// Where the device is, when it was assigned before.
Result<std::optional<registry::FormerAssignment>> former_of(const Attested& attested) {
  const auto& previous = attested.previous;
  if (!previous || previous->status != RegistrationStatus::assigned) return std::nullopt;
  const auto hub = ServiceName::parse(
      std::string_view{previous->assigned_hub}.substr(0, previous->assigned_hub.find('.')));
  const auto device = DeviceId::parse(previous->device_id);
  if (!hub || !device) {
    return failure(ErrorCode::registry_unavailable,
                   fmt::format("registration {} names hub {} and device {}", previous->id.str(),
                               previous->assigned_hub, previous->device_id));
  }
  return registry::FormerAssignment{previous->version, *hub, *device};
}

/// With "never" as its reprovisioning policy a device stays where it is, whatever its enrollment would allow
/// now. A hub that is not linked any more is no place to stay.
bool stays(const Attested& attested, const registry::FormerAssignment& former) {
  return !attested.settings.reprovision.update_hub_assignment &&
         std::ranges::find(attested.dps.linked_hubs, former.hub, &LinkedHub::hub) !=
             attested.dps.linked_hubs.end();
}

Task<ServiceName> choose_hub(Provisioning& service, const RegisterRequest& request, const Attested& attested,
                             const std::optional<registry::FormerAssignment>& former) {
  if (former && stays(attested, *former)) co_return former->hub;
  std::vector<LinkedHub> allowed = allowed_hubs(attested.dps, attested.settings);
  AllocationQuestion question{.id = request.id,
                              .policy = attested.settings.allocation.value_or(attested.dps.allocation_policy),
                              .candidates = std::move(allowed)};
  co_return co_await service.allocation.choose(std::move(question));
}

/// A device and the hub that was chosen for it.
struct Chosen {
  const Attested& attested;
  std::optional<registry::FormerAssignment> former;
  ServiceName hub;
  DeviceId device;
};

Registration registration_of(const RegisterRequest& request, const Chosen& chosen, WallTime now) {
  Registration registration{.dps = request.dps,
                            .id = request.id,
                            .group_id = chosen.attested.group_id,
                            .operation_id = operation_id_of(request.dps, request.id),
                            .status = RegistrationStatus::assigned,
                            .device_id = std::string{chosen.device.str()},
                            .assigned_hub = hub_host_name(chosen.hub),
                            .attestation = chosen.attested.settings.attestation.type,
                            .created = now,
                            .updated = now};
  // How it came to where it is stays true for as long as it stays.
  if (chosen.former && chosen.former->hub == chosen.hub && chosen.former->device == chosen.device)
    registration.substatus = chosen.attested.previous->substatus;
  return registration;
}

Result<registry::Assignment> assignment_of(Provisioning& service, const RegisterRequest& request,
                                           const Chosen& chosen) {
  const WallTime now = service.clock.wall();
  const EnrollmentSettings& settings = chosen.attested.settings;
  MUSTER_TRY(Twin twin, hub::make_initial_twin(chosen.hub, chosen.device, settings.initial_twin_json, now));
  DeviceIdentity identity{.hub = chosen.hub,
                          .id = chosen.device,
                          .generation_id = fmt::format("{}", now.time_since_epoch().count()),
                          .status_updated = now,
                          .auth = chosen.attested.auth,
                          .iot_edge = settings.iot_edge,
                          .created = now};
  return registry::Assignment{.generation = chosen.attested.generation,
                              .individual_version = chosen.attested.individual_version,
                              .registration = registration_of(request, chosen, now),
                              .identity = std::move(identity),
                              .initial_twin = std::move(twin),
                              .former = chosen.former,
                              .data = settings.reprovision.migrate_device_data ? registry::DataOnMove::migrate
                                                                               : registry::DataOnMove::reset};
}

/// From what was attested to what is stored. precondition_failed: something moved meanwhile.
Task<registry::AssignmentStored> place(Provisioning& service, const RegisterRequest& request,
                                       const Attested& attested) {
  const auto device = DeviceId::parse(attested.device_id);
  if (!device) {
    co_return failure(ErrorCode::device_id_invalid, fmt::format("{} {}", attested.device_id, device.error()));
  }
  MUSTER_CO_TRY(const auto former, former_of(attested));
  MUSTER_CO_TRY(const ServiceName hub, co_await choose_hub(service, request, attested, former));
  const Chosen chosen{attested, former, hub, *device};
  MUSTER_CO_TRY(auto assignment, assignment_of(service, request, chosen));
  auto stored = co_await service.registry.assign(std::move(assignment));
  co_return stored;
}

}  // namespace

Task<Registration> register_device(Provisioning& service, RegisterRequest request) {
  for (int attempt = 0; attempt < service.config.attempts_max; ++attempt) {
    const Result<AttestOutcome> outcome = co_await attest(service, request);
    if (!outcome) co_return failure(outcome.error());
    if (!outcome->attested) co_return failure(*outcome->judgement.failure());
    Result<registry::AssignmentStored> stored = co_await place(service, request, *outcome->attested);
    if (stored) {
      if (stored->identity_left && service.identity_left) service.identity_left(*stored->identity_left);
      co_return std::move(stored->registration);
    }
    // Something moved between the two hops: what was judged may no longer hold, so it is judged again.
    if (stored.error().code() != ErrorCode::precondition_failed) co_return failure(stored.error());
  }
  co_return failure(ErrorCode::registration_conflict,
                    fmt::format("what {} is judged by changed {} times while it registered", request.id.str(),
                                service.config.attempts_max));
}

std::string operation_id_of(const ServiceName& dps, const RegistrationId& id) {
  const std::string named = dps.key() + '\0' + id.key();
  const std::string hex = to_hex(sha256(as_bytes(named)));
  // The form that Azure's have, {digit}.{16 hex}.{guid}; opaque to clients (device/01 section 6.1).
  return fmt::format("5.{}.{}-{}-{}-{}-{}", hex.substr(0, 16), hex.substr(16, 8), hex.substr(24, 4),
                     hex.substr(28, 4), hex.substr(32, 4), hex.substr(36, 12));
}

}  // namespace muster::provisioning
