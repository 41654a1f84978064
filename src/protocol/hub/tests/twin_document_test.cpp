#include "protocol/hub/twin_document.hpp"

#include "protocol/hub/twin_rules.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace muster::hub {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const WallTime kMade = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};
const WallTime kLater = kMade + std::chrono::seconds{90};
constexpr std::string_view kMadeText = "2026-03-01T00:00:00.0000000Z";
constexpr std::string_view kLaterText = "2026-03-01T00:01:30.0000000Z";

Twin twin_with(std::string_view desired) {
  const std::string initial = fmt::format(R"({{"properties":{{"desired":{}}}}})", desired);
  return *make_initial_twin(*ServiceName::parse("hub"), *DeviceId::parse("d"), initial, kMade);
}

ChangedTwin patched(Twin twin, std::string_view desired) {
  const auto change = parse_twin_patch(fmt::format(R"({{"properties":{{"desired":{}}}}})", desired));
  EXPECT_TRUE(change) << change.error().reason();
  return *apply(std::move(twin), *change, kLater);
}

/// protocol/service/04 section 4.4: PATCH is a JSON merge.
struct MergeRow {
  const char* name;
  const char* before;
  const char* patch;
  const char* after;
};
class TwinMerge : public testing::TestWithParam<MergeRow> {};
TEST_P(TwinMerge, IsAsDocumented) {
  const auto& row = GetParam();
  const ChangedTwin changed = patched(twin_with(row.before), row.patch);
  EXPECT_EQ(json::parse(changed.twin.desired_json), json::parse(row.after));
  EXPECT_EQ(changed.twin.desired_version, 2);
  EXPECT_EQ(json::parse(changed.desired_patch)["$version"], 2);
}
INSTANTIATE_TEST_SUITE_P(
    Rows, TwinMerge,
    testing::Values(
        MergeRow{"adds", R"({"a":1})", R"({"b":2})", R"({"a":1,"b":2})"},
        MergeRow{"replaces_a_value", R"({"a":1})", R"({"a":"x"})", R"({"a":"x"})"},
        MergeRow{"merges_objects", R"({"a":{"b":1,"c":2}})", R"({"a":{"c":3}})", R"({"a":{"b":1,"c":3}})"},
        MergeRow{"null_deletes", R"({"a":1,"b":2})", R"({"a":null})", R"({"b":2})"},
        MergeRow{"null_deletes_inside", R"({"a":{"b":1,"c":2}})", R"({"a":{"b":null}})", R"({"a":{"c":2}})"},
        MergeRow{"the_last_member_leaves_an_object", R"({"a":{"b":1}})", R"({"a":{"b":null}})",
                 R"({"a":{}})"},
        MergeRow{"null_of_what_is_not_there", "{}", R"({"a":null})", "{}"},
        MergeRow{"null_in_a_new_object_is_not_stored", "{}", R"({"a":{"b":null,"c":1}})", R"({"a":{"c":1}})"},
        MergeRow{"arrays_are_replaced", R"({"a":[1,2,3]})", R"({"a":[4]})", R"({"a":[4]})"},
        MergeRow{"an_object_takes_a_values_place", R"({"a":1})", R"({"a":{"b":1}})", R"({"a":{"b":1}})"},
        MergeRow{"a_value_takes_an_objects_place", R"({"a":{"b":1}})", R"({"a":1})", R"({"a":1})"},
        MergeRow{"versions_that_are_sent_back", R"({"a":1})", R"({"a":2,"$version":9,"$metadata":{}})",
                 R"({"a":2})"},
        MergeRow{"names_are_case_sensitive", R"({"a":1})", R"({"A":2})", R"({"a":1,"A":2})"},
        MergeRow{"nothing", R"({"a":1})", "{}", R"({"a":1})"}),
    [](const auto& row) { return row.param.name; });

TEST(TwinDocument, ANewOneHasTheDocumentedVersions) {
  const Twin twin = twin_with(R"({"a":{"b":1}})");
  EXPECT_EQ(twin.version, 2);
  EXPECT_EQ(twin.desired_version, 1);
  EXPECT_EQ(twin.reported_version, 1);
  EXPECT_EQ(
      json::parse(twin.desired_metadata_json),
      json::parse(fmt::format(R"({{"$lastUpdated":"{0}","$lastUpdatedVersion":1,"a":{{"$lastUpdated":"{0}",
      "$lastUpdatedVersion":1,"b":{{"$lastUpdated":"{0}","$lastUpdatedVersion":1}}}}}})",
                              kMadeText)));
  EXPECT_EQ(json::parse(twin.reported_metadata_json), json({{"$lastUpdated", kMadeText}}));
}

TEST(TwinDocument, MetadataMarksTheWayToAChangeAndNothingElse) {
  const ChangedTwin changed =
      patched(twin_with(R"({"a":{"b":1,"c":2},"d":3,"e":4})"), R"({"a":{"c":5},"e":null})");
  const json metadata = json::parse(changed.twin.desired_metadata_json);
  for (const json* node : {&metadata, &metadata["a"], &metadata["a"]["c"]}) {
    EXPECT_EQ((*node)["$lastUpdated"], kLaterText);
    EXPECT_EQ((*node)["$lastUpdatedVersion"], 2);
  }
  for (const json* node : {&metadata["a"]["b"], &metadata["d"]}) {
    EXPECT_EQ((*node)["$lastUpdated"], kMadeText);
    EXPECT_EQ((*node)["$lastUpdatedVersion"], 1);
  }
  EXPECT_FALSE(metadata.contains("e"));
}

TEST(TwinDocument, ReportedPropertiesHaveNoLastUpdatedVersion) {
  const auto changed = *apply(twin_with("{}"), *parse_reported_patch(R"({"a":{"b":1}})"), kLater);
  EXPECT_EQ(changed.twin.reported_version, 2);
  EXPECT_EQ(changed.twin.desired_version, 1);
  EXPECT_EQ(changed.twin.etag, 1) << "moves on tags and desired writes only (section 4.2)";
  EXPECT_TRUE(changed.desired_patch.empty());
  const json metadata = json::parse(changed.twin.reported_metadata_json);
  EXPECT_EQ(metadata["a"]["b"], json({{"$lastUpdated", kLaterText}}));
}

TEST(TwinDocument, TagsMoveTheEtagAndNoPropertyVersion) {
  const auto changed = *apply(twin_with(R"({"a":1})"), *parse_twin_patch(R"({"tags":{"room":4}})"), kLater);
  EXPECT_EQ(changed.twin.tags_json, R"({"room":4})");
  EXPECT_EQ(changed.twin.etag, 2);
  EXPECT_EQ(changed.twin.desired_version, 1);
  EXPECT_TRUE(changed.desired_patch.empty()) << "a device does not hear of its tags";
  const auto cleared = *apply(changed.twin, *parse_twin_patch(R"({"tags":null})"), kLater);
  EXPECT_EQ(cleared.twin.tags_json, "{}");
}

TEST(TwinDocument, AReplacementReplacesTagsAndDesiredAndLeavesReported) {
  Twin twin =
      apply(twin_with(R"({"a":{"b":1,"c":2},"d":3})"), *parse_reported_patch(R"({"r":1})"), kMade)->twin;
  twin.tags_json = R"({"old":1})";
  const auto change = parse_twin_replacement(
      R"({"deviceId":"d","etag":"x","properties":{"desired":{"a":{"c":4},"n":null},"reported":{"r":9}}})");
  const auto changed = *apply(twin, *change, kLater);
  EXPECT_EQ(changed.twin.tags_json, "{}");
  EXPECT_EQ(changed.twin.desired_json, R"({"a":{"c":4}})");
  EXPECT_EQ(changed.twin.reported_json, R"({"r":1})");
  EXPECT_EQ(changed.twin.reported_version, twin.reported_version);
  EXPECT_EQ(json::parse(changed.desired_patch),
            json::parse(R"({"a":{"b":null,"c":4},"d":null,"$version":2})"))
      << "merging it leads from the old properties to the new ones";
}

/// protocol/service/04 section 4.4, device/06 section 2; Azure's page on twins for depth and integers.
std::string nested(int levels) {
  std::string text = "1";
  for (int i = 0; i < levels; ++i) text = fmt::format(R"({{"k":{}}})", text);
  return text;
}
struct RuleRow {
  const char* name;
  std::string reported;
  const char* fault;  ///< Empty: accepted.
};
class TwinRules : public testing::TestWithParam<RuleRow> {};
TEST_P(TwinRules, Hold) {
  const auto& row = GetParam();
  const auto change = parse_reported_patch(row.reported);
  EXPECT_EQ(change.has_value(), *row.fault == '\0') << (change ? "accepted" : change.error().reason());
  if (change) return;
  EXPECT_THAT(change.error().reason(), HasSubstr(row.fault));
}
INSTANTIATE_TEST_SUITE_P(
    Rows, TwinRules,
    testing::Values(
        RuleRow{"ten_levels", nested(11), ""},
        RuleRow{"eleven_levels", nested(12), "nested deeper than 10 levels"},
        RuleRow{"eleven_levels_by_an_array", R"({"a":[[[[[[[[[[[1]]]]]]]]]]]})",
                "nested deeper than 10 levels"},
        RuleRow{"key_with_dot", R"({"a.b":1})", "properties.reported.a.b: the key holds one of"},
        RuleRow{"key_with_dollar", R"({"x":{"$b":1}})", "properties.reported.x.$b: the key holds one of"},
        RuleRow{"key_with_space", R"({"a b":1})", "a space"},
        RuleRow{"key_with_hash", R"({"a#":1})", "the key holds one of"},
        RuleRow{"key_with_control", "{\"a\\u0007\":1}", "control character"},
        RuleRow{"key_with_c1", "{\"a\\u0085\":1}", "control character"},
        RuleRow{"key_in_other_script", "{\"\xC3\xA4\":1}", ""},
        RuleRow{"empty_key", R"({"":1})", "empty key"},
        RuleRow{"longest_key", fmt::format(R"({{"{}":1}})", std::string(1024, 'k')), ""},
        RuleRow{"longer_key", fmt::format(R"({{"{}":1}})", std::string(1025, 'k')), "longer than 1024 bytes"},
        RuleRow{"longest_string", fmt::format(R"({{"a":"{}"}})", std::string(4096, 's')), ""},
        RuleRow{"longer_string", fmt::format(R"({{"a":"{}"}})", std::string(4097, 's')), "longer than 4096"},
        RuleRow{"greatest_integer", R"({"a":4503599627370495})", ""},
        RuleRow{"greater_integer", R"({"a":4503599627370496})", "beyond 2^52-1"},
        RuleRow{"least_integer", R"({"a":-4503599627370496})", ""},
        RuleRow{"lesser_integer", R"({"a":-4503599627370497})", "beyond -2^52"},
        RuleRow{"null_in_an_array", R"({"a":[1,null]})", "properties.reported.a[]: null is not allowed"},
        RuleRow{"bad_key_in_an_array", R"({"a":[{"b.c":1}]})", "properties.reported.a[].b.c"},
        RuleRow{"no_object", "[1]", "an object is wanted"}, RuleRow{"no_json", "{", "not JSON"},
        RuleRow{"empty", "", "not JSON"}, RuleRow{"not_utf8", "{\"a\":\"\xFF\"}", "not JSON"},
        RuleRow{"number_out_of_range", R"({"a":1e999})", "not JSON"}),
    [](const auto& row) { return row.param.name; });

TEST(TwinRules, CountAsDocumented) {
  // device/06 section 2: keys and values counted, numbers 8 bytes, booleans 4.
  EXPECT_EQ(counted_size(json::parse(R"({"ab":1,"c":true,"d":"xyz","e":{"f":1.5},"g":[1,false]})")),
            (2 + 8) + (1 + 4) + (1 + 3) + (1 + 1 + 8) + (1 + 8 + 4u));
}

TEST(TwinRules, AnUpdateThatWouldMakeASectionTooLargeChangesNothing) {
  Twin twin = twin_with("{}");
  const auto piece = [](char name) {
    return *parse_reported_patch(fmt::format(R"({{"{}":"{}"}})", name, std::string(4095, 's')));
  };
  for (const char name : {'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'})
    twin = apply(twin, piece(name), kLater)->twin;
  const auto refused = apply(twin, *parse_reported_patch(R"({"i":true})"), kLater);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::message_too_large);
  EXPECT_EQ(refused.error().reason(), "properties.reported would count 32773 bytes, 32768 allowed");
  EXPECT_TRUE(apply(twin, *parse_reported_patch(R"({"a":null,"i":true})"), kLater));
  std::string tags = R"({"tags":{)";
  for (int i = 0; i < 2; ++i) tags += fmt::format(R"("t{}":"{}",)", i, std::string(4096, 's'));
  EXPECT_FALSE(apply(twin, *parse_twin_patch(tags + R"("t":1}})"), kLater)) << "tags have 8 KB";
}

TEST(TwinDocument, WhatDevicesSeeIsReadBack) {
  Twin twin = patched(twin_with(R"({"a":1})"), R"({"b":{"c":null,"d":2}})").twin;
  twin.tags_json = R"({"t":1})";
  const auto view = parse_device_view(format_device_view(twin));
  ASSERT_TRUE(view);
  EXPECT_EQ(view->desired_json, R"({"a":1,"b":{"d":2}})");
  EXPECT_EQ(view->desired_version, 2);
  EXPECT_EQ(view->reported_json, "{}");
  EXPECT_EQ(view->reported_version, 1);
  const auto patch = parse_desired_patch(patched(twin, R"({"a":null})").desired_patch);
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->json, R"({"a":null})");
  EXPECT_EQ(patch->version, 3);
  for (const char* bad :
       {"", "[]", "{}", R"({"desired":1})", R"({"desired":{},"reported":{"$version":1}})"}) {
    EXPECT_FALSE(parse_device_view(bad)) << bad;
    EXPECT_FALSE(parse_desired_patch(bad)) << bad;
  }
}

TEST(TwinDocument, ARefusalIsJsonWhateverItSays) {
  const std::string body = format_twin_error(400004, "a \"key\" of \xFF", "track", kMade);
  EXPECT_EQ(json::parse(body)["errorCode"], 400004);
  EXPECT_EQ(json::parse(body)["trackingId"], "track");
  EXPECT_THAT(describe_twin_error(body), HasSubstr("errorCode 400004, a \"key\""));
  EXPECT_EQ(describe_twin_error("<html>"), "the service said no more");
}

}  // namespace
}  // namespace muster::hub
