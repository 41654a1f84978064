#include "registry/assign.hpp"

#include <fmt/format.h>

namespace muster::registry {
namespace {

bool same(const DeviceAuth& a, const DeviceAuth& b) {
  return a.type == b.type && a.primary_thumbprint == b.primary_thumbprint &&
         a.secondary_thumbprint == b.secondary_thumbprint && a.primary_key == b.primary_key &&
         a.secondary_key == b.secondary_key && a.attested_ca_id == b.attested_ca_id;
}

Result<void> assign_identity(Store& store, const Assignment& assignment, AssignmentStored& stored) {
  DeviceRepository& devices = store.devices();
  const DeviceIdentity& wanted = assignment.identity;
  MUSTER_TRY(auto held, devices.find(wanted.hub, wanted.id));
  if (held && same(held->auth, wanted.auth)) {
    // A device that registers again at each start must not move its identity's etag.
    stored.identity = *std::move(held);
    return {};
  }
  stored.identity_created = !held;
  DeviceIdentity next = held ? *std::move(held) : wanted;
  next.auth = wanted.auth;
  MUSTER_TRY(auto put, devices.put(next, kAnyVersion, &assignment.initial_twin));
  stored.identity = *std::move(put);  // kAnyVersion cannot lose.
  return {};
}

}  // namespace

Result<AssignmentStored> assign_in(Store& store, const Assignment& assignment) {
  AssignmentStored stored{assignment.registration, assignment.identity, false};
  MUSTER_CHECK(store.transaction([&]() -> Result<void> {
    MUSTER_TRY(const std::int64_t generation, store.trust_generation());
    if (generation != assignment.generation) {
      return failure(ErrorCode::precondition_failed,
                     fmt::format("trust moved from generation {} to {} while {} registered",
                                 assignment.generation, generation, assignment.registration.id.str()));
    }
    MUSTER_TRY(auto put, store.registrations().put(assignment.registration, kAnyVersion));
    stored.registration = *std::move(put);
    return assign_identity(store, assignment, stored);
  }));
  return stored;
}

}  // namespace muster::registry
