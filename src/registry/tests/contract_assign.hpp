#pragma once

#include "registry/tests/contract.hpp"

namespace muster::registry {

template <typename Engine>
class AssignContract : public RegistryContract<Engine> {
 protected:
  /// An assignment of `id` on dps-1 to hub-a, as of now.
  Assignment assignment(const char* id) {
    using namespace testing_values;
    const auto held = this->store().registrations().find(service("dps-1"), registration_id(id)).value();
    std::optional<FormerAssignment> former;
    if (held) former = FormerAssignment{held->version, service("hub-a"), device_id(id)};
    return {.generation = this->generation(),
            .registration = registration("dps-1", id),
            .identity = identity("hub-a", id),
            .initial_twin = twin("hub-a", id),
            .former = former};
  }
};
TYPED_TEST_SUITE_P(AssignContract);

TYPED_TEST_P(AssignContract, AFirstRegistrationMakesAllThree) {
  using namespace testing_values;
  this->make_services();
  const AssignmentStored stored = assign_in(this->store(), this->assignment("pump")).value();
  this->reopen();
  EXPECT_TRUE(stored.identity_created);
  EXPECT_EQ(stored.registration.version, 1);
  EXPECT_EQ(
      fields(this->store().registrations().find(service("dps-1"), registration_id("pump")).value().value()),
      fields(stored.registration));
  const DeviceRecord record =
      this->store().devices().find_record(service("hub-a"), device_id("pump")).value().value();
  EXPECT_EQ(fields(record.identity), fields(stored.identity));
  EXPECT_EQ(fields(record.twin), fields(twin("Hub-A", "pump")));
}

TYPED_TEST_P(AssignContract, MovedTrustRefusesAndStoresNothing) {
  using namespace testing_values;
  this->make_services();
  const Assignment stale = this->assignment("pump");
  ASSERT_TRUE(this->store().certificates().put(certificate(dps_ref("dps-1"), "ca"), 0).value());
  const auto refused = assign_in(this->store(), stale);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::precondition_failed);
  EXPECT_FALSE(this->store().registrations().find(service("dps-1"), registration_id("pump")).value());
  EXPECT_FALSE(this->store().devices().find(service("hub-a"), device_id("pump")).value());
}

TYPED_TEST_P(AssignContract, RegisteringAgainKeepsTheDevice) {
  using namespace testing_values;
  this->make_services();
  const AssignmentStored first = assign_in(this->store(), this->assignment("pump")).value();
  Assignment again = this->assignment("pump");
  again.registration.created = at(777);
  again.registration.updated = at(778);
  again.identity.generation_id = "new";
  again.identity.enabled = true;
  again.identity.created = at(779);
  again.initial_twin.tags_json = "{}";
  const AssignmentStored second = assign_in(this->store(), again).value();
  EXPECT_FALSE(second.identity_created);
  EXPECT_EQ(second.registration.created, first.registration.created);
  EXPECT_EQ(second.registration.updated, at(778));
  EXPECT_EQ(second.registration.version, 2);
  EXPECT_EQ(fields(second.identity), fields(first.identity))
      << "same authentication: not even the version moves";
  const DeviceRecord record =
      this->store().devices().find_record(service("hub-a"), device_id("pump")).value().value();
  EXPECT_EQ(fields(record.identity), fields(first.identity));
  EXPECT_EQ(record.twin.tags_json, twin("hub-a", "pump").tags_json);
}

TYPED_TEST_P(AssignContract, AnExistingIdentityTakesTheNewAuthentication) {
  using namespace testing_values;
  this->make_services();
  const AssignmentStored first = assign_in(this->store(), this->assignment("pump")).value();
  Assignment again = this->assignment("pump");
  again.identity.enabled = true;
  again.identity.iot_edge = false;
  again.identity.auth = {.type = DeviceAuthType::certificate_authority, .attested_ca_id = 12};
  const AssignmentStored second = assign_in(this->store(), again).value();
  DeviceIdentity expected = first.identity;
  expected.auth = again.identity.auth;
  expected.version = 2;
  EXPECT_FALSE(second.identity_created);
  EXPECT_EQ(fields(second.identity), fields(expected)) << "a disabled device stays disabled";
  EXPECT_EQ(fields(this->store().devices().find(service("hub-a"), device_id("pump")).value().value()),
            fields(expected));
}

TYPED_TEST_P(AssignContract, ADeletedIdentityIsMadeAnew) {
  using namespace testing_values;
  this->make_services();
  ASSERT_TRUE(assign_in(this->store(), this->assignment("pump")));
  ASSERT_TRUE(
      this->store().devices().remove(service("hub-a"), device_id("pump"), kAnyVersion).value().value());
  Assignment again = this->assignment("pump");
  again.identity.generation_id = "second life";
  const AssignmentStored second = assign_in(this->store(), again).value();
  EXPECT_TRUE(second.identity_created);
  EXPECT_EQ(second.identity.generation_id, "second life");
  EXPECT_EQ(second.registration.version, 2);
  EXPECT_TRUE(this->store().devices().find_twin(service("hub-a"), device_id("pump")).value());
}

TYPED_TEST_P(AssignContract, ANewIndividualEnrollmentOrRegistrationRefuses) {
  using namespace testing_values;
  this->make_services();
  const Assignment unseen = this->assignment("pump");
  ASSERT_TRUE(assign_in(this->store(), unseen));
  EXPECT_EQ(assign_in(this->store(), unseen).error().code(), ErrorCode::precondition_failed)
      << "somebody registered it meanwhile";
  const Assignment judged_by_group = this->assignment("pump");
  const std::int64_t before = this->generation();
  ASSERT_TRUE(this->store().enrollments().put(enrollment("dps-1", "pump"), 0).value());
  EXPECT_EQ(this->generation(), before) << "others' registrations are not disturbed";
  EXPECT_EQ(assign_in(this->store(), judged_by_group).error().code(), ErrorCode::precondition_failed);
  Assignment judged_by_it = this->assignment("pump");
  judged_by_it.individual_version = 1;
  EXPECT_TRUE(assign_in(this->store(), judged_by_it));
}

TYPED_TEST_P(AssignContract, AMoveTakesTheTwinAlongOrBeginsAnew) {
  using namespace testing_values;
  for (const DataOnMove data : {DataOnMove::migrate, DataOnMove::reset}) {
    const char* id = data == DataOnMove::migrate ? "along" : "anew";
    if (data == DataOnMove::migrate) this->make_services();
    ASSERT_TRUE(assign_in(this->store(), this->assignment(id)));
    Assignment there = this->assignment(id);
    there.identity = identity("hub-b", id);
    there.identity.enabled = true;
    there.registration.assigned_hub = "hub-b.azure-devices.net";
    there.registration.substatus = RegistrationSubstatus::initial_assignment;
    there.initial_twin = Twin{.hub = service("hub-b"), .device = device_id(id)};
    there.data = data;
    const AssignmentStored stored = assign_in(this->store(), there).value();
    EXPECT_TRUE(stored.identity_created);
    ASSERT_TRUE(stored.identity_left);
    EXPECT_EQ(stored.identity_left->hub.str(), "Hub-A");
    EXPECT_FALSE(this->store().devices().find(service("hub-a"), device_id(id)).value());
    const DeviceRecord moved =
        this->store().devices().find_record(service("hub-b"), device_id(id)).value().value();
    EXPECT_FALSE(moved.identity.enabled) << "moving is no way around being disabled";
    EXPECT_EQ(moved.identity.status_reason, "lost");
    EXPECT_EQ(moved.twin.tags_json, data == DataOnMove::migrate ? twin("hub-a", id).tags_json : "{}");
    EXPECT_EQ(moved.twin.reported_json, data == DataOnMove::migrate ? twin("hub-a", id).reported_json : "{}");
    EXPECT_EQ(stored.registration.substatus, data == DataOnMove::migrate
                                                 ? RegistrationSubstatus::device_data_migrated
                                                 : RegistrationSubstatus::device_data_reset);
  }
}

TYPED_TEST_P(AssignContract, AnIdentityThatAnotherRegistrationEndsAtStays) {
  using namespace testing_values;
  this->make_services();
  ASSERT_TRUE(assign_in(this->store(), this->assignment("pump")));
  Registration other = registration("dps-1", "other");
  other.device_id = "pump";
  ASSERT_TRUE(this->store().registrations().put(other, 0).value());
  Assignment renamed = this->assignment("pump");
  renamed.identity = identity("hub-a", "renamed");
  renamed.registration.device_id = "renamed";
  const AssignmentStored stored = assign_in(this->store(), renamed).value();
  EXPECT_FALSE(stored.identity_left);
  EXPECT_TRUE(this->store().devices().find(service("hub-a"), device_id("pump")).value());
  EXPECT_TRUE(this->store().devices().find(service("hub-a"), device_id("renamed")).value());
  EXPECT_EQ(stored.registration.substatus, RegistrationSubstatus::device_data_reset);
  other.assigned_hub = "hub-b.azure-devices.net";
  ASSERT_TRUE(this->store().registrations().put(other, kAnyVersion).value());
  Assignment back = this->assignment("pump");
  back.former->device = device_id("renamed");
  EXPECT_TRUE(assign_in(this->store(), back).value().identity_left) << "elsewhere is not here";
}

TYPED_TEST_P(AssignContract, AnAllocationsTwinWinsOverMigratedData) {
  using namespace testing_values;
  this->make_services();
  ASSERT_TRUE(assign_in(this->store(), this->assignment("pump")));
  Assignment there = this->assignment("pump");
  there.identity = identity("hub-b", "pump");
  there.initial_twin = Twin{.hub = service("hub-b"), .device = device_id("pump"), .tags_json = R"({"w":1})"};
  there.initial_twin_wins = true;
  ASSERT_TRUE(assign_in(this->store(), there));
  const Twin moved = this->store().devices().find_twin(service("hub-b"), device_id("pump")).value().value();
  EXPECT_EQ(moved.tags_json, R"({"w":1})");
  EXPECT_EQ(moved.reported_json, twin("hub-a", "pump").reported_json);
  EXPECT_EQ(moved.version, twin("hub-a", "pump").version + 1);
}

TYPED_TEST_P(AssignContract, AHubThatIsGoneUndoesTheRegistration) {
  using namespace testing_values;
  this->make_services();
  Assignment lost = this->assignment("pump");
  lost.identity.hub = service("nowhere");
  const auto refused = assign_in(this->store(), lost);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::hub_unknown);
  EXPECT_FALSE(this->store().registrations().find(service("dps-1"), registration_id("pump")).value());
}

TYPED_TEST_P(AssignContract, EnrollmentSnapshotHasTrustOnlyWhenItMoved) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  ASSERT_TRUE(store.certificates().put(certificate(dps_ref("dps-1"), "ca"), 0).value());
  ASSERT_TRUE(store.certificates().put(certificate(dps_ref("dps-2"), "other"), 0).value());
  ASSERT_TRUE(store.transaction([&]() -> Result<void> {
    for (int index = 0; index < 300; ++index) {  // More than one page of the snapshot's own reading.
      MUSTER_CHECK(store.groups().put(group("dps-1", "g" + std::to_string(index)), 0));
    }
    return {};
  }));
  ASSERT_TRUE(store.enrollments().put(enrollment("dps-1", "pump"), 0).value());
  ASSERT_TRUE(store.registrations().put(registration("dps-1", "pump"), 0).value());
  const ServiceName dps_1 = service("dps-1");
  const auto first = read_enrollment_snapshot(store, dps_1, registration_id("PUMP"), 0).value();
  EXPECT_EQ(first.generation, this->generation());
  ASSERT_TRUE(first.trust);
  EXPECT_EQ(first.trust->generation, first.generation);
  ASSERT_EQ(first.trust->certificates.size(), 1u);
  EXPECT_EQ(first.trust->certificates[0].name.str(), "ca");
  EXPECT_EQ(first.trust->groups.size(), 300u);
  EXPECT_TRUE(first.individual);
  EXPECT_TRUE(first.registration);
  ASSERT_TRUE(first.dps);
  EXPECT_EQ(first.dps->name.str(), "Dps-1");
  const auto second =
      read_enrollment_snapshot(store, dps_1, registration_id("nobody"), first.generation).value();
  EXPECT_FALSE(second.trust);
  EXPECT_FALSE(second.individual);
  EXPECT_FALSE(second.registration);
  const auto nowhere =
      read_enrollment_snapshot(store, service("nowhere"), registration_id("pump"), 0).value();
  EXPECT_FALSE(nowhere.dps);
  EXPECT_FALSE(nowhere.individual);
}

TYPED_TEST_P(AssignContract, ConnectSnapshotTrustsTheHubAndTheDpsThatLinkIt) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  ASSERT_TRUE(store.services().put_hub(hub("lone"), 0).value());
  ASSERT_TRUE(store.certificates().put(certificate(hub_ref("hub-a"), "own"), 0).value());
  ASSERT_TRUE(store.certificates().put(certificate(hub_ref("hub-b"), "neighbour"), 0).value());
  ASSERT_TRUE(store.certificates().put(certificate(dps_ref("dps-1"), "attesting"), 0).value());
  ASSERT_TRUE(store.devices().put(identity("hub-a", "pump"), 0, nullptr).value());
  const auto names = [](const ConnectSnapshot& snapshot) {
    std::string all;
    for (const CaCertificate& certificate : snapshot.trust->certificates)
      all.append(certificate.name.str()) += ' ';
    return all;
  };
  const auto first =
      read_connect_snapshot(store, {.hub = service("hub-a"), .device = device_id("pump")}).value();
  EXPECT_EQ(names(first), "own attesting ");
  EXPECT_TRUE(first.trust->groups.empty());
  ASSERT_TRUE(first.identity);
  EXPECT_EQ(first.generation, this->generation());
  EXPECT_EQ(
      names(read_connect_snapshot(store, {.hub = service("lone"), .device = device_id("pump")}).value()), "");
  const auto second =
      read_connect_snapshot(
          store, {.hub = service("hub-b"), .device = device_id("pump"), .generation_known = first.generation})
          .value();
  EXPECT_FALSE(second.trust);
  EXPECT_FALSE(second.identity);
}

TYPED_TEST_P(AssignContract, ConnectSnapshotHasModuleAndPoliciesWhenAsked) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  ASSERT_TRUE(store.devices().put(identity("hub-a", "pump"), 0, nullptr).value());
  ASSERT_TRUE(store.modules().put(module("hub-a", "pump", "camera"), 0, nullptr).value());
  ASSERT_TRUE(store.services().put_policy(hub_ref("hub-a"), {"device", "a", "b", {"DeviceConnect"}}));
  const ConnectQuestion plain{.hub = service("hub-a"), .device = device_id("pump")};
  EXPECT_FALSE(read_connect_snapshot(store, plain).value().module);
  EXPECT_TRUE(read_connect_snapshot(store, plain).value().policies.empty());
  ConnectQuestion asked = plain;
  asked.module = "camera";
  asked.with_policies = true;
  const ConnectSnapshot snapshot = read_connect_snapshot(store, asked).value();
  ASSERT_TRUE(snapshot.module);
  EXPECT_EQ(snapshot.module->id.str(), "camera");
  ASSERT_EQ(snapshot.policies.size(), 1u);
  EXPECT_EQ(snapshot.policies[0].name, "device");
  asked.module = "nothing";
  EXPECT_FALSE(read_connect_snapshot(store, asked).value().module);
}

REGISTER_TYPED_TEST_SUITE_P(AssignContract, AFirstRegistrationMakesAllThree,
                            MovedTrustRefusesAndStoresNothing, RegisteringAgainKeepsTheDevice,
                            AnExistingIdentityTakesTheNewAuthentication, ADeletedIdentityIsMadeAnew,
                            ANewIndividualEnrollmentOrRegistrationRefuses, AMoveTakesTheTwinAlongOrBeginsAnew,
                            AnIdentityThatAnotherRegistrationEndsAtStays,
                            AnAllocationsTwinWinsOverMigratedData, AHubThatIsGoneUndoesTheRegistration,
                            EnrollmentSnapshotHasTrustOnlyWhenItMoved,
                            ConnectSnapshotTrustsTheHubAndTheDpsThatLinkIt,
                            ConnectSnapshotHasModuleAndPoliciesWhenAsked);

}  // namespace muster::registry
