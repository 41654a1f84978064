#pragma once

#include "registry/assign.hpp"
#include "registry/snapshots.hpp"
#include "registry/tests/values.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace muster::registry {

/// What every engine of the registry does. An Engine has `Store& store()` and `void reopen()`, which lets go
/// of the store and opens it anew where that means something. Instantiate all suites with
/// MUSTER_REGISTRY_CONTRACT(Name, Engine).
template <typename Engine>
class RegistryContract : public testing::Test {
 protected:
  Store& store() { return engine_.store(); }
  void reopen() { engine_.reopen(); }
  std::int64_t generation() { return store().trust_generation().value(); }
  /// The world most tests start from.
  void make_services() {
    using namespace testing_values;
    ASSERT_TRUE(store().services().put_hub(hub("Hub-A"), 0).value());
    ASSERT_TRUE(store().services().put_hub(hub("hub-b"), 0).value());
    ASSERT_TRUE(store().services().put_dps(dps("Dps-1"), 0).value());
    ASSERT_TRUE(store().services().put_dps(dps("dps-2"), 0).value());
  }

 private:
  Engine engine_;
};

/// The rules of a conditional write, on any put: `put(expected)` gives the version stored or nullopt.
template <typename Put>
void expect_conditional(Put put) {
  EXPECT_EQ(put(3), std::nullopt) << "nothing is stored, 3 expected";
  EXPECT_EQ(put(0), 1);
  EXPECT_EQ(put(0), std::nullopt) << "it must not exist, and does";
  EXPECT_EQ(put(1), 2);
  EXPECT_EQ(put(1), std::nullopt) << "1 is stale";
  EXPECT_EQ(put(kAnyVersion), 3);
}

/// The same on any remove, for something stored at version 3.
template <typename Remove>
void expect_conditional_remove(Remove remove) {
  using Removed = std::optional<bool>;
  EXPECT_EQ(remove(2), Removed{}) << "2 is stale";
  EXPECT_EQ(remove(0), Removed{}) << "it must not exist, and does";
  EXPECT_EQ(remove(3), Removed{true});
  EXPECT_EQ(remove(3), Removed{false});
  EXPECT_EQ(remove(kAnyVersion), Removed{false});
}

}  // namespace muster::registry

#include "registry/tests/contract_assign.hpp"
#include "registry/tests/contract_devices.hpp"
#include "registry/tests/contract_dps.hpp"
#include "registry/tests/contract_modules.hpp"
#include "registry/tests/contract_services.hpp"
#include "registry/tests/contract_transactions.hpp"

#define MUSTER_REGISTRY_CONTRACT(Name, Engine)                       \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, ServiceContract, Engine);     \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, DpsContract, Engine);         \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, DeviceContract, Engine);      \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, ModuleContract, Engine);      \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, TransactionContract, Engine); \
  INSTANTIATE_TYPED_TEST_SUITE_P(Name, AssignContract, Engine)
