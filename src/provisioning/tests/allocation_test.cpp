#include "provisioning/allocation.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

namespace muster::provisioning {
namespace {

ServiceName hub(const std::string& name) { return *ServiceName::parse(name); }
RegistrationId device(int number) { return *RegistrationId::parse("device-" + std::to_string(number)); }

constexpr int kDevices = 100'000;

struct Share {
  const char* name;
  std::vector<std::uint32_t> weights;
};

class Hashed : public testing::TestWithParam<Share> {};

TEST_P(Hashed, IsEvenByWeight) {
  std::vector<LinkedHub> hubs;
  double weight_all = 0;
  for (std::size_t i = 0; i < GetParam().weights.size(); ++i) {
    hubs.push_back({hub("hub-" + std::to_string(i)), "eastus", GetParam().weights[i], true});
    weight_all += GetParam().weights[i];
  }
  std::map<std::string, int> counts;
  for (int i = 0; i < kDevices; ++i) ++counts[choose_hashed(device(i), hubs)->hub.key()];
  for (const LinkedHub& linked : hubs) {
    const double share = linked.allocation_weight / weight_all;
    const double expected = kDevices * share;
    // Four standard deviations of a binomial: a fair draw passes, a hash that leans does not.
    const double tolerance = 4 * std::sqrt(kDevices * share * (1 - share));
    EXPECT_NEAR(counts[linked.hub.key()], expected, tolerance) << linked.hub.str();
  }
}

INSTANTIATE_TEST_SUITE_P(Weights, Hashed,
                         testing::Values(Share{"two_equal", {1, 1}}, Share{"five_equal", {1, 1, 1, 1, 1}},
                                         Share{"one_to_three", {1, 3}}, Share{"one_to_a_thousand", {1, 1000}},
                                         Share{"one_of_weight_zero", {2, 0, 1}}),
                         [](const auto& row) { return std::string{row.param.name}; });

std::vector<LinkedHub> three() {
  return {{hub("a"), "eastus", 1, true}, {hub("b"), "eastus", 2, true}, {hub("c"), "eastus", 1, true}};
}

TEST(ChooseHashed, AHubThatIsAddedTakesFromTheOthersAndMovesNothingBetweenThem) {
  const auto before = three();
  auto after = before;
  after.push_back({hub("d"), "eastus", 2, true});
  int moved = 0;
  for (int i = 0; i < kDevices; ++i) {
    const auto& old_hub = choose_hashed(device(i), before)->hub;
    const auto& new_hub = choose_hashed(device(i), after)->hub;
    if (new_hub == old_hub) continue;
    ++moved;
    ASSERT_EQ(new_hub.str(), "d") << device(i).str();
  }
  EXPECT_NEAR(moved, kDevices * 2 / 6, 1'000) << "its share and no more";
}

TEST(ChooseHashed, AHubThatIsRemovedGivesToTheOthersAndMovesNothingBetweenThem) {
  const auto before = three();
  const std::vector<LinkedHub> after{before[0], before[2]};
  for (int i = 0; i < 10'000; ++i) {
    const auto& old_hub = choose_hashed(device(i), before)->hub;
    if (old_hub.str() == "b") continue;
    ASSERT_EQ(choose_hashed(device(i), after)->hub, old_hub) << device(i).str();
  }
}

TEST(ChooseHashed, DoesNotDependOnOrderOrLetters) {
  auto hubs = three();
  const auto reversed = std::vector<LinkedHub>(hubs.rbegin(), hubs.rend());
  const std::vector<LinkedHub> upper{
      {hub("A"), "", 1, true}, {hub("B"), "", 2, true}, {hub("C"), "", 1, true}};
  for (int i = 0; i < 1'000; ++i) {
    const auto& chosen = choose_hashed(device(i), hubs)->hub;
    ASSERT_EQ(choose_hashed(device(i), reversed)->hub, chosen);
    ASSERT_EQ(choose_hashed(device(i), upper)->hub, chosen);
    ASSERT_EQ(choose_hashed(*RegistrationId::parse("DEVICE-" + std::to_string(i)), hubs)->hub, chosen);
  }
}

TEST(ChooseHashed, NothingToChooseFrom) {
  EXPECT_EQ(choose_hashed(device(1), {}), nullptr);
  const std::vector<LinkedHub> none{{hub("a"), "", 0, true}};
  EXPECT_EQ(choose_hashed(device(1), none), nullptr);
}

TEST(AllowedHubs, AreTheLinkedOnesThatApplyThePolicyOrThoseTheEnrollmentNames) {
  DpsInstance dps{.name = hub("dps"), .linked_hubs = three()};
  dps.linked_hubs[1].apply_allocation_policy = false;
  EnrollmentSettings settings;
  const auto names = [&] {
    std::string all;
    for (const LinkedHub& linked : allowed_hubs(dps, settings)) all += linked.hub.str();
    return all;
  };
  EXPECT_EQ(names(), "ac");
  settings.hubs = {hub("c"), hub("B")};
  EXPECT_EQ(names(), "cb") << "in the enrollment's order, also those that the policy leaves out";
  settings.hubs = {hub("not-linked")};
  EXPECT_EQ(names(), "");
}

/// co_spawn wants results that can be made empty, which an id cannot.
asio::awaitable<void> keep(Task<ServiceName> task, std::optional<Result<ServiceName>>& outcome) {
  outcome = co_await std::move(task);
}

Result<ServiceName> chosen(AllocationPolicy policy, std::vector<LinkedHub> candidates) {
  PolicyAllocation allocation;
  asio::io_context io;
  std::optional<Result<ServiceName>> outcome;
  asio::co_spawn(io, keep(allocation.choose({device(1), policy, std::move(candidates)}), outcome),
                 asio::detached);
  io.run();
  return *outcome;
}

TEST(Policy, StaticTakesTheFirst) { EXPECT_EQ(chosen(AllocationPolicy::static_, three())->str(), "a"); }

TEST(Policy, WithoutACandidateNoHubIsAvailable) {
  EXPECT_EQ(chosen(AllocationPolicy::hashed, {}).error().code(), ErrorCode::no_hub_available);
  EXPECT_EQ(chosen(AllocationPolicy::static_, {}).error().code(), ErrorCode::no_hub_available);
  EXPECT_EQ(chosen(AllocationPolicy::hashed, {{hub("a"), "", 0, true}}).error().code(),
            ErrorCode::no_hub_available);
}

TEST(Policy, ThoseThatDoNotExistYetAreRefusedByName) {
  const auto geo = chosen(AllocationPolicy::geo_latency, three());
  EXPECT_EQ(geo.error().code(), ErrorCode::allocation_unsupported);
  EXPECT_EQ(geo.error().reason(), "policy geoLatency");
  EXPECT_EQ(chosen(AllocationPolicy::custom, three()).error().reason(), "policy custom");
}

}  // namespace
}  // namespace muster::provisioning
