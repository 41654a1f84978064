#include "base/log.hpp"
#include "world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::simulation {
namespace {

using testing::HasSubstr;

Outcome run(std::uint64_t seed, Mutation mutation = Mutation::none) {
  log::set_level(log::Level::off);
  return World{Wanted{.seed = seed, .mutation = mutation}}.run();
}

struct MutationRow {
  const char* name;
  Mutation mutation;
  const char* says;
};

class BrokenOnPurpose : public testing::TestWithParam<MutationRow> {};

// What cannot fail proves nothing.
TEST_P(BrokenOnPurpose, IsFoundWithinAFewSeeds) {
  constexpr std::uint64_t kSeedsMax = 40;
  for (std::uint64_t seed = 1; seed <= kSeedsMax; ++seed) {
    const Outcome outcome = run(seed, GetParam().mutation);
    if (outcome.broken.empty()) continue;
    EXPECT_THAT(outcome.broken, HasSubstr(GetParam().says)) << "seed " << seed;
    return;
  }
  FAIL() << "no seed up to " << kSeedsMax << " has noticed";
}

INSTANTIATE_TEST_SUITE_P(
    Mutations, BrokenOnPurpose,
    testing::Values(MutationRow{"a_disk_that_ignores_syncs", Mutation::disk_ignores_syncs, ""},
                    MutationRow{"acknowledgement_before_the_sync", Mutation::acknowledges_before_sync,
                                "lost"},
                    MutationRow{"answer_before_the_commit", Mutation::registry_answers_early, ""}),
    [](const auto& row) { return row.param.name; });

TEST(Simulation, OneSeedGivesOneRun) {
  for (const std::uint64_t seed : {3u, 11u}) {
    const Outcome first = run(seed);
    const Outcome second = run(seed);
    EXPECT_EQ(first.digest, second.digest) << seed;
    EXPECT_EQ(first.acknowledged, second.acknowledged) << seed;
  }
}

TEST(Simulation, DoesWhatItIsFor) {
  Outcome sum;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Outcome outcome = run(seed);
    EXPECT_EQ(outcome.broken, "") << "seed " << seed;
    sum.acknowledged += outcome.acknowledged;
    sum.seen += outcome.seen;
    sum.lives += outcome.lives;
  }
  EXPECT_GT(sum.acknowledged, 200u);
  EXPECT_GE(sum.seen, sum.acknowledged);
  EXPECT_GT(sum.lives, 20u);
}

}  // namespace
}  // namespace muster::simulation
