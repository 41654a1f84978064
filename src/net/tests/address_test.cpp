#include "net/address.hpp"

#include <gtest/gtest.h>

namespace muster::net {
namespace {

TEST(AddressTest, EndpointsAreReadAndWritten) {
  struct Case {
    std::string_view text;
    std::optional<Endpoint> expected;
    std::string_view written;
  };
  const Case cases[] = {
      {"127.0.0.1:8883", Endpoint{"127.0.0.1", 8883}, "127.0.0.1:8883"},
      {"127.0.0.1", Endpoint{"127.0.0.1", 1}, "127.0.0.1:1"},
      {"[::1]:443", Endpoint{"::1", 443}, "[::1]:443"},
      {"[::1]", Endpoint{"::1", 1}, "[::1]:1"},
      {"::1", Endpoint{"::1", 1}, "[::1]:1"},
      {"[::ffff:10.0.0.1]:5", Endpoint{"10.0.0.1", 5}, "10.0.0.1:5"},
      {"0.0.0.0:0", Endpoint{"0.0.0.0", 0}, "0.0.0.0:0"},
      {"localhost:8883", std::nullopt, ""},
      {"127.0.0.1:", std::nullopt, ""},
      {"127.0.0.1:65536", std::nullopt, ""},
      {"127.0.0.1:8x", std::nullopt, ""},
      {"[::1", std::nullopt, ""},
      {"[::1]443", std::nullopt, ""},
      {"127.0.0.256", std::nullopt, ""},
      {"", std::nullopt, ""},
  };
  for (const Case& c : cases) {
    const auto endpoint = parse_endpoint(c.text, 1);
    ASSERT_EQ(endpoint.has_value(), c.expected.has_value()) << c.text;
    if (!endpoint) {
      EXPECT_EQ(endpoint.error().code(), ErrorCode::config_invalid);
      continue;
    }
    EXPECT_EQ(*endpoint, *c.expected) << c.text;
    EXPECT_EQ(format_endpoint(*endpoint), c.written);
  }
}

TEST(AddressTest, KindsAreTold) {
  struct Case {
    std::string_view text;
    bool address, v4, loopback, any;
  };
  for (const Case& c :
       {Case{"127.0.0.1", true, true, true, false}, Case{"127.3.2.1", true, true, true, false},
        Case{"::1", true, false, true, false}, Case{"::ffff:127.0.0.1", true, true, true, false},
        Case{"10.0.0.1", true, true, false, false}, Case{"0.0.0.0", true, true, false, true},
        Case{"::", true, false, false, true}, Case{"localhost", false, false, false, false},
        Case{"", false, false, false, false}, Case{"1.2.3", false, false, false, false}}) {
    EXPECT_EQ(is_address(c.text), c.address) << c.text;
    EXPECT_EQ(is_ipv4(c.text), c.v4) << c.text;
    EXPECT_EQ(is_loopback(c.text), c.loopback) << c.text;
    EXPECT_EQ(is_any(c.text), c.any) << c.text;
  }
}

TEST(AddressTest, NthHubIsAboveTheFirst) {  // Contract section 3.
  EXPECT_EQ(address_plus("127.0.0.1", 0).value(), "127.0.0.1");
  EXPECT_EQ(address_plus("127.0.0.1", 2).value(), "127.0.0.3");
  EXPECT_EQ(address_plus("127.0.0.255", 1).value(), "127.0.1.0");
  EXPECT_FALSE(address_plus("127.255.255.255", 1));
  EXPECT_FALSE(address_plus("255.255.255.255", 1));
  EXPECT_FALSE(address_plus("126.255.255.255", 1)) << "a network address does not become loopback";
  EXPECT_FALSE(address_plus("::1", 1));
  EXPECT_FALSE(address_plus("localhost", 1));
}

}  // namespace
}  // namespace muster::net
