#include "server/front_door.hpp"

#include "server/blocking.hpp"

#include <gtest/gtest.h>

namespace muster::server {
namespace {

const ServiceName kFirst = *ServiceName::parse("hub-a");
const ServiceName kSecond = *ServiceName::parse("hub-b");
const ServiceName kDps = *ServiceName::parse("dps-a");
const ServiceName kOtherDps = *ServiceName::parse("dps-b");

/// Two hubs, at 127.0.0.1 and 127.0.0.2, and two DPS instances. Device `registered` was last assigned to
/// hub-b and has an identity at both, `made` has one at hub-b alone, `nobody` none.
class FrontDoorTest : public testing::Test {
 protected:
  FrontDoorTest() {
    write([](registry::Store& store) -> Result<void> {
      for (const ServiceName& name : {kFirst, kSecond})
        MUSTER_CHECK(store.services().put_hub({.name = name}, 0));
      MUSTER_CHECK(store.services().put_dps({.name = kDps, .id_scope = "0ne00000A0A"}, 0));
      MUSTER_CHECK(store.services().put_dps({.name = kOtherDps, .id_scope = "0ne00000B0B"}, 0));
      const auto device = [](std::string_view id) { return *DeviceId::parse(id); };
      MUSTER_CHECK(store.devices().put({.hub = kFirst, .id = device("registered")}, 0, nullptr));
      MUSTER_CHECK(store.devices().put({.hub = kSecond, .id = device("registered")}, 0, nullptr));
      MUSTER_CHECK(store.devices().put({.hub = kSecond, .id = device("made")}, 0, nullptr));
      MUSTER_CHECK(store.registrations().put({.dps = kDps,
                                              .id = *RegistrationId::parse("registered"),
                                              .status = RegistrationStatus::assigned,
                                              .device_id = "registered",
                                              .assigned_hub = "hub-b.azure-devices.net"},
                                             0));
      return {};
    });
    refresh();
  }
  void write(std::function<Result<void>(registry::Store&)> work) {
    const auto done = run_blocking(registry_->write(std::move(work)));
    ASSERT_TRUE(done) << done.error().reason();
  }
  void refresh() { ASSERT_TRUE(run_blocking(door_.refresh())); }
  std::string hub_of(const char* sni, const char* host, const char* address, const char* device) {
    const net::PeerInfo peer{.local = {address, 8883}, .server_name = sni};
    const auto found = run_blocking(door_.hub_of(host, device, peer));
    return found ? std::string{found->str()} : error_id(found.error().code());
  }

  std::unique_ptr<registry::Registry> registry_ = registry::make_memory_registry();
  FrontDoor door_{*registry_, "127.0.0.1", {"127.0.0.1", "gateway.test"}};
};

struct HubCase {
  const char* name;
  const char *sni, *host, *address, *device;
  const char* hub;  ///< Or the code of a refusal.
};

// Contract section 3: SNI, user name, local address, in that order; then the latest registration; then the
// first that holds it.
constexpr HubCase kHubCases[] = {
    {"sni", "hub-b.azure-devices.net", "hub-a.azure-devices.net", "127.0.0.1", "nobody", "hub-b"},
    {"sni_in_capitals", "HUB-B.Azure-Devices.NET", "", "127.0.0.1", "nobody", "hub-b"},
    {"unknown_sni", "hub-x.azure-devices.net", "hub-a.azure-devices.net", "127.0.0.1", "nobody", "MU-3006"},
    {"user_name_under_localhost", "localhost", "hub-a.azure-devices.net", "127.0.0.2", "registered", "hub-a"},
    {"user_name_without_sni", "", "hub-b.azure-devices.net", "127.0.0.1", "nobody", "hub-b"},
    {"user_name_under_a_name_of_ours", "muster.example", "hub-b.azure-devices.net", "127.0.0.1", "nobody",
     "hub-b"},
    {"unknown_user_name", "", "hub-x.azure-devices.net", "127.0.0.2", "made", "MU-3006"},
    {"address_of_the_second", "", "127.0.0.2", "127.0.0.2", "nobody", "hub-b"},
    {"address_of_the_second_wins_over_registration", "localhost", "localhost", "127.0.0.2", "made", "hub-b"},
    {"latest_registration", "", "127.0.0.1", "127.0.0.1", "registered", "hub-b"},
    {"the_first_that_holds_it", "localhost", "localhost", "127.0.0.1", "made", "hub-b"},
    {"nobody_has_it", "localhost", "localhost", "127.0.0.1", "nobody", "hub-a"},
    {"address_of_nobody", "", "127.0.0.9", "127.0.0.9", "registered", "hub-b"},
};

TEST_F(FrontDoorTest, FindsTheHubThatAConnectMeans) {
  for (const HubCase& row : kHubCases) {
    EXPECT_EQ(hub_of(row.sni, row.host, row.address, row.device), row.hub) << row.name;
  }
}

TEST_F(FrontDoorTest, AnAddressStaysItsHubsWhenTheFirstHubIsDeleted) {
  write([](registry::Store& store) -> Result<void> {
    MUSTER_CHECK(store.services().remove({ServiceKind::hub, kFirst}));
    MUSTER_CHECK(store.services().put_hub({.name = *ServiceName::parse("hub-c")}, 0));
    MUSTER_CHECK(store.devices().put({.hub = *ServiceName::parse("hub-c"), .id = *DeviceId::parse("new")}, 0,
                                     nullptr));
    return {};
  });
  refresh();
  EXPECT_EQ(hub_of("", "", "127.0.0.2", "new"), "hub-b")
      << "numbers are not given twice, and 127.0.0.2 is the second's";
  EXPECT_EQ(hub_of("", "", "127.0.0.3", "nobody"), "hub-c");
  EXPECT_EQ(hub_of("", "", "127.0.0.1", "new"), "hub-c") << "the first address stands for all";
}

TEST_F(FrontDoorTest, TheOnlyHubIsMeantByAnyNameOfOurs) {
  write([](registry::Store& store) -> Result<void> {
    MUSTER_CHECK(store.services().remove({ServiceKind::hub, kFirst}));
    return {};
  });
  refresh();
  EXPECT_EQ(hub_of("localhost", "localhost", "127.0.0.1", "nobody"), "hub-b");
  EXPECT_EQ(hub_of("", "hub-a.azure-devices.net", "127.0.0.1", "nobody"), "MU-3006");
}

TEST_F(FrontDoorTest, FindsTheInstanceOfAScope) {
  struct Row {
    const char *scope, *sni;
    std::optional<ServiceName> dps;
  };
  const Row rows[] = {
      {"0ne00000A0A", "global.azure-devices-provisioning.net", kDps},
      {"0NE00000a0a", "GLOBAL.azure-devices-provisioning.net", kDps},
      {"0ne00000B0B", "", kOtherDps},
      {"0ne00000B0B", "localhost", kOtherDps},
      {"0ne00000B0B", "dps-b.azure-devices-provisioning.net", kOtherDps},
      {"0ne00000B0B", "dps-a.azure-devices-provisioning.net", std::nullopt},
      {"0ne00000B0B", "dps-x.azure-devices-provisioning.net", std::nullopt},
      {"0ne0000FFFF", "global.azure-devices-provisioning.net", std::nullopt},
      {"", "", std::nullopt},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(door_.dps_of_scope(row.scope, {.server_name = row.sni}), row.dps)
        << row.scope << " at " << row.sni;
  }
}

TEST_F(FrontDoorTest, AnswersWithTheNameThatItWasReachedBy) {
  struct Row {
    const char *sni, *address, *answer;
  };
  constexpr Row kRows[] = {
      {"global.azure-devices-provisioning.net", "127.0.0.1", "hub-b.azure-devices.net"},
      {"dps-a.azure-devices-provisioning.net", "127.0.0.1", "hub-b.azure-devices.net"},
      {"", "127.0.0.1", "127.0.0.1"},
      {"", "192.0.2.5", "192.0.2.5"},
      {"", "::1", "127.0.0.1"},
      {"localhost", "127.0.0.1", "127.0.0.1"},
      {"localhost", "::1", "127.0.0.1"},
      {"muster.example", "127.0.0.1", "muster.example"},
  };
  for (const Row& row : kRows) {
    const net::PeerInfo peer{.local = {row.address, 8883}, .server_name = row.sni};
    EXPECT_EQ(door_.answer_host("hub-b.azure-devices.net", peer), row.answer)
        << row.sni << " " << row.address;
  }
}

TEST_F(FrontDoorTest, FindsTheServiceThatARequestMeans) {
  using rest::Api;
  struct Row {
    const char* name;
    const char* sni;
    const char* host;
    std::optional<Api> path;
    const char* address;
    const char* expected;  ///< "api service"; empty for none.
  };
  const Row rows[] = {
      {"the server name decides", "hub-b.azure-devices.net", "hub-b.azure-devices.net", Api::hub, "127.0.0.1",
       "hub hub-b"},
      {"against another host", "hub-b.azure-devices.net", "hub-a.azure-devices.net", Api::hub, "127.0.0.1",
       ""},
      {"with an address as host", "hub-b.azure-devices.net", "127.0.0.1", Api::hub, "127.0.0.1", "hub hub-b"},
      {"the host, without a server name", "", "HUB-A.azure-devices.net", Api::hub, "127.0.0.2", "hub hub-a"},
      {"dps by its host", "", "dps-a.azure-devices-provisioning.net", Api::dps, "127.0.0.1", "dps dps-a"},
      {"the address, by the path", "", "127.0.0.2", Api::hub, "127.0.0.2", "hub hub-b"},
      {"localhost, by the path", "localhost", "localhost", Api::dps, "127.0.0.1", "dps dps-a"},
      {"localhost, no path", "", "localhost", std::nullopt, "127.0.0.1", ""},
      {"a name of ours", "gateway.test", "gateway.test", Api::hub, "127.0.0.1", "hub hub-a"},
      {"a name of nobody's", "", "evil.example", Api::hub, "127.0.0.1", ""},
      {"the global name serves devices only", "global.azure-devices-provisioning.net",
       "global.azure-devices-provisioning.net", Api::dps, "127.0.0.1", ""},
      {"muster's own paths", "hub-b.azure-devices.net", "hub-b.azure-devices.net", Api::muster, "127.0.0.1",
       "muster"},
  };
  for (const Row& row : rows) {
    const net::PeerInfo peer{.local = {row.address, 443}, .server_name = row.sni};
    const auto face = door_.face({row.host, row.path, peer});
    std::string found;
    if (face) {
      found = face->api == Api::hub ? "hub" : face->api == Api::dps ? "dps" : "muster";
      if (face->service) found += " " + face->service->key();
    }
    EXPECT_EQ(found, row.expected) << row.name;
  }
}

}  // namespace
}  // namespace muster::server
