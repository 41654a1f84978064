#pragma once

#include "registry/tests/contract.hpp"

namespace muster::registry {

template <typename Engine>
class TransactionContract : public RegistryContract<Engine> {};
TYPED_TEST_SUITE_P(TransactionContract);

TYPED_TEST_P(TransactionContract, AFailureUndoesEverything) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  ASSERT_TRUE(store.devices().put(identity("hub-a", "kept"), 0, nullptr).value());
  ASSERT_TRUE(store.registrations().put(registration("dps-1", "kept"), 0).value());
  const std::int64_t before = this->generation();
  const auto failed = store.transaction([&]() -> Result<void> {
    MUSTER_CHECK(store.services().put_hub(hub("new"), 0));
    MUSTER_CHECK(store.certificates().put(certificate(hub_ref("new"), "ca"), 0));
    MUSTER_CHECK(store.enrollments().put(enrollment("dps-1", "e"), 0));
    MUSTER_CHECK(store.devices().put(identity("hub-a", "kept"), 1, nullptr));
    MUSTER_CHECK(store.devices().put(identity("hub-a", "made"), 0, nullptr));
    MUSTER_CHECK(store.devices().put_twin(twin("hub-a", "kept"), 2));
    MUSTER_CHECK(store.registrations().remove(service("dps-1"), registration_id("kept"), 1));
    MUSTER_CHECK(store.services().remove(dps_ref("dps-2")));
    return failure(ErrorCode::cancelled, "on purpose");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::cancelled) << "the work's own failure comes back";
  this->reopen();
  Store& later = this->store();
  EXPECT_EQ(this->generation(), before);
  EXPECT_EQ(later.services().hubs().value().size(), 2u);
  EXPECT_EQ(later.services().dps_instances().value().size(), 2u);
  EXPECT_FALSE(later.enrollments().find(service("dps-1"), registration_id("e")).value());
  EXPECT_EQ(later.devices().find(service("hub-a"), device_id("kept")).value().value().version, 1);
  EXPECT_EQ(later.devices().find_twin(service("hub-a"), device_id("kept")).value().value().version, 2);
  EXPECT_FALSE(later.devices().find(service("hub-a"), device_id("made")).value());
  EXPECT_EQ(later.devices().count(service("hub-a")).value().total, 1u);
  EXPECT_TRUE(later.registrations().latest_of_device(device_id("kept")).value());
  EXPECT_EQ(later.services().put_hub(hub("new"), 0).value().value().number, 2u)
      << "its number was not given yet";
}

TYPED_TEST_P(TransactionContract, AnInnerFailureUndoesTheInnerAlone) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  const auto put = [&](const char* id) -> Result<void> {
    MUSTER_CHECK(store.devices().put(identity("hub-a", id), 0, nullptr));
    return {};
  };
  ASSERT_TRUE(store.transaction([&]() -> Result<void> {
    MUSTER_CHECK(put("before"));
    const auto inner = store.transaction([&]() -> Result<void> {
      MUSTER_CHECK(put("inner"));
      MUSTER_CHECK(store.transaction([&] { return put("innermost"); }));
      return failure(ErrorCode::cancelled, "on purpose");
    });
    EXPECT_FALSE(inner);
    EXPECT_FALSE(store.devices().find(service("hub-a"), device_id("inner")).value()) << "undone at once";
    MUSTER_CHECK(store.transaction([&] { return put("second"); }));
    return put("after");
  }));
  this->reopen();
  for (const auto& [id, there] : {std::pair{"before", true},
                                  {"inner", false},
                                  {"innermost", false},
                                  {"second", true},
                                  {"after", true}}) {
    EXPECT_EQ(this->store().devices().find(service("hub-a"), device_id(id)).value().has_value(), there) << id;
  }
}

TYPED_TEST_P(TransactionContract, AnOuterFailureUndoesInnerSuccess) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  EXPECT_FALSE(store.transaction([&]() -> Result<void> {
    MUSTER_CHECK(store.transaction([&]() -> Result<void> {
      MUSTER_CHECK(store.devices().put(identity("hub-a", "inner"), 0, nullptr));
      return {};
    }));
    return failure(ErrorCode::cancelled, "on purpose");
  }));
  EXPECT_FALSE(store.devices().find(service("hub-a"), device_id("inner")).value());
}

TYPED_TEST_P(TransactionContract, TheGenerationMovesWithTrustAndWithNothingElse) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  const Twin some = twin("hub-a", "d");
  struct Step {
    const char* name;
    int moves;
    std::function<bool()> act;
  };
  const ServiceName dps_1 = service("dps-1");
  const std::vector<Step> steps{
      {"hub made", 1, [&] { return store.services().put_hub(hub("h"), 0).value().has_value(); }},
      {"hub put that loses", 0, [&] { return !store.services().put_hub(hub("h"), 0).value(); }},
      {"dps changed", 1, [&] { return store.services().put_dps(dps("dps-1"), 1).value().has_value(); }},
      {"dps put that loses", 0, [&] { return !store.services().put_dps(dps("dps-1"), 1).value(); }},
      {"policy put", 1,
       [&] {
         return store.services().put_policy(dps_ref("dps-1"), {"p", "", "", {}}).has_value();
       }},
      {"certificate put", 1,
       [&] { return store.certificates().put(certificate(dps_ref("dps-1"), "c"), 0).value().has_value(); }},
      {"certificate put that loses", 0,
       [&] { return !store.certificates().put(certificate(dps_ref("dps-1"), "c"), 0).value(); }},
      {"certificate removed", 1,
       [&] {
         return store.certificates().remove(dps_ref("dps-1"), certificate_name("c"), 1).value().value();
       }},
      {"certificate that is not there removed", 0,
       [&] {
         return !store.certificates().remove(dps_ref("dps-1"), certificate_name("c"), 1).value().value();
       }},
      {"enrollment put", 1,
       [&] { return store.enrollments().put(enrollment("dps-1", "e"), 0).value().has_value(); }},
      {"enrollment remove that loses", 0,
       [&] { return !store.enrollments().remove(dps_1, registration_id("e"), 9).value(); }},
      {"enrollment removed", 1,
       [&] { return store.enrollments().remove(dps_1, registration_id("e"), 1).value().value(); }},
      {"group put", 1, [&] { return store.groups().put(group("dps-1", "g"), 0).value().has_value(); }},
      {"group removed", 1, [&] { return store.groups().remove(dps_1, group_id("g"), 1).value().value(); }},
      {"registration put", 0,
       [&] { return store.registrations().put(registration("dps-1", "r"), 0).value().has_value(); }},
      {"registration removed", 0,
       [&] { return store.registrations().remove(dps_1, registration_id("r"), 1).value().value(); }},
      {"device put", 0,
       [&] { return store.devices().put(identity("hub-a", "d"), 0, nullptr).value().has_value(); }},
      {"twin put", 0, [&] { return store.devices().put_twin(some, 2).value().has_value(); }},
      {"device removed", 0,
       [&] { return store.devices().remove(service("hub-a"), device_id("d"), 1).value().value(); }},
      {"hub removed", 1, [&] { return store.services().remove(hub_ref("h")).value(); }},
      {"hub that is not there removed", 0, [&] { return !store.services().remove(hub_ref("h")).value(); }},
  };
  for (const Step& step : steps) {
    const std::int64_t before = this->generation();
    EXPECT_TRUE(step.act()) << step.name;
    EXPECT_EQ(this->generation() - before, step.moves) << step.name;
  }
}

REGISTER_TYPED_TEST_SUITE_P(TransactionContract, AFailureUndoesEverything, AnInnerFailureUndoesTheInnerAlone,
                            AnOuterFailureUndoesInnerSuccess, TheGenerationMovesWithTrustAndWithNothingElse);

}  // namespace muster::registry
