#include "protocol/query/evaluate.hpp"

#include "protocol/query/select.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::query {
namespace {

const Json kRow = Json::parse(R"({
  "deviceId": "pump-07", "etag": "AAE=", "status": "enabled", "statusReason": null, "connectionState": "Disconnected",
  "lastActivityTime": "2026-11-25T13:00:00.0000000Z", "version": 4, "capabilities": {"iotEdge": false},
  "authenticationType": "selfSigned", "authentication": {"type": "selfSigned"}, "parentScopes": ["e-1", "e-2"],
  "tags": {"floor": 3, "half": 0.5, "site": "Oslo", "Site": "oslo", "open": true, "list": [1, "b", {"c": 2}],
           "where": {"room": "k\u00e4ller"}, "two words": 1, "text": "12.5"},
  "properties": {"desired": {"$version": 2}, "reported": {"t": 21.5, "n": 4503599627370495, "$version": 9}}
})");

struct Row {
  const char* where;
  bool matches;
};

constexpr std::array kRows{
    // Comparisons.
    Row{"deviceId = 'pump-07'", true},
    Row{"DEVICEID = \"pump-07\"", true},
    Row{"deviceId = 'PUMP-07'", false},
    Row{"deviceId <> 'x'", true},
    Row{"tags.floor = 3.0", true},
    Row{"tags.floor != 3", false},
    Row{"tags.floor >= 3 and tags.floor <= 3", true},
    Row{"tags.floor > 3 or tags.floor < 3", false},
    Row{"tags.site < 'P'", true},
    Row{"tags.half = 5e-1", true},
    Row{"tags.floor = 0x3", true},
    Row{"properties.reported.n = 4503599627370495", true},
    Row{"tags.site = 'Oslo' and tags.Site = 'oslo'", true},
    Row{"tags.SITE = 'Oslo'", false},
    Row{"TAGS.site = 'Oslo'", true},
    Row{"tags.open = true", true},
    Row{"tags.open", true},
    Row{"capabilities.iotEdge = false", true},
    Row{"capabilities.iotEdge", false},
    Row{"authentication.type = authenticationType", true},
    Row{"lastActivityTime > '2026-11-25'", true},
    Row{"tags.[[two words]] = 1", true},
    Row{"tags.where.room = 'k\\u00e4ller'", true},
    Row{"properties.desired.$version = 2", true},
    // Undefined: no comparison with it is true, and NOT does not make it so.
    Row{"tags.none = 1", false},
    Row{"tags.none != 1", false},
    Row{"not (tags.none = 1)", false},
    Row{"tags.none = undefined", false},
    Row{"tags.none != undefined", false},
    Row{"not tags.none", false},
    Row{"tags.none = 1 or true", true},
    Row{"true or tags.none = 1", true},
    Row{"tags.none = 1 and false", false},
    Row{"not (tags.none = 1 and false)", true},
    Row{"not (tags.none = 1 or true)", false},
    Row{"not (tags.none = 1 and true)", false},
    Row{"configurations.[[c]].status = 'Applied'", false},
    Row{"not is_defined(tags.none)", true},
    // Null is a value; equality is false between types and order is undefined.
    Row{"statusReason = null", true},
    Row{"statusReason != null", false},
    Row{"tags.site != null", true},
    Row{"tags.none = null", false},
    Row{"tags.floor = '3'", false},
    Row{"tags.floor != '3'", true},
    Row{"tags.floor < '3'", false},
    Row{"tags.floor >= '3'", false},
    Row{"not (tags.floor < '3')", false},
    Row{"tags.open > 0", false},
    Row{"null >= null", false},
    // Only primitives compare.
    Row{"tags.where = tags.where", false},
    Row{"tags.where != 1", false},
    Row{"tags.list = 1", false},
    // Logic.
    Row{"true or true and false", true},
    Row{"(true or true) and false", false},
    Row{"not false and true", true},
    Row{"not not true", true},
    Row{"1 = 1", true},
    Row{"'a' = 'a' and 1 = 1 and null = null", true},
    // Lists.
    Row{"tags.site in ['Bergen', 'Oslo']", true},
    Row{"tags.site in ('Bergen')", false},
    Row{"tags.floor in ['3', 3]", true},
    Row{"tags.floor in [-3, 2.5]", false},
    Row{"tags.site in []", false},
    Row{"tags.site not in ['Bergen']", true},
    Row{"tags.site nin ['Oslo']", false},
    Row{"tags.none nin ['x']", false},
    Row{"tags.none in ['x']", false},
    Row{"statusReason in [null]", true},
    Row{"tags.where in [1]", false},
    // Arithmetic.
    Row{"tags.floor + 1 = 4", true},
    Row{"1 + 2 * 3 = 7", true},
    Row{"(1 + 2) * 3 = 9", true},
    Row{"10 - 3 - 2 = 5", true},
    Row{"5 / 2 = 2.5", true},
    Row{"6 / 3 = 2", true},
    Row{"7 % 4 = 3", true},
    Row{"5.5 % 2 = 1.5", true},
    Row{"1 / 0 = 1", false},
    Row{"1 % 0 != 1", false},
    Row{"-tags.floor = -3", true},
    Row{"tags.site + 1 = 1", false},
    Row{"tags.none + 1 != 1", false},
    Row{"9223372036854775807 + 1 > 9223372036854770000", true},
    Row{"1e308 * 10 > 1", false},
    Row{"properties.reported.t * 2 = 43", true},
    // Paths into lists and beyond.
    Row{"tags.list[0] = 1", true},
    Row{"tags.list[2].c = 2", true},
    Row{"tags.list[9] = 1", false},
    Row{"tags.site.x = 1", false},
    Row{"tags[0] = 1", false},
    Row{"parentScopes[1] = 'e-2'", true},
    // Types.
    Row{"is_defined(tags.site)", true},
    Row{"is_defined(tags.none)", false},
    Row{"is_defined(statusReason)", true},
    Row{"is_null(statusReason)", true},
    Row{"is_null(tags.none)", false},
    Row{"is_bool(tags.open)", true},
    Row{"is_number(tags.half)", true},
    Row{"is_string(tags.floor)", false},
    Row{"is_object(tags.where)", true},
    Row{"is_array(tags.list)", true},
    Row{"is_primitive(tags.list)", false},
    Row{"is_primitive(statusReason)", true},
    Row{"is_primitive(tags.none)", false},
    // Strings and numbers.
    Row{"startswith(deviceId, 'pump')", true},
    Row{"STARTS_WITH(deviceId, 'Pump')", false},
    Row{"endswith(deviceId, '07')", true},
    Row{"ends_with(deviceId, '7') and contains(deviceId, 'p-0')", true},
    Row{"startswith(tags.floor, '3')", false},
    Row{"not startswith(tags.floor, '3')", false},
    Row{"array_contains(parentScopes, 'e-2')", true},
    Row{"array_contains(parentScopes, 'e-3')", false},
    Row{"array_contains(tags.list, 1.0)", true},
    Row{"array_contains(tags.site, 'Oslo')", false},
    Row{"array_contains([1, 'x'], 'x')", true},
    Row{"abs(-2) = 2", true},
    Row{"exp(0) = 1", true},
    Row{"power(2, 10) = 1024", true},
    Row{"square(3) = 9", true},
    Row{"ceiling(1.2) = 2 and floor(-1.2) = -2", true},
    Row{"sign(-5) = -1 and sign(0) = 0", true},
    Row{"sqrt(9) = 3", true},
    Row{"sqrt(-1) = 0 or sqrt(-1) != 0", false},
    Row{"as_number(tags.text) = 12.5", true},
    Row{"as_number('x') = 0", false},
    Row{"as_number('7') + 1 = 8", true},
    Row{"length(tags.where.room) = 6", true},
    Row{"index_of(tags.where.room, 'l') = 2", true},
    Row{"index_of(deviceId, 'x') = -1", true},
    Row{"substring(tags.where.room, 1, 2) = '\\u00e4l'", true},
    Row{"substring(deviceId, 5) = '07'", true},
    Row{"substring(deviceId, 99) = ''", true},
    Row{"substring(deviceId, -1) = ''", false},
    Row{"lower(tags.site) = 'oslo' and upper('a1') = 'A1'", true},
    Row{"concat(tags.site, '-', 'x') = 'Oslo-x'", true},
    Row{"concat(tags.site, tags.floor) = 'Oslo3'", false},
};

TEST(Evaluate, EveryRuleHasItsRow) {
  for (const Row& row : kRows) {
    const auto query = parse(fmt::format("select * from devices where {}", row.where));
    ASSERT_TRUE(query) << row.where << ": " << query.error().reason();
    EXPECT_EQ(matches(query->where, kRow), row.matches) << row.where;
  }
}

TEST(Select, ProjectionNamesItsMembers) {
  struct Projection {
    const char *columns, *json;
  };
  for (const Projection& row : std::vector<Projection>{
           {"DeviceId", R"({"deviceId":"pump-07"})"},
           {"tags.site, tags.Site", R"({"site":"Oslo","Site":"oslo"})"},
           {"deviceId AS id, tags.none, statusReason", R"({"id":"pump-07","statusReason":null})"},
           {"authentication.type, tags.list[1], tags.list[2]",
            R"({"type":"selfSigned","$1":"b","$2":{"c":2}})"},
           {"tags.where, properties.desired", R"({"where":{"room":"käller"},"desired":{"$version":2}})"},
       }) {
    const auto query = parse(fmt::format("select {} from devices", row.columns));
    ASSERT_TRUE(query) << query.error().reason();
    EXPECT_EQ(project(*query, kRow).dump(), row.json);
  }
}

std::string groups_of(std::string_view text, std::string_view rows) {
  const auto query = parse(text);
  if (!query) return query.error().reason();
  Groups groups{*query};
  for (const Json& row : Json::parse(rows)) {
    if (const auto added = groups.add(row); !added) return added.error().reason();
  }
  return Json(groups.rows(0, 100)).dump();
}

TEST(Select, AggregatesAndGroups) {
  struct Aggregation {
    const char *query, *rows, *json;
  };
  constexpr auto kTemperatures =
      R"([{"tags":{"s":"b","v":1}},{"tags":{"s":"a","v":2}},{"tags":{"v":"x"}},{"tags":{"s":"a","v":4.5}},{"tags":{"s":"a"}}])";
  for (const Aggregation& row : std::vector<Aggregation>{
           {"select count() from devices", "[]", R"([{"$1":0}])"},
           {"select count() as n from devices", "[{},{},{}]", R"([{"n":3}])"},
           {"select sum(tags.v), avg(tags.v) as mean from devices", kTemperatures,
            R"([{"$1":7.5,"mean":2.5}])"},
           {"select min(tags.v) as a, max(tags.v) as b from devices", kTemperatures, R"([{"a":1,"b":"x"}])"},
           {"select sum(tags.v) as s, min(tags.v) as m, count() as n from devices", R"([{"tags":{}}])",
            R"([{"n":1}])"},
           {"select tags.s, count() as n, max(tags.v) as m from devices group by tags.s", kTemperatures,
            R"([{"n":1,"m":"x"},{"s":"a","n":3,"m":4.5},{"s":"b","n":1,"m":1}])"},
           {"select count() as n from devices group by tags",
            R"([{"tags":{"a":1,"b":2}},{"tags":{"b":2,"a":1}}])", R"([{"n":2}])"},
           {"select tags.s from devices group by tags.s", kTemperatures, R"([{},{"s":"a"},{"s":"b"}])"},
           {"select sum(version) as s from devices", R"([{"version":9223372036854775807},{"version":1}])",
            R"([{"s":9.223372036854776e+18}])"},
       }) {
    EXPECT_EQ(groups_of(row.query, row.rows), row.json) << row.query;
  }
}

TEST(Select, GroupsAreLimited) {
  const auto query = *parse("select deviceId, count() from devices group by deviceId");
  Groups groups{query};
  for (std::size_t i = 0; i < kGroupsMax; ++i) ASSERT_TRUE(groups.add(Json{{"deviceId", std::to_string(i)}}));
  ASSERT_TRUE(groups.add(Json{{"deviceId", "7"}}));
  const auto refused = groups.add(Json{{"deviceId", "one more"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::query_invalid);
  EXPECT_EQ(refused.error().reason(), "GROUP BY comes to more than 10000 groups: narrow it with WHERE");
  EXPECT_EQ(groups.rows(9998, 5).size(), 2U);

  const auto wide = *parse("select count() from devices group by tags.x");
  Groups large{wide};
  Result<void> added;
  for (int i = 0; i < 1200 && added; ++i)
    added = large.add(Json{{"tags", {{"x", fmt::format("{:04}", i) + std::string(4000, 'x')}}}});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().reason(),
            "the groups hold more than 8388608 bytes of values: narrow them with WHERE");
}

}  // namespace
}  // namespace muster::query
