#include "provisioning/register_device.hpp"

#include "base/digest.hpp"
#include "protocol/hub/twin_document.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::provisioning {
namespace {

/// What the hub will know the device by. A CA given inside the enrollment is not an upload that a hub could
/// be pointed to: its devices are known by their thumbprint, as Azure knows all of them.
DeviceAuth auth_of(IdentityType type, const Attested& attested, const pki::Certificate& leaf) {
  if (type == IdentityType::certificate_authority && attested.anchor_ca_id != 0) {
    return {.type = DeviceAuthType::certificate_authority, .attested_ca_id = attested.anchor_ca_id};
  }
  // A single certificate is written as both thumbprints (device/01 section 8.3).
  const std::string thumbprint = leaf.sha256_thumbprint();
  return {.type = DeviceAuthType::self_signed,
          .primary_thumbprint = thumbprint,
          .secondary_thumbprint = thumbprint};
}

/// A device that was assigned before stays where it is as long as its enrollment allows that hub; what moving
/// it would mean for its data is the reprovisioning policy's to say.
std::optional<ServiceName> hub_kept(const Attested& attested, const std::vector<LinkedHub>& allowed) {
  if (!attested.previous || attested.previous->status != RegistrationStatus::assigned) return std::nullopt;
  const auto kept = std::ranges::find_if(allowed, [&](const LinkedHub& linked) {
    return equals_ignoring_case(hub_host_name(linked.hub), attested.previous->assigned_hub);
  });
  if (kept == allowed.end()) return std::nullopt;
  return kept->hub;
}

Task<ServiceName> choose_hub(Provisioning& service, const RegisterRequest& request,
                             const Attested& attested) {
  std::vector<LinkedHub> allowed = allowed_hubs(attested.dps, attested.settings);
  if (auto kept = hub_kept(attested, allowed)) co_return *std::move(kept);
  AllocationQuestion question{.id = request.id,
                              .policy = attested.settings.allocation.value_or(attested.dps.allocation_policy),
                              .candidates = std::move(allowed)};
  co_return co_await service.allocation.choose(std::move(question));
}

Result<registry::Assignment> assignment_of(Provisioning& service, const RegisterRequest& request,
                                           const Attested& attested, const ServiceName& hub) {
  const WallTime now = service.clock.wall();
  const auto device = DeviceId::parse(attested.device_id);
  if (!device)
    return failure(ErrorCode::device_id_invalid, fmt::format("{} {}", attested.device_id, device.error()));
  MUSTER_TRY(Twin twin, hub::make_initial_twin(hub, *device, attested.settings.initial_twin_json, now));
  Registration registration{.dps = request.dps,
                            .id = request.id,
                            .group_id = attested.group_id,
                            .operation_id = operation_id_of(request.dps, request.id),
                            .status = RegistrationStatus::assigned,
                            .device_id = attested.device_id,
                            .assigned_hub = hub_host_name(hub),
                            .created = now,
                            .updated = now};
  DeviceIdentity identity{.hub = hub,
                          .id = *device,
                          .generation_id = fmt::format("{}", now.time_since_epoch().count()),
                          .status_updated = now,
                          .auth = auth_of(service.config.identity_type, attested, request.chain->leaf()),
                          .iot_edge = attested.settings.iot_edge,
                          .created = now};
  return registry::Assignment{.generation = attested.generation,
                              .registration = std::move(registration),
                              .identity = std::move(identity),
                              .initial_twin = std::move(twin)};
}

}  // namespace

Task<Registration> register_device(Provisioning& service, RegisterRequest request) {
  for (int attempt = 0; attempt < service.config.attempts_max; ++attempt) {
    const Result<AttestOutcome> outcome = co_await attest(service, request);
    if (!outcome) co_return failure(outcome.error());
    if (!outcome->attested) co_return failure(*outcome->judgement.failure());
    const Result<ServiceName> hub = co_await choose_hub(service, request, *outcome->attested);
    if (!hub) co_return failure(hub.error());
    Result<registry::Assignment> assignment = assignment_of(service, request, *outcome->attested, *hub);
    if (!assignment) co_return failure(assignment.error());

    Result<registry::AssignmentStored> stored = co_await service.registry.assign(*std::move(assignment));
    if (stored) co_return std::move(stored->registration);
    // Trust moved between the two hops: what was judged may no longer hold, so it is judged again.
    if (stored.error().code() != ErrorCode::precondition_failed) co_return failure(stored.error());
  }
  co_return failure(ErrorCode::registration_conflict,
                    fmt::format("trust changed {} times while {} registered", service.config.attempts_max,
                                request.id.str()));
}

std::string operation_id_of(const ServiceName& dps, const RegistrationId& id) {
  const std::string named = dps.key() + '\0' + id.key();
  const std::string hex = to_hex(sha256(as_bytes(named)));
  // The form that Azure's have, {digit}.{16 hex}.{guid}; opaque to clients (device/01 section 6.1).
  return fmt::format("5.{}.{}-{}-{}-{}-{}", hex.substr(0, 16), hex.substr(16, 8), hex.substr(24, 4),
                     hex.substr(28, 4), hex.substr(32, 4), hex.substr(36, 12));
}

}  // namespace muster::provisioning
