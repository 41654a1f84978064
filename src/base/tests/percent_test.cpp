#include "base/percent.hpp"

#include <gtest/gtest.h>

namespace muster {
namespace {

struct PercentCase {
  std::string_view name;
  std::string_view encoded;
  std::string_view decoded;
  bool reversible = true;  ///< Encoding `decoded` gives `encoded` again.
  std::string_view source;
  friend void PrintTo(const PercentCase& c, std::ostream* out) {
    *out << c.encoded << "  [" << c.source << ']';
  }
};

constexpr PercentCase kCases[] = {
    {"unreserved", "aZ09-._~", "aZ09-._~", true, "RFC 3986 section 2.3"},
    {"dollar", "%24.mid", "$.mid", true, "device/04 section 5: Python, Node, C#"},
    {"space", "a%20b", "a b", true, "device/04 section 5: %20"},
    {"plus_is_not_a_space", "a+b", "a+b", false, "device/04 section 5: never decode + as a space"},
    {"plus_encoded", "a%2Bb", "a+b", true, "device/07 section D"},
    {"lower_case_hex", "a%2fb", "a/b", false, "device/01 section 3: C"},
    {"bad_digits", "100%zz", "100%zz", false, "device/04 section 5: C sends raw text"},
    {"cut_at_end", "50%", "50%", false, "device/04 section 5: C sends raw text"},
    {"cut_after_one_digit", "50%2", "50%2", false, "device/04 section 5: C sends raw text"},
    {"escape_at_end", "x%2F", "x/", true, "RFC 3986 section 2.1"},
    {"doubly_encoded_is_decoded_once", "%2525", "%25", true, "RFC 3986 section 2.4"},
    {"beyond_ascii", "%C3%BC", "\xC3\xBC", true, "RFC 3986 section 2.5"},
    {"empty", "", "", true, "ours"},
};

class PercentTest : public testing::TestWithParam<PercentCase> {};

TEST_P(PercentTest, DecodesAndEncodes) {
  EXPECT_EQ(percent_decode(GetParam().encoded), GetParam().decoded);
  if (GetParam().reversible) {
    EXPECT_EQ(percent_encode(GetParam().decoded), GetParam().encoded);
  }
}

INSTANTIATE_TEST_SUITE_P(Percent, PercentTest, testing::ValuesIn(kCases),
                         [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace muster
