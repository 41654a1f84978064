#include "registry/assign.hpp"

#include "registry/edge_modules.hpp"

#include <fmt/format.h>

namespace muster::registry {
namespace {

bool same(const DeviceAuth& a, const DeviceAuth& b) {
  return a.type == b.type && a.primary_thumbprint == b.primary_thumbprint &&
         a.secondary_thumbprint == b.secondary_thumbprint && a.primary_key == b.primary_key &&
         a.secondary_key == b.secondary_key && a.attested_ca_id == b.attested_ca_id;
}

tl::unexpected<Error> moved(const Assignment& assignment, std::string_view what, std::int64_t from,
                            std::int64_t to) {
  return failure(ErrorCode::precondition_failed,
                 fmt::format("{} moved from {} to {} while {} registered", what, from, to,
                             assignment.registration.id.str()));
}

/// What the device was judged by has to be what is stored now.
Result<void> check_unmoved(Store& store, const Assignment& assignment) {
  MUSTER_TRY(const std::int64_t generation, store.trust_generation());
  if (generation != assignment.generation)
    return moved(assignment, "trust generation", assignment.generation, generation);
  const Registration& wanted = assignment.registration;
  MUSTER_TRY(const auto enrollment, store.enrollments().find(wanted.dps, wanted.id));
  const std::int64_t version = enrollment ? enrollment->settings.version : 0;
  if (version != assignment.individual_version)
    return moved(assignment, "the individual enrollment's version", assignment.individual_version, version);
  MUSTER_TRY(const auto held, store.registrations().find(wanted.dps, wanted.id));
  // One that has failed since still says where the device is.
  const bool was_assigned = held && !held->assigned_hub.empty();
  const std::int64_t seen = assignment.former ? assignment.former->registration_version : 0;
  if (was_assigned && held->version != seen)
    return moved(assignment, "the registration's version", seen, held->version);
  return {};
}

/// A new identity, with what an IoT Edge device has from the start.
Result<DeviceIdentity> make_identity(Store& store, DeviceIdentity next, const Twin& twin) {
  if (next.iot_edge && next.device_scope.empty()) next.device_scope = new_edge_scope(next.id, next.created);
  MUSTER_TRY(auto made, store.devices().put(next, 0, &twin));
  if (made->iot_edge) {  // Nothing was there: the put cannot lose.
    MUSTER_CHECK(keep_edge_modules(store, *made));
  }
  return *std::move(made);
}

/// The device is where it was, or nowhere yet.
Result<void> keep_or_make(Store& store, const Assignment& assignment, AssignmentStored& stored) {
  DeviceRepository& devices = store.devices();
  const DeviceIdentity& wanted = assignment.identity;
  MUSTER_TRY(auto held, devices.find(wanted.hub, wanted.id));
  if (held && same(held->auth, wanted.auth)) {
    // A device that registers again at each start must not move its identity's etag.
    stored.identity = *std::move(held);
    return {};
  }
  stored.identity_created = !held;
  if (!held) {
    MUSTER_TRY(stored.identity, make_identity(store, wanted, assignment.initial_twin));
    return {};
  }
  DeviceIdentity next = *std::move(held);
  next.auth = wanted.auth;
  MUSTER_TRY(auto put, devices.put(next, kAnyVersion, nullptr));
  stored.identity = *std::move(put);  // kAnyVersion cannot lose.
  return {};
}

/// The twin that the device has at its new hub.
Twin twin_after_move(const Assignment& assignment, const Twin& left) {
  if (assignment.data == DataOnMove::reset) return assignment.initial_twin;
  Twin twin = left;
  if (assignment.initial_twin_wins) {
    twin.tags_json = assignment.initial_twin.tags_json;
    twin.desired_json = assignment.initial_twin.desired_json;
    twin.desired_metadata_json = assignment.initial_twin.desired_metadata_json;
    ++twin.desired_version;
    ++twin.version;
    ++twin.etag;
  }
  return twin;
}

/// The device leaves its hub: the identity there goes, and its twin comes along or begins anew. Whether the
/// device is enabled stays as it was: moving is no way around being disabled.
Result<void> move(Store& store, const Assignment& assignment, const DeviceRecord& left,
                  AssignmentStored& stored) {
  DeviceRepository& devices = store.devices();
  DeviceIdentity next = assignment.identity;
  next.enabled = left.identity.enabled;
  next.status_reason = left.identity.status_reason;
  next.status_updated = left.identity.status_updated;
  const Twin twin = twin_after_move(assignment, left.twin);
  MUSTER_CHECK(devices.remove(left.identity.hub, left.identity.id, kAnyVersion));
  // One that is at the new hub already, made by hand or left there, gives way: the device has one history.
  MUSTER_CHECK(devices.remove(next.hub, next.id, kAnyVersion));
  MUSTER_TRY(stored.identity, make_identity(store, std::move(next), twin));
  stored.identity_created = true;
  stored.identity_left = left.identity;
  stored.registration.substatus = assignment.data == DataOnMove::migrate
                                      ? RegistrationSubstatus::device_data_migrated
                                      : RegistrationSubstatus::device_data_reset;
  return {};
}

/// Two enrollments may name one device id: an identity that another registration ends at is not this one's to
/// take along.
Result<bool> is_shared(Store& store, const Assignment& assignment) {
  MUSTER_TRY(const auto held,
             store.registrations().find(assignment.registration.dps, assignment.registration.id));
  if (!held) return false;
  return store.registrations().shares_device(*held);
}

Result<void> assign_identity(Store& store, const Assignment& assignment, AssignmentStored& stored) {
  const auto& former = assignment.former;
  const DeviceIdentity& wanted = assignment.identity;
  if (former && !(former->hub == wanted.hub && former->device == wanted.id)) {
    MUSTER_TRY(const auto left, store.devices().find_record(former->hub, former->device));
    MUSTER_TRY(const bool shared, is_shared(store, assignment));
    if (left && !shared) return move(store, assignment, *left, stored);
    if (left) stored.registration.substatus = RegistrationSubstatus::device_data_reset;
  }
  return keep_or_make(store, assignment, stored);
}

}  // namespace

Result<AssignmentStored> assign_in(Store& store, const Assignment& assignment) {
  AssignmentStored stored{assignment.registration, assignment.identity, false, std::nullopt};
  MUSTER_CHECK(store.transaction([&]() -> Result<void> {
    MUSTER_CHECK(check_unmoved(store, assignment));
    MUSTER_CHECK(assign_identity(store, assignment, stored));
    MUSTER_TRY(auto put, store.registrations().put(stored.registration, kAnyVersion));
    stored.registration = *std::move(put);
    return {};
  }));
  return stored;
}

}  // namespace muster::registry
