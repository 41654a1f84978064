#include "throttle/throttles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::throttle {
namespace {

using namespace std::chrono_literals;

const ServiceRef kHub{ServiceKind::hub, *ServiceName::parse("h")};
const ServiceRef kOther{ServiceKind::hub, *ServiceName::parse("other")};
const ServiceRef kDps{ServiceKind::dps, *ServiceName::parse("h")};

struct Row {
  const char* name;
  Quota quota;
  int count;
  std::chrono::milliseconds next;
};

class Rates : public testing::TestWithParam<Row> {};

// protocol/device/06 sections 1 and 3, S1 with one unit.
TEST_P(Rates, AreAzuresOwn) {
  TestClock clock{WallTime{}};
  Throttles throttles{clock, Profile::azure_s1};
  for (int i = 0; i < GetParam().count; ++i) ASSERT_TRUE(throttles.take(kHub, GetParam().quota)) << i;
  const auto refused = throttles.take(kHub, GetParam().quota);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::throttled);
  EXPECT_THAT(refused.error().reason(),
              testing::HasSubstr("the next in " + std::to_string(GetParam().next.count()) + " ms"));
  clock.advance(GetParam().next - 1ms);
  EXPECT_FALSE(throttles.take(kHub, GetParam().quota));
  clock.advance(1ms);
  EXPECT_TRUE(throttles.take(kHub, GetParam().quota));
  EXPECT_FALSE(throttles.take(kHub, GetParam().quota));
}

INSTANTIATE_TEST_SUITE_P(Quotas, Rates,
                         testing::Values(Row{"registry_operations", Quota::registry_operations, 100, 600ms},
                                         Row{"twin_reads", Quota::twin_reads, 100, 10ms},
                                         Row{"twin_updates", Quota::twin_updates, 50, 20ms},
                                         Row{"queries", Quota::queries, 20, 3000ms},
                                         Row{"connects", Quota::connects, 100, 10ms},
                                         Row{"telemetry", Quota::telemetry, 100, 10ms},
                                         Row{"dps_operations", Quota::dps_operations, 1000, 60ms},
                                         Row{"dps_registrations", Quota::dps_registrations, 1000, 60ms},
                                         Row{"dps_polls", Quota::dps_polls, 5, 2000ms}),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Throttles, ServicesQuotasAndDevicesAreApart) {
  TestClock clock{WallTime{}};
  Throttles throttles{clock, Profile::azure_s1};
  while (throttles.take(kHub, Quota::queries)) continue;
  EXPECT_TRUE(throttles.take(kOther, Quota::queries));
  EXPECT_TRUE(throttles.take(kDps, Quota::queries));
  EXPECT_TRUE(throttles.take(kHub, Quota::twin_reads));
  while (throttles.take(kDps, Quota::dps_polls, "a")) continue;
  EXPECT_TRUE(throttles.take(kDps, Quota::dps_polls, "b"));
}

TEST(Throttles, SaysHowLongToWait) {
  TestClock clock{WallTime{}};
  Throttles throttles{clock, Profile::azure_s1};
  EXPECT_EQ(throttles.wait_for(kHub, Quota::telemetry), 0ns);
  while (throttles.take(kHub, Quota::telemetry)) continue;
  EXPECT_EQ(throttles.wait_for(kHub, Quota::telemetry), 10ms);
}

TEST(Throttles, CountNothingWithoutAProfile) {
  TestClock clock{WallTime{}};
  Throttles throttles{clock, Profile::none};
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(throttles.take(kHub, Quota::queries));
}

TEST(Throttles, HoldBoundedlyMany) {
  TestClock clock{WallTime{}};
  Throttles throttles{clock, Profile::azure_s1};
  for (int i = 0; i < 250'000; ++i) ASSERT_TRUE(throttles.take(kDps, Quota::dps_polls, std::to_string(i)));
}

}  // namespace
}  // namespace muster::throttle
