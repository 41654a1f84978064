#include "protocol/rest/enrollment_bulk_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace muster::rest {
namespace {

using nlohmann::json;

constexpr BulkNames kNames{"enrollments", "registrationId"};

TEST(BulkJson, ReadsModeAndItems) {
  const json body{
      {"mode", "updateIfMatchETag"},
      {"enrollments", {{{"registrationId", "a"}, {"etag", "\"x\""}}, {{"registrationId", 7}}, "no object"}}};
  const auto request = parse_bulk(body.dump(), kNames);
  ASSERT_TRUE(request) << request.error().reason();
  EXPECT_EQ(request->mode, BulkMode::update_if_match_etag);
  ASSERT_EQ(request->items.size(), 3u)
      << "service/02 section 2.3: a bad item is reported, the others are done";
  EXPECT_EQ(request->items[0].id, "a");
  EXPECT_EQ(request->items[0].etag, "\"x\"");
  EXPECT_EQ(json::parse(request->items[0].body)["registrationId"], "a");
  EXPECT_EQ(request->items[1].id, "");
  EXPECT_EQ(request->items[2].id, "");
}

TEST(BulkJson, RefusesByNameOfTheMember) {
  struct Row {
    const char* name;
    json body;
    std::string_view begins;
  };
  const json item{{"registrationId", "a"}};
  for (const Row& row : std::vector<Row>{
           {"no mode", {{"enrollments", json::array({item})}}, "mode: is missing"},
           {"unknown mode",
            {{"mode", "upsert"}, {"enrollments", json::array({item})}},
            "mode: \"upsert\" found"},
           {"no list", {{"mode", "create"}}, "enrollments: is missing"},
           {"the other list",
            {{"mode", "create"}, {"enrollmentGroups", json::array({item})}},
            "enrollments: is missing"},
           {"no array", {{"mode", "create"}, {"enrollments", 1}}, "enrollments: an array"},
           {"empty",
            {{"mode", "create"}, {"enrollments", json::array()}},
            "enrollments: 0 items found, 1 to 10"},
           {"eleven", {{"mode", "create"}, {"enrollments", json(11, item)}}, "enrollments: 11 items found"},
       }) {
    const auto request = parse_bulk(row.body.dump(), kNames);
    ASSERT_FALSE(request) << row.name;
    EXPECT_EQ(request.error().code(), ErrorCode::field_invalid) << row.name;
    EXPECT_TRUE(request.error().reason().starts_with(row.begins))
        << row.name << ": " << request.error().reason();
  }
  EXPECT_EQ(parse_bulk("[]", kNames).error().code(), ErrorCode::request_malformed);
}

TEST(BulkJson, ResultsNameEachItemThatFailed) {
  EXPECT_EQ(format_bulk_result({}, kNames), R"({"isSuccessful":true,"errors":[]})");
  const std::vector faults{BulkFault{"a", 409201, Error{ErrorCode::resource_exists, "it is there"}}};
  const auto result = json::parse(format_bulk_result(faults, kNames));
  EXPECT_EQ(result["isSuccessful"], false);
  EXPECT_EQ(result["errors"][0]["registrationId"], "a");
  EXPECT_EQ(result["errors"][0]["errorCode"], 409201);
  EXPECT_NE(result["errors"][0]["errorStatus"].get<std::string>().find("MU-4003"), std::string::npos);
  EXPECT_NE(result["errors"][0]["errorStatus"].get<std::string>().find("it is there"), std::string::npos);
}

TEST(EnrollmentQuery, IsOpaqueUnlessItHasACondition) {
  struct Row {
    const char* text;
    bool taken;
    const char* source;
  };
  for (const Row& row : std::vector<Row>{
           {"SELECT *", true, "SDK samples, service/02 section 2.2"},
           {"SELECT * FROM enrollments", true, "SDK samples"},
           {"{'additional_properties': {}, 'query': 'SELECT *'}", true, "az 0.25, service/02 section 2.2"},
           {"", true, "opaque"},
           {"wherever", true, "opaque"},
           {"SELECT * WHERE provisioningStatus = 'disabled'", false, "would be answered wrongly"},
           {"select  *\nfrom enrollments\nWhere a=1", false, "would be answered wrongly"},
           {"{'query': 'SELECT * WHERE a = 1'}", false, "az's wrapping changes nothing"},
       }) {
    const auto checked = check_enrollment_query(json{{"query", row.text}}.dump());
    EXPECT_EQ(checked.has_value(), row.taken) << row.text << ": " << row.source;
    if (!checked) {
      EXPECT_EQ(checked.error().code(), ErrorCode::query_invalid) << row.text;
    }
  }
  EXPECT_TRUE(check_enrollment_query(""));
  EXPECT_EQ(check_enrollment_query("{").error().code(), ErrorCode::request_malformed);
  EXPECT_EQ(check_enrollment_query("{}").error().reason(), "query: is missing");
  EXPECT_EQ(check_enrollment_query(json{{"query", std::string(8193, 'x')}}.dump()).error().code(),
            ErrorCode::field_invalid);
}

}  // namespace
}  // namespace muster::rest
