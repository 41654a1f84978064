#include "client/retry.hpp"

#include <gtest/gtest.h>

namespace muster::client {
namespace {

using std::chrono::milliseconds;

struct PauseRow {
  const char* name;
  unsigned failed;
  milliseconds ceiling;
};
class PauseTest : public testing::TestWithParam<PauseRow> {};
// Full jitter: anywhere from 0 to the ceiling, and both ends are met.
TEST_P(PauseTest, IsSpreadFromZeroToTheCeiling) {
  const auto random = make_seeded_random(1);
  milliseconds least = milliseconds::max(), most{0};
  for (int i = 0; i < 2'000; ++i) {
    const auto pause = pause_before_retry(RetryPolicy{}, GetParam().failed, *random);
    least = std::min(least, pause);
    most = std::max(most, pause);
  }
  EXPECT_LE(most, GetParam().ceiling);
  EXPECT_GE(most, GetParam().ceiling * 9 / 10);
  EXPECT_LE(least, GetParam().ceiling / 10);
}
INSTANTIATE_TEST_SUITE_P(
    Attempts, PauseTest,
    testing::Values(PauseRow{"first", 1, milliseconds{500}}, PauseRow{"second", 2, milliseconds{1'000}},
                    PauseRow{"fifth", 5, milliseconds{8'000}},
                    PauseRow{"tenth_is_capped", 10, milliseconds{30'000}},
                    PauseRow{"thousandth_does_not_overflow", 1'000, milliseconds{30'000}}),
    [](const auto& row) { return row.param.name; });

struct TransientRow {
  const char* name;
  ErrorCode code;
  bool transient;
};
class TransientTest : public testing::TestWithParam<TransientRow> {};
TEST_P(TransientTest, DecidesWhetherToTryAgain) {
  EXPECT_EQ(is_transient(GetParam().code), GetParam().transient);
}
INSTANTIATE_TEST_SUITE_P(Codes, TransientTest,
                         testing::Values(TransientRow{"refused_port", ErrorCode::connect_failed, true},
                                         TransientRow{"no_name", ErrorCode::name_unresolved, true},
                                         TransientRow{"timeout", ErrorCode::timed_out, true},
                                         TransientRow{"lost", ErrorCode::connection_lost, true},
                                         TransientRow{"hub_says_no", ErrorCode::hub_refused, false},
                                         TransientRow{"dps_says_no", ErrorCode::provisioning_failed, false},
                                         TransientRow{"distrust", ErrorCode::server_untrusted, false},
                                         TransientRow{"no_key_file", ErrorCode::file_unreadable, false},
                                         TransientRow{"cancelled", ErrorCode::cancelled, false}),
                         [](const auto& row) { return row.param.name; });

TEST(GaveUp, KeepsCodeAndRemedyAndSaysHowLong) {
  const Error last = Error{ErrorCode::connect_failed, "port closed"}.with_remedy("Open it.");
  const Error error = gave_up(last, 3, std::chrono::seconds{12});
  EXPECT_EQ(error.code(), ErrorCode::connect_failed);
  EXPECT_EQ(error.reason(), "port closed; gave up after 3 attempts in 12 s");
  EXPECT_EQ(error.remedy(), "Open it.");
}

}  // namespace
}  // namespace muster::client
