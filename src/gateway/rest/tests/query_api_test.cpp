#include "gateway/rest/query_position.hpp"
#include "gateway/rest/query_run.hpp"
#include "gateway/rest/tests/world.hpp"

#include <nlohmann/json.hpp>

/// `/devices/query` end to end: bytes of a request in, bytes of the answer out, over a registry in memory.
/// Source: protocol/service/05.
namespace muster::rest {
namespace {

class Session final : public hub::LiveSession {
 public:
  void end(Error) override {}
  WallTime last_activity() const override { return WallTime{std::chrono::hours{24 * 365 * 60}}; }
};

class QueryApi : public testing::Test {
 protected:
  World world;

  /// Device `index` of a fleet: d000 and so on, every third in Oslo, every other disabled.
  Result<void> make_device(registry::Store& store, int index) {
    DeviceIdentity device{.hub = world.hub, .id = *DeviceId::parse(fmt::format("d{:03}", index))};
    device.enabled = index % 2 == 0;
    device.auth.type = DeviceAuthType::sas;
    Twin twin{.hub = world.hub, .device = device.id};
    twin.tags_json =
        fmt::format(R"({{"site":"{}","floor":{}}})", index % 3 == 0 ? "Oslo" : "Bergen", index % 5);
    twin.reported_json = fmt::format(R"({{"t":{}.5}})", index);
    MUSTER_CHECK(store.devices().put(device, 0, &twin));
    return {};
  }
  void make_fleet(int size) {
    ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
      for (int i = 0; i < size; ++i) {
        MUSTER_CHECK(make_device(store, i));
      }
      return {};
    }));
  }
  void make_modules() {
    ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
      for (const auto& [device, name] : std::vector<std::pair<const char*, const char*>>{
               {"d000", "cam"}, {"d000", "mic"}, {"d001", "cam"}}) {
        ModuleIdentity module{
            .hub = world.hub, .device = *DeviceId::parse(device), .id = *ModuleId::parse(name)};
        module.auth.type = DeviceAuthType::sas;
        Twin twin{.hub = world.hub, .device = module.device, .module = name};
        twin.tags_json = R"({"lens":2})";
        MUSTER_CHECK(store.modules().put(module, 0, &twin));
      }
      return {};
    }));
  }

  Answer ask(std::string_view query, std::string_view headers = "") {
    return world.ask_hub("POST", "/devices/query", nlohmann::json{{"query", query}}.dump(),
                         std::string{headers});
  }
  /// Every page of the answer, "|" after each.
  std::string pages(std::string_view query, int size) {
    std::string all;
    std::string token;
    for (int page = 0; page < 50; ++page) {
      auto answer = ask(query, fmt::format("x-ms-max-item-count: {}\r\n{}", size,
                                           token.empty() ? "" : "x-ms-continuation: " + token + "\r\n"));
      if (answer.status != 200) return answer.body;
      all += answer.body + "|";
      if (!answer.headers.contains("x-ms-continuation")) return all;
      token = answer.headers["x-ms-continuation"];
    }
    return "a query without end";
  }
};

TEST_F(QueryApi, QueriesOverDevices) {
  make_fleet(10);
  struct Row {
    const char *query, *body;
  };
  for (const Row& row : std::vector<Row>{
           {"SELECT COUNT() AS n FROM devices", R"([{"n":10}])"},
           {"select count() from devices where status = 'enabled'", R"([{"$1":5}])"},
           {"SELECT DeviceId FROM devices WHERE tags.site = 'Oslo' AND status = 'disabled'",
            R"([{"deviceId":"d003"},{"deviceId":"d009"}])"},
           {"SELECT deviceId, tags.floor AS level FROM devices d WHERE d.tags.floor IN [3, 4] AND "
            "properties.reported.t > 4",
            R"([{"deviceId":"d004","level":4},{"deviceId":"d008","level":3},{"deviceId":"d009","level":4}])"},
           {"SELECT TOP 2 deviceId FROM devices WHERE startswith(deviceId, 'd00')",
            R"([{"deviceId":"d000"},{"deviceId":"d001"}])"},
           {"SELECT deviceId FROM devices WHERE deviceId IN ['d007', 'nobody', 'not an id', 'd001']",
            R"([{"deviceId":"d001"},{"deviceId":"d007"}])"},
           {"SELECT tags.site, COUNT() AS n, AVG(properties.reported.t) AS t FROM devices GROUP BY tags.site",
            R"([{"site":"Bergen","n":6,"t":5.0},{"site":"Oslo","n":4,"t":5.0}])"},
           {"SELECT deviceId FROM devices WHERE authenticationType = 'unheard of'", "[]"},
           {"SELECT deviceId FROM devices WHERE authentication.type = 'sas' AND tags.floor = 0.0",
            R"([{"deviceId":"d000"},{"deviceId":"d005"}])"},
           {"select deviceId from devices where array_contains(parentScopes, 'ms-azure-iot-edge://e-1')",
            "[]"},
           {"SELECT deviceId FROM devices WHERE configurations.[[c1]].status = 'Applied'", "[]"},
           {"select * from devices where capabilities.iotEdge = true", "[]"},
       }) {
    EXPECT_EQ(ask(row.query).body, row.body) << row.query;
  }
}

TEST_F(QueryApi, TheItemTypeSaysWhetherRowsAreTwins) {
  make_fleet(1);
  EXPECT_EQ(ask("select * from devices where deviceId = 'd000'").headers["x-ms-item-type"], "Twin");
  EXPECT_EQ(ask("select deviceId from devices").headers["x-ms-item-type"], "Raw");
  EXPECT_EQ(ask("select count() from devices").headers["x-ms-item-type"], "Raw");
  const auto twin = nlohmann::json::parse(ask("select * from devices").body)[0];
  EXPECT_EQ(twin["authentication"]["type"], "sas") << "service/13";
  EXPECT_EQ(twin["authenticationType"], "sas");
  EXPECT_EQ(twin["properties"]["reported"]["t"], 0.5);
  EXPECT_EQ(twin["properties"]["desired"]["$version"], 1);
}

TEST_F(QueryApi, PagesFollowEachOther) {
  make_fleet(7);
  EXPECT_EQ(pages("select deviceId from devices where tags.site = 'Bergen'", 3),
            R"([{"deviceId":"d001"},{"deviceId":"d002"},{"deviceId":"d004"}]|[{"deviceId":"d005"}]|)");
  EXPECT_EQ(pages("select deviceId from devices where tags.site = 'Bergen'", 4),
            R"([{"deviceId":"d001"},{"deviceId":"d002"},{"deviceId":"d004"},{"deviceId":"d005"}]|)")
      << "no continuation on the last page, which is full";
  EXPECT_EQ(pages("select top 3 deviceId from devices", 2),
            R"([{"deviceId":"d000"},{"deviceId":"d001"}]|[{"deviceId":"d002"}]|)");
  EXPECT_EQ(
      pages("select tags.floor, count() as n from devices group by tags.floor", 2),
      R"([{"floor":0,"n":2},{"floor":1,"n":2}]|[{"floor":2,"n":1},{"floor":3,"n":1}]|[{"floor":4,"n":1}]|)");
  EXPECT_EQ(pages("select top 1 count() as n from devices group by tags.floor", 2), R"([{"n":2}]|)");
}

TEST_F(QueryApi, APageTakesAsManyReadsAsItNeeds) {
  const int size = static_cast<int>(3 * kQueryRowsPerRead);
  make_fleet(size);
  const auto reads = world.registry->figures().reads;
  EXPECT_EQ(ask(fmt::format("select deviceId from devices where properties.reported.t > {}", size - 1)).body,
            fmt::format(R"([{{"deviceId":"d{:03}"}}])", size - 1));
  EXPECT_GE(world.registry->figures().reads - reads, 3U);
  EXPECT_EQ(ask("select count() as n from devices where tags.site = 'Oslo'").body,
            fmt::format(R"([{{"n":{}}}])", kQueryRowsPerRead));
  const auto all =
      nlohmann::json::parse(ask("select deviceId from devices", "x-ms-max-item-count: 1000\r\n").body);
  EXPECT_EQ(all.size(), std::min<std::size_t>(kPageItemsMax, 3 * kQueryRowsPerRead));
}

TEST_F(QueryApi, ConnectionStateIsThatOfTheMoment) {
  make_fleet(2);
  EXPECT_EQ(ask("select deviceId from devices where connectionState = 'Connected'").body, "[]");
  const hub::SessionKey key{world.hub, *DeviceId::parse("d001"), ""};
  auto admission = world.loop.run(world.sessions.admit(key));
  ASSERT_TRUE(admission);
  ASSERT_TRUE(world.loop.run(world.sessions.claim(*admission, std::make_shared<Session>())));
  EXPECT_EQ(ask("select deviceId from devices where connectionState = 'Connected'").body,
            R"([{"deviceId":"d001"}])");
  EXPECT_EQ(ask("select deviceId from devices where lastActivityTime > '2029-01-01'").body,
            R"([{"deviceId":"d001"}])");
}

TEST_F(QueryApi, QueriesOverModules) {
  make_fleet(2);
  make_modules();
  EXPECT_EQ(ask("select deviceId, moduleId from devices.modules where moduleId = 'cam'").body,
            R"([{"deviceId":"d000","moduleId":"cam"},{"deviceId":"d001","moduleId":"cam"}])");
  EXPECT_EQ(pages("select m.moduleId from devices.modules m where m.tags.lens = 2 and status = 'enabled'", 1),
            R"([{"moduleId":"cam"}]|[{"moduleId":"mic"}]|)");
  EXPECT_EQ(ask("select count() as n from devices.modules").body, R"([{"n":3}])");
  auto whole = ask("select * from devices.modules where moduleId = 'mic'");
  EXPECT_EQ(whole.headers["x-ms-item-type"], "Twin");
  const auto rows = nlohmann::json::parse(whole.body);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["moduleId"], "mic");
  EXPECT_EQ(rows[0]["tags"]["lens"], 2);
}

TEST_F(QueryApi, WhatIsNoQueryIsRefused) {
  make_fleet(3);
  struct Row {
    const char *query, *headers, *reason;
  };
  for (const Row& row : std::vector<Row>{
           {"select * from devices.jobs", "",
            "devices.jobs cannot be queried: jobs do not exist in this version"},
           {"select * from devices order by deviceId", "",
            "at character 23: ORDER BY is not part of the language"},
           {"drop table devices", "", "`drop` found, SELECT wanted"},
           {"select * from devices", "x-ms-continuation: ?\r\n", "x-ms-continuation"},
           {"select * from devices", "x-ms-continuation: ZDAwMA==\r\n", "not a token of this query"},
       }) {
    auto answer = ask(row.query, row.headers);
    EXPECT_EQ(answer.status, 400) << row.query;
    EXPECT_EQ(answer.headers["iothub-errorcode"], "ArgumentInvalid") << answer.body;
    EXPECT_NE(answer.body.find(row.reason), std::string::npos) << answer.body;
  }
  auto first = ask("select deviceId from devices", "x-ms-max-item-count: 1\r\n");
  const auto other = ask("select deviceId from devices where true",
                         "x-ms-continuation: " + first.headers["x-ms-continuation"] + "\r\n");
  EXPECT_EQ(other.status, 400) << "a continuation of another query";
}

TEST(QueryPosition, IsGoodForItsHubAndItsQuery) {
  const auto hub = *ServiceName::parse("my-hub");
  const auto token = format_position(hub, "select 1", {.after = "a.b/c", .returned = 7});
  const auto read = parse_position(*ServiceName::parse("MY-hub"), "select 1", token);
  ASSERT_TRUE(read) << read.error().reason();
  EXPECT_EQ(read->after, "a.b/c");
  EXPECT_EQ(read->returned, 7U);
  EXPECT_FALSE(parse_position(*ServiceName::parse("other"), "select 1", token));
  EXPECT_FALSE(parse_position(hub, "select 2", token));
  for (const std::size_t size : {token.size() - 6, std::size_t{3}, std::size_t{1}}) {
    EXPECT_FALSE(parse_position(hub, "select 1", token.substr(0, size))) << token.substr(0, size);
  }
}

}  // namespace
}  // namespace muster::rest
