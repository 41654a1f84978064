#pragma once

#include "registry/tests/contract.hpp"

namespace muster::registry {

template <typename Engine>
class ModuleContract : public RegistryContract<Engine> {
 protected:
  /// Hubs, and a device "pump" at hub-a.
  void make_device() {
    this->make_services();
    ASSERT_TRUE(this->store().devices().put(testing_values::identity("hub-a", "pump"), 0, nullptr).value());
  }
};
TYPED_TEST_SUITE_P(ModuleContract);

TYPED_TEST_P(ModuleContract, ModuleAndTwinComeBackWhole) {
  using namespace testing_values;
  this->make_device();
  const Twin initial = twin("hub-a", "pump");
  ASSERT_TRUE(this->store().modules().put(module("hub-a", "pump", "Camera"), 0, &initial).value());
  this->reopen();
  auto& modules = this->store().modules();
  const ModuleRecord record =
      modules.find(service("HUB-A"), device_id("pump"), module_id("Camera")).value().value();
  ModuleIdentity expected = module("Hub-A", "pump", "Camera");
  expected.version = 1;
  EXPECT_EQ(fields(record.identity), fields(expected));
  Twin expected_twin = twin("Hub-A", "pump");
  expected_twin.module = "Camera";
  EXPECT_EQ(fields(record.twin), fields(expected_twin));
  EXPECT_FALSE(modules.find(service("hub-a"), device_id("pump"), module_id("camera")).value());
}

TYPED_TEST_P(ModuleContract, PutAndRemoveAreConditional) {
  using namespace testing_values;
  this->make_device();
  auto& modules = this->store().modules();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = modules.put(module("hub-a", "pump", "one"), expected, nullptr).value();
    return stored ? std::optional{stored->version} : std::nullopt;
  });
  expect_conditional_remove([&](std::int64_t expected) {
    return modules.remove(service("hub-a"), device_id("pump"), module_id("one"), expected).value();
  });
}

TYPED_TEST_P(ModuleContract, AnUpdateKeepsGenerationCreatedAndTwin) {
  using namespace testing_values;
  this->make_device();
  auto& modules = this->store().modules();
  const Twin initial = twin("hub-a", "pump");
  ASSERT_TRUE(modules.put(module("hub-a", "pump", "one"), 0, &initial).value());
  ModuleIdentity changed = module("hub-a", "pump", "one");
  changed.generation_id = "another";
  changed.created = at(1000);
  changed.managed_by = "me";
  changed.auth.primary_key = "K9";
  ASSERT_TRUE(modules.put(changed, 1, nullptr).value());
  const ModuleRecord record =
      modules.find(service("hub-a"), device_id("pump"), module_id("one")).value().value();
  ModuleIdentity expected = module("Hub-A", "pump", "one");
  expected.managed_by = "me";
  expected.auth.primary_key = "K9";
  expected.version = 2;
  EXPECT_EQ(fields(record.identity), fields(expected));
  EXPECT_EQ(record.twin.tags_json, initial.tags_json);
  EXPECT_EQ(record.twin.version, initial.version);
}

TYPED_TEST_P(ModuleContract, TwinPutIsConditionalAndNeverMakesOne) {
  using namespace testing_values;
  this->make_device();
  auto& modules = this->store().modules();
  Twin wanted = twin("hub-a", "pump");
  wanted.module = "one";
  EXPECT_FALSE(modules.put_twin(wanted, kAnyVersion).value());
  ASSERT_TRUE(modules.put(module("hub-a", "pump", "one"), 0, nullptr).value());
  EXPECT_FALSE(modules.put_twin(wanted, 1).value()) << "a new twin is at 2";
  EXPECT_EQ(modules.put_twin(wanted, 2).value().value().version, 3);
  const auto record = modules.find(service("hub-a"), device_id("pump"), module_id("one")).value().value();
  EXPECT_EQ(record.twin.tags_json, wanted.tags_json);
  EXPECT_EQ(record.twin.module, "one");
  EXPECT_EQ(record.identity.version, 1) << "the identity stands still";
}

TYPED_TEST_P(ModuleContract, TheyGoWithTheirDevice) {
  using namespace testing_values;
  this->make_device();
  auto& modules = this->store().modules();
  ASSERT_TRUE(modules.put(module("hub-a", "pump", "one"), 0, nullptr).value());
  ASSERT_TRUE(this->store().devices().remove(service("hub-a"), device_id("pump"), kAnyVersion).value());
  EXPECT_FALSE(modules.find(service("hub-a"), device_id("pump"), module_id("one")).value());
  EXPECT_TRUE(modules.list(service("hub-a"), device_id("pump")).value().empty());
}

TYPED_TEST_P(ModuleContract, ListsOneDevicesAndAll) {
  using namespace testing_values;
  this->make_device();
  ASSERT_TRUE(this->store().devices().put(identity("hub-a", "pump2"), 0, nullptr).value());
  auto& modules = this->store().modules();
  for (const auto& [device, id] : {std::pair{"pump2", "a"}, {"pump", "b"}, {"pump", "a"}})
    ASSERT_TRUE(modules.put(module("hub-a", device, id), 0, nullptr).value());
  std::string seen;
  const auto listed = modules.list(service("hub-a"), device_id("pump")).value();
  for (const ModuleRecord& record : listed) seen += record.identity.id.str();
  EXPECT_EQ(seen, "ab");
  seen.clear();
  std::string after;
  do {
    const auto page = modules.list_all(service("hub-a"), after, 2).value();
    for (const ModuleRecord& record : page.items)
      seen += std::string{record.identity.device.str()} + "/" + std::string{record.identity.id.str()} + " ";
    seen += '|';
    after = page.next;
  } while (!after.empty());
  EXPECT_EQ(seen, "pump/a pump/b |pump2/a |");
}

TYPED_TEST_P(ModuleContract, AModuleOfNoDeviceIsRefused) {
  using namespace testing_values;
  this->make_services();
  const auto refused = this->store().modules().put(module("hub-a", "pump", "one"), 0, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::device_not_found);
  EXPECT_EQ(refused.error().reason(), "hub Hub-A has no device pump");
  EXPECT_EQ(this->store().modules().put(module("none", "pump", "one"), 0, nullptr).error().code(),
            ErrorCode::hub_unknown);
}

REGISTER_TYPED_TEST_SUITE_P(ModuleContract, ModuleAndTwinComeBackWhole, PutAndRemoveAreConditional,
                            AnUpdateKeepsGenerationCreatedAndTwin, TwinPutIsConditionalAndNeverMakesOne,
                            TheyGoWithTheirDevice, ListsOneDevicesAndAll, AModuleOfNoDeviceIsRefused);

}  // namespace muster::registry
