#pragma once

#include "registry/tests/contract.hpp"

namespace muster::registry {

template <typename Engine>
class DpsContract : public RegistryContract<Engine> {};
TYPED_TEST_SUITE_P(DpsContract);

TYPED_TEST_P(DpsContract, EnrollmentComesBackWholeAndFoldsCase) {
  using namespace testing_values;
  this->make_services();
  ASSERT_TRUE(this->store().enrollments().put(enrollment("dps-1", "Pump-07"), 0).value());
  this->reopen();
  IndividualEnrollment expected = enrollment("Dps-1", "Pump-07");
  expected.settings.version = 1;
  const auto found = this->store().enrollments().find(service("DPS-1"), registration_id("PUMP-07")).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(fields(*found), fields(expected));
  EXPECT_FALSE(this->store().enrollments().find(service("dps-2"), registration_id("pump-07")).value());
  EXPECT_FALSE(this->store().enrollments().find(service("nowhere"), registration_id("pump-07")).value());
}

TYPED_TEST_P(DpsContract, WhatAnEnrollmentLeavesOutStaysOut) {
  using namespace testing_values;
  this->make_services();
  const EnrollmentGroup bare{.dps = service("Dps-1"), .id = group_id("bare"), .settings = {}};
  ASSERT_TRUE(this->store().groups().put(bare, 0).value());
  EnrollmentGroup expected = bare;
  expected.settings.version = 1;
  EXPECT_EQ(fields(this->store().groups().find(service("dps-1"), group_id("bare")).value().value()),
            fields(expected));
}

TYPED_TEST_P(DpsContract, EnrollmentPutAndRemoveAreConditional) {
  using namespace testing_values;
  this->make_services();
  auto& enrollments = this->store().enrollments();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = enrollments.put(enrollment("dps-1", "one"), expected).value();
    return stored ? std::optional{stored->settings.version} : std::nullopt;
  });
  expect_conditional_remove([&](std::int64_t expected) {
    return enrollments.remove(service("dps-1"), registration_id("ONE"), expected).value();
  });
}

TYPED_TEST_P(DpsContract, GroupPutAndRemoveAreConditional) {
  using namespace testing_values;
  this->make_services();
  auto& groups = this->store().groups();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = groups.put(group("dps-1", "one"), expected).value();
    return stored ? std::optional{stored->settings.version} : std::nullopt;
  });
  expect_conditional_remove([&](std::int64_t expected) {
    return groups.remove(service("dps-1"), group_id("ONE"), expected).value();
  });
}

TYPED_TEST_P(DpsContract, SpellingAndCreatedStayWithTheFirst) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  ASSERT_TRUE(store.enrollments().put(enrollment("dps-1", "Pump"), 0).value());
  ASSERT_TRUE(store.groups().put(group("dps-1", "Pumps"), 0).value());
  ASSERT_TRUE(store.registrations().put(registration("dps-1", "Pump"), 0).value());
  IndividualEnrollment enrollment_again = enrollment("DPS-1", "PUMP");
  enrollment_again.settings.created = at(1000);
  EnrollmentGroup group_again = group("DPS-1", "PUMPS");
  group_again.settings.created = at(1000);
  Registration registration_again = registration("DPS-1", "PUMP");
  registration_again.created = at(1000);
  const auto stored = store.enrollments().put(enrollment_again, kAnyVersion).value().value();
  EXPECT_EQ(stored.id.str(), "Pump");
  EXPECT_EQ(stored.dps.str(), "Dps-1");
  EXPECT_EQ(stored.settings.created, at(21));
  const auto stored_group = store.groups().put(group_again, kAnyVersion).value().value();
  EXPECT_EQ(stored_group.id.str(), "Pumps");
  EXPECT_EQ(stored_group.settings.created, at(21));
  const auto stored_registration = store.registrations().put(registration_again, kAnyVersion).value().value();
  EXPECT_EQ(stored_registration.id.str(), "Pump");
  EXPECT_EQ(stored_registration.created, at(31));
  EXPECT_EQ(fields(store.registrations().find(service("dps-1"), registration_id("pump")).value().value()),
            fields(stored_registration));
}

TYPED_TEST_P(DpsContract, EnrollmentsAndGroupsDoNotMix) {
  using namespace testing_values;
  this->make_services();
  ASSERT_TRUE(this->store().enrollments().put(enrollment("dps-1", "same"), 0).value());
  EXPECT_FALSE(this->store().groups().find(service("dps-1"), group_id("same")).value());
  ASSERT_TRUE(this->store().groups().put(group("dps-1", "same"), 0).value());
  ASSERT_TRUE(this->store().groups().remove(service("dps-1"), group_id("same"), kAnyVersion).value());
  EXPECT_TRUE(this->store().enrollments().find(service("dps-1"), registration_id("same")).value());
}

TYPED_TEST_P(DpsContract, ListingsArePagedByKey) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  for (const char* id : {"c", "A", "b", "E", "d"}) {
    ASSERT_TRUE(store.enrollments().put(enrollment("dps-1", id), 0).value());
    ASSERT_TRUE(store.groups().put(group("dps-1", id), 0).value());
    ASSERT_TRUE(store.registrations().put(registration("dps-1", id), 0).value());
  }
  ASSERT_TRUE(store.enrollments().put(enrollment("dps-2", "a0"), 0).value());
  ASSERT_TRUE(store.groups().put(group("dps-2", "a0"), 0).value());
  ASSERT_TRUE(store.registrations().put(registration("dps-2", "a0"), 0).value());
  const auto walk = [](auto list) {
    std::string seen;
    std::string after;
    do {
      auto page = list(after);
      for (const auto& item : page.items) seen += item.id.str();
      seen += '|';
      after = page.next;
    } while (!after.empty());
    return seen;
  };
  const ServiceName dps_1 = service("dps-1");
  for (const auto& [limit, expected] :
       {std::pair{2u, "Ab|cd|E|"}, {5u, "AbcdE|"}, {9u, "AbcdE|"}, {0u, "A|b|c|d|E|"}}) {
    SCOPED_TRACE(limit);
    EXPECT_EQ(walk([&](auto& after) { return store.enrollments().list(dps_1, after, limit).value(); }),
              expected);
    EXPECT_EQ(walk([&](auto& after) { return store.groups().list(dps_1, after, limit).value(); }), expected);
    EXPECT_EQ(
        walk([&](auto& after) { return store.registrations().list(dps_1, "PUMPS", after, limit).value(); }),
        expected);
  }
  EXPECT_EQ(store.enrollments().list(dps_1, "B", 1).value().items.at(0).id.str(), "c")
      << "`after` folds case too";
  EXPECT_TRUE(store.groups().list(service("nowhere"), "", 5).value().items.empty());
}

TYPED_TEST_P(DpsContract, RegistrationComesBackWhole) {
  using namespace testing_values;
  this->make_services();
  ASSERT_TRUE(this->store().registrations().put(registration("dps-1", "Pump-07"), 0).value());
  this->reopen();
  Registration expected = registration("Dps-1", "Pump-07");
  expected.version = 1;
  auto& registrations = this->store().registrations();
  EXPECT_EQ(fields(registrations.find(service("DPS-1"), registration_id("PUMP-07")).value().value()),
            fields(expected));
  EXPECT_EQ(fields(registrations.find_by_operation(service("dps-1"), "5.op.Pump-07").value().value()),
            fields(expected));
  EXPECT_EQ(fields(registrations.latest_of_device(device_id("Pump-07")).value().value()), fields(expected));
  EXPECT_FALSE(registrations.find_by_operation(service("dps-2"), "5.op.Pump-07").value());
  EXPECT_FALSE(registrations.find_by_operation(service("dps-1"), "5.OP.Pump-07").value())
      << "operation ids are exact";
}

TYPED_TEST_P(DpsContract, RegistrationPutAndRemoveAreConditional) {
  using namespace testing_values;
  this->make_services();
  auto& registrations = this->store().registrations();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = registrations.put(registration("dps-1", "one"), expected).value();
    return stored ? std::optional{stored->version} : std::nullopt;
  });
  expect_conditional_remove([&](std::int64_t expected) {
    return registrations.remove(service("dps-1"), registration_id("ONE"), expected).value();
  });
}

TYPED_TEST_P(DpsContract, RegistrationIndexesFollowItsChanges) {
  using namespace testing_values;
  this->make_services();
  auto& registrations = this->store().registrations();
  ASSERT_TRUE(registrations.put(registration("dps-1", "one"), 0).value());
  Registration moved = registration("dps-1", "one");
  moved.group_id = "";
  moved.operation_id = "";
  moved.device_id = "other";
  ASSERT_TRUE(registrations.put(moved, 1).value());
  const ServiceName dps_1 = service("dps-1");
  EXPECT_TRUE(registrations.list(dps_1, "pumps", "", 5).value().items.empty());
  EXPECT_EQ(registrations.list(dps_1, "", "", 5).value().items.size(), 1u) << "of an individual enrollment";
  EXPECT_FALSE(registrations.find_by_operation(dps_1, "5.op.one").value());
  EXPECT_FALSE(registrations.find_by_operation(dps_1, "").value()) << "no operation is not an operation";
  EXPECT_FALSE(registrations.latest_of_device(device_id("one")).value());
  EXPECT_TRUE(registrations.latest_of_device(device_id("other")).value());
  ASSERT_TRUE(registrations.remove(dps_1, registration_id("one"), kAnyVersion).value());
  EXPECT_FALSE(registrations.latest_of_device(device_id("other")).value());
}

TYPED_TEST_P(DpsContract, LatestOfDeviceIsTheNewestThatWasAssigned) {
  using namespace testing_values;
  this->make_services();
  struct Row {
    const char* dps;
    const char* id;
    std::int64_t updated;
    RegistrationStatus status;
  };
  for (const Row& row : {Row{"dps-1", "r1", 500, RegistrationStatus::assigned},
                         Row{"dps-2", "r2", 900, RegistrationStatus::assigned},
                         Row{"dps-1", "r3", 700, RegistrationStatus::assigned},
                         Row{"dps-1", "r4", 999, RegistrationStatus::failed}}) {
    Registration made = registration(row.dps, row.id);
    made.device_id = "Device";
    made.updated = at(row.updated);
    made.status = row.status;
    ASSERT_TRUE(this->store().registrations().put(made, 0).value());
  }
  EXPECT_EQ(this->store().registrations().latest_of_device(device_id("Device")).value().value().id.str(),
            "r2");
  EXPECT_FALSE(this->store().registrations().latest_of_device(device_id("device")).value())
      << "device ids keep case";
}

TYPED_TEST_P(DpsContract, NothingIsPutIntoAServiceThatIsNotThere) {
  using namespace testing_values;
  Store& store = this->store();
  const auto code = [](const auto& result) {
    return result ? std::nullopt : std::optional{result.error().code()};
  };
  const std::optional expected{ErrorCode::resource_not_found};
  EXPECT_EQ(code(store.enrollments().put(enrollment("dps-1", "a"), 0)), expected);
  EXPECT_EQ(code(store.groups().put(group("dps-1", "a"), 0)), expected);
  EXPECT_EQ(code(store.registrations().put(registration("dps-1", "a"), 0)), expected);
}

REGISTER_TYPED_TEST_SUITE_P(DpsContract, EnrollmentComesBackWholeAndFoldsCase,
                            WhatAnEnrollmentLeavesOutStaysOut, EnrollmentPutAndRemoveAreConditional,
                            GroupPutAndRemoveAreConditional, SpellingAndCreatedStayWithTheFirst,
                            EnrollmentsAndGroupsDoNotMix, ListingsArePagedByKey, RegistrationComesBackWhole,
                            RegistrationPutAndRemoveAreConditional, RegistrationIndexesFollowItsChanges,
                            LatestOfDeviceIsTheNewestThatWasAssigned, NothingIsPutIntoAServiceThatIsNotThere);

}  // namespace muster::registry
