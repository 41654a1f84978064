#include "gateway/mqtt/connection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

namespace muster::mqtt {
namespace {

struct WindowCase {
  std::string_view name;
  std::uint16_t window;  ///< Owed at most; after the first ones at least one less.
  friend void PrintTo(const WindowCase& c, std::ostream* out) { *out << c.name; }
};
class OwedAcksTest : public testing::TestWithParam<WindowCase> {};

/// A device that sends ahead is never owed nothing, for days.
TEST_P(OwedAcksTest, KeepTheirOrderAndNoMemoryOfThoseThatWereSent) {
  constexpr int kMessages = 200'000;
  const std::size_t window = GetParam().window;
  OwedAcks owed;
  eventlog::Ticket sent = 0;
  eventlog::Ticket made = 0;
  for (int i = 0; i < kMessages; ++i) {
    ++made;
    owed.push({made, static_cast<std::uint16_t>(made)});
    if (owed.size() < window) continue;
    ++sent;
    ASSERT_EQ(owed.front().ticket, sent);
    ASSERT_EQ(owed.front().packet_id, static_cast<std::uint16_t>(sent));
    owed.pop();
  }
  EXPECT_EQ(owed.size(), window - 1);
  EXPECT_LE(owed.capacity(), 4 * window);
}

INSTANTIATE_TEST_SUITE_P(Windows, OwedAcksTest,
                         testing::Values(WindowCase{"one", 1}, WindowCase{"two", 2}, WindowCase{"three", 3},
                                         WindowCase{"a_hundred", 100}),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace muster::mqtt
