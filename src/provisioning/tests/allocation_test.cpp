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

TEST(ChooseHashed, AWeightThatGrowsTakesItsShareAndMovesNothingElse) {
  const auto before = three();
  auto after = before;
  after[0].allocation_weight = 3;
  int moved = 0;
  for (int i = 0; i < kDevices; ++i) {
    const auto& old_hub = choose_hashed(device(i), before)->hub;
    const auto& new_hub = choose_hashed(device(i), after)->hub;
    if (new_hub == old_hub) continue;
    ++moved;
    ASSERT_EQ(new_hub.str(), "a") << device(i).str();
  }
  // From 1 of 4 to 3 of 6: a quarter of all, and no more than that has to move.
  EXPECT_NEAR(moved, kDevices / 4, 1'000);
}

/// co_spawn wants results that can be made empty, which an id cannot.
asio::awaitable<void> keep(Task<AllocationChoice> task, std::optional<Result<AllocationChoice>>& outcome) {
  outcome = co_await std::move(task);
}

template <typename Ask>
Result<AllocationChoice> run(const Ask& ask) {
  asio::io_context io;
  std::optional<Result<AllocationChoice>> outcome;
  asio::co_spawn(io, keep(ask(), outcome), asio::detached);
  io.run();
  return *outcome;
}

Result<AllocationChoice> chosen(AllocationPolicy policy, std::vector<LinkedHub> candidates,
                                Geography geography = {}, AllocationContext context = {}) {
  PolicyAllocation allocation{std::move(geography)};
  AllocationQuestion question{device(1), policy, std::move(candidates), std::move(context)};
  return run([&] { return allocation.choose(std::move(question)); });
}

TEST(Policy, StaticTakesTheFirst) { EXPECT_EQ(chosen(AllocationPolicy::static_, three())->hub.str(), "a"); }

TEST(Policy, WithoutACandidateNoHubIsAvailable) {
  for (const auto policy : {AllocationPolicy::hashed, AllocationPolicy::static_,
                            AllocationPolicy::geo_latency, AllocationPolicy::custom})
    EXPECT_EQ(chosen(policy, {}).error().code(), ErrorCode::no_hub_available);
  EXPECT_EQ(chosen(AllocationPolicy::hashed, {{hub("a"), "", 0, true}}).error().code(),
            ErrorCode::no_hub_available);
}

TEST(Policy, CustomWithoutAWebhookIsRefusedByName) {
  EXPECT_EQ(chosen(AllocationPolicy::custom, three()).error().code(), ErrorCode::allocation_unsupported);
}

struct Whereabouts {
  const char* name;
  const char* payload;
  const char* address;
  const char* place_default;
  const char* hub;  ///< Empty: whichever the hash says.
  const char* why;
};

class Latency : public testing::TestWithParam<Whereabouts> {};

/// Berlin is near west, Sydney is near nothing that is linked, the plant is equally near both.
TEST_P(Latency, TakesTheNearestHub) {
  Geography geography{.latency_ms = {{"berlin", {{"westeurope", 12}, {"eastus", 95}}},
                                     {"plant", {{"westeurope", 30}, {"eastus", 30}}},
                                     {"sydney", {{"australiaeast", 3}}}}};
  for (const auto& [range, place] : {std::pair{"10.0.0.0/8", "plant"}, std::pair{"10.1.0.0/16", "berlin"},
                                     std::pair{"2001:db8::/32", "sydney"}})
    geography.ranges.push_back(*parse_place_range(range, place));
  geography.place_default = GetParam().place_default;
  const std::vector<LinkedHub> hubs{{hub("us"), "eastus"}, {hub("eu"), "westeurope"}};
  AllocationContext context{.payload_json = GetParam().payload, .remote_address = GetParam().address};
  const auto choice = chosen(AllocationPolicy::geo_latency, hubs, geography, context);
  ASSERT_TRUE(choice) << choice.error().reason();
  const std::string wanted =
      *GetParam().hub != 0 ? GetParam().hub : std::string{choose_hashed(device(1), hubs)->hub.str()};
  EXPECT_EQ(choice->hub.str(), wanted);
  EXPECT_NE(choice->why.find(GetParam().why), std::string::npos) << choice->why;
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Latency,
    testing::Values(
        Whereabouts{"by_address", "", "10.1.2.3", "", "eu",
                    "12 ms from berlin, its place by its address 10.1.2.3"},
        Whereabouts{"the_device_says", R"({"place":"Berlin"})", "192.0.2.1", "", "eu", "as the device says"},
        Whereabouts{"a_location_is_its_own_place", R"({"place":"East US"})", "10.1.2.3", "", "us", "0 ms"},
        Whereabouts{"a_word_that_no_table_knows", R"({"place":"moon"})", "10.1.2.3", "", "eu",
                    "by its address"},
        Whereabouts{"no_text", R"({"place":1})", "10.1.2.3", "", "eu", "by its address"},
        Whereabouts{"default", "", "192.0.2.1", "berlin", "eu", "by default"},
        Whereabouts{"unknown_place", "", "192.0.2.1", "", "", "its place is not known; hashed"},
        Whereabouts{"no_latency_known", "", "2001:db8::7", "", "", "no latency is known from sydney; hashed"},
        Whereabouts{"equally_near", "", "10.9.9.9", "", "", "30 ms from plant"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(PlaceRange, IsAnAddressRangeOrRefused) {
  EXPECT_EQ(parse_place_range("10.1.2.3", "x")->prefix_bits, 32u);
  EXPECT_EQ(parse_place_range("::/0", "x")->prefix_bits, 0u);
  for (const char* bad : {"", "10.1", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "name/8", "::/129"})
    EXPECT_FALSE(parse_place_range(bad, "x")) << bad;
}

class Answering final : public AllocationWebhook {
 public:
  Task<AllocationChoice> ask(AllocationQuestion question) override {
    ++asked;
    co_return AllocationChoice{question.candidates.back().hub, "custom", R"({"tags":{}})", R"({"a":1})"};
  }
  int asked = 0;
};

TEST(PlaceDevice, TheEnrollmentsPolicyComesBeforeTheServices) {
  Answering webhook;
  PolicyAllocation allocation{{}, &webhook};
  PlacementQuestion question{.id = device(1), .dps = {.name = hub("dps"), .linked_hubs = three()}};
  question.dps.allocation_policy = AllocationPolicy::static_;
  const auto place = [&] {
    return run([&] { return place_device(allocation, question); })->hub.str() == "a" ? "a" : "c";
  };
  EXPECT_EQ(place(), std::string_view{"a"});
  question.settings.allocation = AllocationPolicy::custom;
  EXPECT_EQ(place(), std::string_view{"c"});
  question.settings.reprovision.update_hub_assignment = false;
  question.current = hub("a");
  EXPECT_EQ(place(), std::string_view{"a"}) << "never";
  EXPECT_EQ(webhook.asked, 1) << "who stays is not asked about";
}

}  // namespace
}  // namespace muster::provisioning
