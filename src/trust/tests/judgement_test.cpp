#include "trust/judgement.hpp"

#include "pki/tests/forge.hpp"

#include <gtest/gtest.h>

namespace muster::trust {
namespace {

TEST(Judgement, ThatNobodyHasMadeIsARefusal) {
  Judgement judgement;
  EXPECT_FALSE(judgement.accepted());
  judgement.skip("CA verified", "not asked");
  EXPECT_FALSE(judgement.accepted()) << "skipping is not passing";
  judgement.pass("chain", "CN=a");
  EXPECT_TRUE(judgement.accepted());
}

TEST(Judgement, KeepsTheFirstFailureAndAllChecks) {
  Judgement judgement;
  judgement.pass("chain", "CN=a");
  judgement.fail("enabled",
                 Error{ErrorCode::enrollment_disabled, "group g is disabled"}.with_remedy("Enable it."));
  judgement.fail("registration id", Error{ErrorCode::registration_id_mismatch, "CN=a, id b"});
  judgement.pass("allocation", "hub");
  EXPECT_FALSE(judgement.accepted()) << "nothing passed afterwards mends a failure";
  ASSERT_TRUE(judgement.failure());
  EXPECT_EQ(judgement.failure()->code(), ErrorCode::enrollment_disabled);
  EXPECT_EQ(judgement.failure()->remedy(), "Enable it.");
  ASSERT_EQ(judgement.checks().size(), 4u);
  EXPECT_EQ(judgement.checks()[2].detail, "CN=a, id b");
  EXPECT_EQ(judgement.checks()[2].outcome, Outcome::failed);
}

TEST(Judgement, HoldsWhileAllOfItsPathIsValid) {
  const auto& t = pki::forge::tutorial();
  Judgement judgement;
  EXPECT_EQ(judgement.earliest_not_after(), WallTime::max());
  EXPECT_EQ(judgement.latest_not_before(), WallTime::min());
  const std::vector path{t.device.certificate, t.intermediate.certificate, t.root.certificate};
  judgement.set_path(path);
  EXPECT_EQ(judgement.earliest_not_after(), pki::forge::day(2027, 1, 1));
  EXPECT_EQ(judgement.latest_not_before(), pki::forge::day(2026, 1, 1));
  EXPECT_EQ(judgement.path()[0].subject, "CN=my-device-001");
  EXPECT_EQ(judgement.path()[0].sha1_thumbprint, t.device.certificate.sha1_thumbprint());
}

}  // namespace
}  // namespace muster::trust
