#include "protocol/query/plan.hpp"
#include "protocol/query/query.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::query {
namespace {

// service/05 sections 5.2 and 5.3, and the pages that they name.
constexpr std::array kUnderstood{
    "select * from devices",
    "SELECT  *\n FROM Devices ",
    "select * from devices where capabilities.iotEdge = true",
    "select deviceId from devices where array_contains(parentScopes, 'ms-azure-iot-edge://e-1')",
    "SELECT deviceId, deviceScope FROM devices",
    "SELECT COUNT() AS n FROM devices",
    "SELECT COUNT(*) FROM devices",
    "SELECT TOP 10 * FROM devices",
    "SELECT * FROM devices d WHERE d.tags.location.region = 'US'",
    "SELECT d.deviceId FROM devices AS d WHERE devices.tags.x = 1",
    "SELECT * FROM devices.modules m WHERE m.moduleId = 'x' AND devices.modules.tags.y = 2",
    "SELECT * FROM devices WHERE is_defined(tags.location.region)",
    "SELECT * FROM devices WHERE properties.reported.connectivity IN ['wired', 'wifi']",
    "SELECT * FROM devices WHERE deviceId NIN ['a'] OR deviceId NOT IN ('b', 'c') OR version IN []",
    "SELECT properties.reported.config.status AS status, COUNT() AS n FROM devices "
    "GROUP BY properties.reported.config.status",
    "SELECT AVG(properties.reported.t), SUM(tags.a), MIN(version) AS a, MAX(lastActivityTime) FROM devices",
    "SELECT * FROM devices WHERE configurations.[[c1]].status = 'Applied'",
    "SELECT * FROM devices WHERE tags[[two words]].x = 1 AND tags.list[0] = -0x1F AND tags.from = 1.5e3",
    "SELECT * FROM devices WHERE tags.x = undefined OR tags.y != null AND NOT (tags.a <> 1) AND tags.b",
    "SELECT * FROM devices WHERE 1 + 2 * tags.x % 3 - -4 / 5 >= abs(tags.y)",
    "SELECT * FROM devices WHERE properties.reported.$metadata.t.$lastUpdated < '2026-01-01'",
    "SELECT deviceId AS [[the device]] FROM devices GROUP BY deviceId",
};

TEST(Parse, WhatToolsSendIsUnderstood) {
  for (const char* text : kUnderstood) {
    const auto query = parse(text);
    EXPECT_TRUE(query) << text << ": " << (query ? "" : query.error().reason());
  }
}

struct Fault {
  const char* text;
  const char* reason;
};

constexpr std::array kFaults{
    Fault{"", "at character 1: the end found, SELECT wanted"},
    Fault{"selec * from devices", "at character 1: `selec` found, SELECT wanted"},
    Fault{"select *", "at character 9: the end found, FROM wanted"},
    Fault{"select * from", "at character 14: the end found, devices or devices.modules wanted"},
    Fault{"select * from enrollments",
          "at character 15: `enrollments` found, devices or devices.modules wanted"},
    Fault{"select * from devices.jobs",
          "at character 15: devices.jobs cannot be queried: jobs do not exist in this version"},
    Fault{"select * from devices where",
          "at character 28: the end found, a path, a literal, a function or ( wanted"},
    Fault{"select * from devices where tags.x =",
          "at character 37: the end found, a path, a literal, a function or ( wanted"},
    Fault{"select * from devices where tags.x = 1 2",
          "at character 40: `2` found, AND, OR, GROUP BY or the end wanted"},
    Fault{"select * from devices order by deviceId", "at character 23: ORDER BY is not part of the language"},
    Fault{"select * from devices d join x in d.y", "at character 25: JOIN is not part of the language"},
    Fault{"select * from devices where tags.x like 'a%'",
          "at character 36: LIKE is not part of the language"},
    Fault{"select distinct tags.x from devices", "at character 8: DISTINCT is not part of the language"},
    Fault{"select value tags.x from devices", "at character 8: VALUE is not part of the language"},
    Fault{"select *, deviceId from devices", "at character 9: `,` found, FROM, since * stands alone wanted"},
    Fault{"select top 0 * from devices", "at character 12: `0` found, a number from 1 on wanted"},
    Fault{"select top x * from devices", "at character 12: `x` found, a number from 1 on wanted"},
    Fault{"select count(deviceId) from devices",
          "at character 14: `deviceId` found, ) since COUNT counts rows wanted"},
    Fault{"select upper(deviceId) from devices",
          "at character 8: upper is a function, which stands in WHERE alone"},
    Fault{"select median(version) from devices",
          "at character 8: there is no aggregate median: COUNT, AVG, SUM, MIN and MAX are"},
    Fault{"select * from devices where count() > 1",
          "at character 29: COUNT is an aggregate, which stands in SELECT alone"},
    Fault{"select * from devices where startwith(deviceId, 'a')",
          "at character 29: there is no function startwith; startswith was meant?"},
    Fault{"select * from devices where is_defined()",
          "at character 29: is_defined has 0 arguments, 1 wanted"},
    Fault{"select * from devices where substring('a') = 'a'",
          "at character 29: substring has 1 arguments, 2 to 3 wanted"},
    Fault{"select * from devices where conectionState = 'x'",
          "at character 29: a row has no field conectionState; connectionState was meant?"},
    Fault{"select * from devices where location = 'x'",
          "at character 29: a row has no field location; what users set is under tags and properties"},
    Fault{"select * from devices where properties.wanted.x = 1",
          "at character 29: properties has no field wanted; it has desired, reported"},
    Fault{"select d from devices d", "at character 8: d names the rows: a path or * is wanted"},
    Fault{"select * from devices tags", "at character 23: tags is a field, and cannot name the rows"},
    Fault{"select deviceId, count() from devices",
          "at character 8: deviceId stands beside groups: it is wanted in GROUP BY deviceId"},
    Fault{"select * from devices group by deviceId", "at character 23: GROUP BY does not go with SELECT *"},
    Fault{"select tags.a.x, tags.b.x from devices",
          "at character 18: a second element is called x: give one another name with AS"},
    Fault{"select * from devices where 5", "at character 29: a number found, a condition wanted"},
    Fault{"select * from devices where tags.x + 'a' = 1", "at character 38: a string found, a number wanted"},
    Fault{"select * from devices where not 'a'", "at character 33: a string found, a condition wanted"},
    Fault{"select * from devices where tags.x = ['a']",
          "at character 38: a list is compared with IN or array_contains alone"},
    Fault{"select * from devices where tags.a = tags.b = tags.c",
          "at character 45: comparisons do not chain: use AND, or parentheses"},
    Fault{"select * from devices where tags.x in tags.y",
          "at character 39: `tags` found, a list in [ ] wanted"},
    Fault{"select * from devices where tags.x in [tags.y]",
          "at character 40: `tags` found, a literal wanted"},
    Fault{"select * from devices where tags.x = 'a", "at character 38: a string without its closing quote"},
    Fault{R"(select * from devices where tags.x = 'a\n')",
          R"(at character 40: an escape that is none of \' \" \\ \uXXXX)"},
    Fault{R"(select * from devices where tags.x = '\uD800')", "at character 39: half of a surrogate pair"},
    Fault{"select * from devices where tags.\xC3\xA4 = ;",
          "at character 38: `;` is not part of the language"},
    Fault{"select * from devices where tags.x = 12ab", "at character 38: a number that ends in a letter"},
    Fault{"select * from devices where tags.x = 1e999", "at character 38: a number out of range"},
    Fault{"select * from devices where tags.x = 0x", "at character 38: 0x without hex digits"},
    Fault{"select * from devices where tags.x = 0xFFFFFFFFFFFFFFFF",
          "at character 38: a number beyond 63 bits"},
    Fault{"select * from devices where tags.[[x = 1", "at character 34: [[ without ]]"},
    Fault{"select * from devices where tags.x[-1] = 1", "at character 36: `-` found, an index wanted"},
    Fault{"select \xFF from devices", "the query is not UTF-8"},
};

TEST(Parse, WhatIsWrongIsNamedWithItsPlace) {
  for (const Fault& row : kFaults) {
    const auto query = parse(row.text);
    ASSERT_FALSE(query) << row.text;
    EXPECT_EQ(query.error().code(), ErrorCode::query_invalid);
    EXPECT_EQ(query.error().reason(), row.reason) << row.text;
  }
}

TEST(Parse, LimitsAreNamed) {
  const auto repeated = [](std::string_view part, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += part;
    return text;
  };
  const std::string where = "select * from devices where ";
  const std::array<std::pair<std::string, const char*>, 7> rows{{
      {where + repeated("(", 40) + "true" + repeated(")", 40), "nested deeper than 32 levels"},
      {where + repeated("not ", 40) + "true", "nested deeper than 32 levels"},
      {where + repeated("- ", 40) + "tags.x = 1", "nested deeper than 32 levels"},
      {where + "tags.x = 1" + repeated(" + 1", 40), "nested deeper than 32 levels"},
      {where + repeated(" ", 9000) + "true", "the query has 9032 characters, 8192 are allowed"},
      {where + "version in [1" + repeated(",1", 1100) + "]", "more than 1024 terms"},
      {where + "tags" + repeated(".x", 20) + " = 1", "a path of more than 16 steps"},
  }};
  for (const auto& [text, reason] : rows) {
    const auto query = parse(text);
    ASSERT_FALSE(query) << reason;
    EXPECT_NE(query.error().reason().find(reason), std::string::npos) << query.error().reason();
  }
  EXPECT_TRUE(parse(where + "true" + repeated(" or true", 500))) << "a long chain is not deep";
}

TEST(Parse, SystemNamesGetTheirSpellingAndKeysKeepTheirs) {
  const auto query = *parse(
      "SELECT DeviceId, TAGS.Location, properties.REPORTED.Temp, COUNT() FROM devices "
      "GROUP BY deviceid, tags.Location, Properties.reported.Temp");
  std::string names;
  for (const Column& column : query.columns) names += column.name + ":" + format_path(column.path) + " ";
  EXPECT_EQ(names, "deviceId:deviceId Location:tags.Location Temp:properties.reported.Temp $1: ");
  EXPECT_EQ(format_path({{"tags", {}}, {"two words", {}}, {"", 3}}), "tags.[[two words]][3]");
}

struct PlanRow {
  const char* where;
  const char* plan;
};

std::string describe(const Plan& plan) {
  std::string text;
  if (plan.device_ids) text += fmt::format("ids {} ", fmt::join(*plan.device_ids, ","));
  if (!plan.id_prefix.empty()) text += fmt::format("prefix {} ", plan.id_prefix);
  if (plan.enabled) text += fmt::format("enabled {} ", *plan.enabled);
  if (plan.authentication_type) text += fmt::format("auth {} ", *plan.authentication_type);
  if (plan.tag) text += fmt::format("tag {}={} ", fmt::join(plan.tag->path, "."), plan.tag->value.dump());
  return text;
}

TEST(Plan, ConditionsThatAnIndexCanAnswerAreFound) {
  for (const PlanRow& row : std::vector<PlanRow>{
           {"deviceId = 'b'", "ids b "},
           {"'b' = DEVICEID", "ids b "},
           {"deviceId in ['b', 'a', 'b', 5]", "ids a,b "},
           {"deviceId in ['b', 'a'] and deviceId in ['b', 'c']", "ids b "},
           {"startswith(deviceId, 'pump') and starts_with(deviceId, 'pump-0')", "prefix pump-0 "},
           {"status = 'disabled' and tags.a.b = 5", "enabled false tag a.b=5 "},
           {"authentication.type = 'sas' and (tags.x = true and tags.y = 'z')", "auth sas tag x=true "},
           {"tags.x in [-1.5]", "tag x=-1.5 "},
           {"tags.x = null", ""},
           {"tags.list[0] = 'a'", ""},
           {"deviceId = 'a' or deviceId = 'b'", ""},
           {"not deviceId = 'a'", ""},
           {"deviceId != 'a' and tags.x > 1", ""},
           {"deviceId not in ['a']", ""},
           {"contains(deviceId, 'a') and startswith(tags.x, 'b')", ""},
       }) {
    const auto query = parse(fmt::format("select * from devices where {}", row.where));
    ASSERT_TRUE(query) << query.error().reason();
    EXPECT_EQ(describe(plan_of(*query)), row.plan) << row.where;
  }
}

TEST(Plan, OnlyThePartsThatAreLookedAtAreRead) {
  const auto parts = [](std::string_view text) {
    const Plan plan = plan_of(*parse(text));
    return fmt::format("{}{}{}", plan.reads_tags ? "t" : "", plan.reads_desired ? "d" : "",
                       plan.reads_reported ? "r" : "");
  };
  EXPECT_EQ(parts("select * from devices"), "tdr");
  EXPECT_EQ(parts("select deviceId from devices where status = 'enabled'"), "");
  EXPECT_EQ(parts("select deviceId from devices where is_defined(tags.x) or properties.reported.y = 1"),
            "tr");
  EXPECT_EQ(parts("select properties from devices"), "dr");
  EXPECT_EQ(parts("select count() from devices group by properties.desired.z"), "d");
}

}  // namespace
}  // namespace muster::query
