#include "provisioning/register_device.hpp"

#include "base/digest.hpp"
#include "protocol/hub/twin_document.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::provisioning {
namespace {

/// The registration's errorCode for it (device/01 section 6.5).
constexpr std::int32_t kCustomAllocationFailed = 400207;

/// Where the device is, when it was assigned before.
Result<std::optional<registry::FormerAssignment>> former_of(const Attested& attested) {
  const auto& previous = attested.previous;
  // Also of one that has failed since: the device is still where it was.
  if (!previous || previous->assigned_hub.empty()) return std::nullopt;
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

AllocationContext context_of(const RegisterRequest& request, const Attested& attested,
                             const std::optional<registry::FormerAssignment>& former) {
  AllocationContext context{.current_hub = former ? hub_host_name(former->hub) : "",
                            .current_device = former ? std::string{former->device.str()} : "",
                            .attestation = attested.settings.attestation.type,
                            .chain = request.chain,
                            .payload_json = request.payload_json,
                            .remote_address = request.remote_address};
  if (const auto group = EnrollmentGroupId::parse(attested.group_id)) {
    context.group = EnrollmentGroup{request.dps, *group, attested.settings};
  } else {
    context.individual =
        IndividualEnrollment{request.dps, request.id, attested.device_id, std::string{}, attested.settings};
  }
  return context;
}

Task<AllocationChoice> choose_hub(Provisioning& service, const RegisterRequest& request,
                                  const Attested& attested,
                                  const std::optional<registry::FormerAssignment>& former) {
  PlacementQuestion question{.id = request.id,
                             .dps = attested.dps,
                             .settings = attested.settings,
                             .current = former ? std::optional{former->hub} : std::nullopt,
                             .context = context_of(request, attested, former)};
  co_return co_await place_device(service.allocation, std::move(question));
}

/// A device and the hub that was chosen for it.
struct Chosen {
  const Attested& attested;
  std::optional<registry::FormerAssignment> former;
  AllocationChoice choice;
  DeviceId device;
};

Registration registration_of(const RegisterRequest& request, const Chosen& chosen, WallTime now) {
  Registration registration{.dps = request.dps,
                            .id = request.id,
                            .group_id = chosen.attested.group_id,
                            .operation_id = operation_id_of(request.dps, request.id),
                            .status = RegistrationStatus::assigned,
                            .device_id = std::string{chosen.device.str()},
                            .assigned_hub = hub_host_name(chosen.choice.hub),
                            .attestation = chosen.attested.settings.attestation.type,
                            .payload_json = chosen.choice.payload_json,
                            .created = now,
                            .updated = now};
  // How it came to where it is stays true for as long as it stays.
  if (chosen.former && chosen.former->hub == chosen.choice.hub && chosen.former->device == chosen.device)
    registration.substatus = chosen.attested.previous->substatus;
  return registration;
}

Result<registry::Assignment> assignment_of(Provisioning& service, const RegisterRequest& request,
                                           const Chosen& chosen) {
  const WallTime now = service.clock.wall();
  const EnrollmentSettings& settings = chosen.attested.settings;
  const AllocationChoice& choice = chosen.choice;
  const bool wins = !choice.initial_twin_json.empty();
  const std::string& initial = wins ? choice.initial_twin_json : settings.initial_twin_json;
  MUSTER_TRY(Twin twin, hub::make_initial_twin(choice.hub, chosen.device, initial, now));
  DeviceIdentity identity{.hub = choice.hub,
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
                              .initial_twin_wins = wins,
                              .former = chosen.former,
                              .data = settings.reprovision.migrate_device_data ? registry::DataOnMove::migrate
                                                                               : registry::DataOnMove::reset};
}

/// What is kept of a registration that failed: where the device was before, it still is.
Registration failed_registration(Provisioning& service, const RegisterRequest& request,
                                 const Attested& attested, const Error& error) {
  const WallTime now = service.clock.wall();
  Registration failed =
      attested.previous.value_or(Registration{.dps = request.dps, .id = request.id, .created = now});
  failed.group_id = attested.group_id;
  failed.operation_id = operation_id_of(request.dps, request.id);
  failed.status = RegistrationStatus::failed;
  failed.attestation = attested.settings.attestation.type;
  failed.payload_json.clear();
  failed.error_code = kCustomAllocationFailed;
  failed.error_message = fmt::format("Custom allocation failed. {}: {}. {}", error_id(error.code()),
                                     error.reason(), error.remedy());
  failed.updated = now;
  return failed;
}

/// A registry that cannot take it says so itself; the device is told of the failure all the same.
asio::awaitable<void> keep_failed(Provisioning& service, Registration failed) {
  const auto put = [failed](registry::Store& store) -> Result<void> {
    MUSTER_CHECK(store.registrations().put(failed, registry::kAnyVersion));
    return {};
  };
  const Result<void> kept = co_await service.registry.write(put);
  static_cast<void>(kept);
}

/// From what was attested to what is stored. precondition_failed: something moved meanwhile.
Task<registry::AssignmentStored> place(Provisioning& service, const RegisterRequest& request,
                                       const Attested& attested) {
  const auto device = DeviceId::parse(attested.device_id);
  if (!device) {
    co_return failure(ErrorCode::device_id_invalid, fmt::format("{} {}", attested.device_id, device.error()));
  }
  MUSTER_CO_TRY(const auto former, former_of(attested));
  Result<AllocationChoice> choice = co_await choose_hub(service, request, attested, former);
  if (!choice && choice.error().code() == ErrorCode::allocation_failed) {
    Registration failed = failed_registration(service, request, attested, choice.error());
    co_await keep_failed(service, std::move(failed));
  }
  if (!choice) co_return failure(choice.error());
  const Chosen chosen{attested, former, *std::move(choice), *device};
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
