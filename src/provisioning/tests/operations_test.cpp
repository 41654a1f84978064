#include "provisioning/operations.hpp"

#include "provisioning/tests/dps_fixture.hpp"

namespace muster::provisioning {
namespace {

class OperationsTest : public Dps {
 protected:
  Result<std::string> start(std::string_view id) {
    return operations_.start(io_.get_executor(), request(id));
  }
  Result<OperationView> poll(std::string_view id) {
    return await(
        operations_.poll(io_.get_executor(), request(id), operation_id_of(kDps, *RegistrationId::parse(id))));
  }

  Operations operations_{service_};
};

TEST_F(OperationsTest, RunsUntilTheRegistrationIsStored) {
  const auto id = start("d");
  ASSERT_TRUE(id);
  EXPECT_EQ(operations_.running(), 1u);
  EXPECT_FALSE(stored("d")) << "start does not wait";
  settle();
  EXPECT_EQ(operations_.running(), 0u);
  EXPECT_TRUE(stored("d"));
  EXPECT_EQ(poll("d")->registration->device_id, "d");
}

TEST_F(OperationsTest, ASecondStartJoinsTheFirst) {
  int assignments = 0;
  registry_.before_assign = [&](registry::Store&) { ++assignments; };
  const auto first = start("d");
  const auto second = start("d");
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(operations_.running(), 1u);
  settle();
  EXPECT_EQ(assignments, 1);
}

TEST_F(OperationsTest, AreBounded) {
  registry_.hold();
  EXPECT_TRUE(start("a"));
  EXPECT_TRUE(start("b"));
  EXPECT_TRUE(start("c"));
  EXPECT_EQ(start("d").error().code(), ErrorCode::operations_limit);
  EXPECT_TRUE(start("a")) << "joining needs no room";
  registry_.go_on();
  settle();
  EXPECT_TRUE(start("d"));
  settle();
  EXPECT_TRUE(stored("d"));
}

TEST_F(OperationsTest, APollWhileItRunsSaysSo) {
  ASSERT_TRUE(start("d"));
  registry_.hold();
  settle();
  EXPECT_TRUE(poll("d")->running);
  registry_.go_on();
  settle();
  EXPECT_TRUE(poll("d")->registration);
}

TEST_F(OperationsTest, AFailureIsToldOnceThenTriedAgain) {
  enroll(false);
  ASSERT_TRUE(start("d"));
  settle();
  EXPECT_EQ(operations_.running(), 0u);
  EXPECT_EQ(poll("d")->error->code(), ErrorCode::enrollment_disabled);
  enroll(true);
  EXPECT_TRUE(poll("d")->running);
  EXPECT_TRUE(poll("d")->registration);
}

TEST_F(OperationsTest, FailuresThatNobodyAsksForAreBoundedToo) {
  enroll(false);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(start("d" + std::to_string(i)));
    settle();
  }
  int told = 0;
  registry_.hold();
  for (int i = 0; i < 50; ++i) {
    const auto view = poll("d" + std::to_string(i));
    if (view && view->error) ++told;
  }
  registry_.go_on();
  settle();
  EXPECT_GT(told, 0);
  EXPECT_LE(told, 2 * 3) << "twice operations_max are kept";
}

TEST_F(OperationsTest, APollOfAForeignIdTellsNothing) {
  ASSERT_TRUE(start("d"));
  settle();
  const auto view = await(
      operations_.poll(io_.get_executor(), request("e"), operation_id_of(kDps, *RegistrationId::parse("d"))));
  EXPECT_EQ(view.error().code(), ErrorCode::operation_unknown);
  EXPECT_FALSE(stored("e"));
}

TEST_F(OperationsTest, ARegistryThatFailsIsSaidAndNothingIsStarted) {
  registry_.failing = Error{ErrorCode::registry_busy, "full"};
  EXPECT_EQ(poll("d").error().code(), ErrorCode::registry_busy);
  EXPECT_EQ(operations_.running(), 0u);
}

}  // namespace
}  // namespace muster::provisioning
