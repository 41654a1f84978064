#include "world/running_world.hpp"

#include <gtest/gtest.h>

namespace muster::world {
namespace {

RunningWorld tutorial_world() {
  return {.version = "0.1.0",
          .pid = 4711,
          .started = "2026-01-21T10:30:00.1234560Z",
          .start_ticks = 123456,
          .endpoints = {.mqtt = {"127.0.0.1:8883", "[::1]:8883"},
                        .https = {"127.0.0.1:443"},
                        .amqp = {},
                        .admin = "127.0.0.1:9464"},
          .dps = {{"my-dps-x509", "0ne00123ABC", "my-dps-x509.azure-devices-provisioning.net"}},
          .hubs = {{"my-iot-hub-x509", "my-iot-hub-x509.azure-devices.net", "127.0.0.1"},
                   {"second", "second.azure-devices.net", "127.0.0.2"}}};
}

TEST(RunningWorldTest, SurvivesWritingAndReading) {
  const auto read = parse_running_world(to_json(tutorial_world()));
  ASSERT_TRUE(read) << read.error().reason();
  EXPECT_EQ(*read, tutorial_world());
}

struct DamagedCase {
  std::string_view name;
  std::string_view text;
  std::string_view says;
};
void PrintTo(const DamagedCase& row, std::ostream* out) { *out << row.text; }

constexpr DamagedCase kDamaged[] = {
    {"empty", "", "is not a JSON object"},
    {"cut_short", R"({"version":"0.1.0","pid":)", "is not a JSON object"},
    {"an_array", "[]", "is not a JSON object"},
    {"no_pid", R"({"version":"0.1.0","endpoints":{"mqtt":[]}})", "pid is missing"},
    {"pid_is_text", R"({"version":"0.1.0","pid":"7","endpoints":{"mqtt":[]}})", "pid has the wrong type"},
    {"no_endpoints", R"({"version":"0.1.0","pid":7})", "endpoints is missing"},
    {"no_mqtt", R"({"version":"0.1.0","pid":7,"endpoints":{}})", "endpoints.mqtt is missing"},
    {"hub_without_address",
     R"({"version":"0.1.0","pid":7,"endpoints":{"mqtt":[]},"hubs":[{"name":"h","host":"h.azure-devices.net"}]})",
     "hubs[].address is missing"},
    {"hubs_no_array", R"({"version":"0.1.0","pid":7,"endpoints":{"mqtt":[]},"hubs":{"a":1}})",
     "hubs is not an array of objects"},
};

class RunningWorldDamagedTest : public testing::TestWithParam<DamagedCase> {};

TEST_P(RunningWorldDamagedTest, IsRefusedWithTheMember) {
  const auto read = parse_running_world(GetParam().text);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::world_damaged);
  EXPECT_NE(read.error().reason().find(GetParam().says), std::string::npos) << read.error().reason();
}

INSTANTIATE_TEST_SUITE_P(Damaged, RunningWorldDamagedTest, testing::ValuesIn(kDamaged),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(RunningWorldTest, SkipsWhatANewerServiceSays) {
  const auto read =
      parse_running_world(R"({"version":"9.0","pid":7,"endpoints":{"mqtt":[],"new":1},"more":{}})");
  ASSERT_TRUE(read) << read.error().reason();
  EXPECT_EQ(read->ca_file, "server/ca.pem");
}

TEST(HostsFileTest, PutsTheWorldsNamesBeforeTheMachines) {
  EXPECT_EQ(hosts_file(tutorial_world(), "127.0.0.1 localhost"),
            "# Written by muster. Its world's names come first; the machine's own hosts follow.\n"
            "127.0.0.1 global.azure-devices-provisioning.net\n"
            "127.0.0.1 my-dps-x509.azure-devices-provisioning.net\n"
            "127.0.0.1 my-iot-hub-x509.azure-devices.net\n"
            "127.0.0.2 second.azure-devices.net\n"
            "127.0.0.1 localhost\n");
}

TEST(HostsFileTest, ReachesAWorldOnAllInterfacesOverLoopback) {
  auto world = tutorial_world();
  world.endpoints.mqtt = {"0.0.0.0:8883"};
  EXPECT_NE(hosts_file(world, "").find("127.0.0.1 global."), std::string::npos);
  world.endpoints.mqtt = {"[::1]:8883"};
  EXPECT_NE(hosts_file(world, "").find("::1 global."), std::string::npos);
}

struct EndpointCase {
  std::string_view name;
  std::string_view endpoint;
  std::string_view address;
  std::uint16_t port;
};
void PrintTo(const EndpointCase& row, std::ostream* out) { *out << row.endpoint; }

constexpr EndpointCase kEndpoints[] = {
    {"ipv4", "127.0.1.1:8883", "127.0.1.1", 8883},
    {"ipv6", "[::1]:443", "::1", 443},
    {"no_port", "127.0.0.1", "", 0},
    {"bare_ipv6", "fe80::1:443", "", 443},
    {"port_too_large", "127.0.0.1:65536", "127.0.0.1", 0},
    {"port_no_number", "127.0.0.1:x", "127.0.0.1", 0},
};

class EndpointTest : public testing::TestWithParam<EndpointCase> {};

TEST_P(EndpointTest, SplitsAddressAndPort) {
  EXPECT_EQ(endpoint_address(GetParam().endpoint), GetParam().address);
  EXPECT_EQ(endpoint_port(GetParam().endpoint), GetParam().port);
}

INSTANTIATE_TEST_SUITE_P(Endpoints, EndpointTest, testing::ValuesIn(kEndpoints),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(StartTicksTest, CountsFromTheLastParenthesis) {
  // proc(5): the command is field 2, in parentheses, and may hold spaces and parentheses itself.
  const std::string_view stat =
      "42 (a) b (c)) S 1 42 42 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 2000 18446744073709551615\n";
  EXPECT_EQ(parse_start_ticks(stat), 987654u);
  EXPECT_EQ(parse_start_ticks("42 (a) S 1 42"), 0u);
  EXPECT_EQ(parse_start_ticks(""), 0u);
}

}  // namespace
}  // namespace muster::world
