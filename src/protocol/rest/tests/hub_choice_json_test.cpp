#include "protocol/rest/enrollment_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace muster::rest {
namespace {

using nlohmann::json;

const ServiceName kDps = *ServiceName::parse("my-dps");
const EnrollmentGroupId kGroup = *EnrollmentGroupId::parse("my-group");
constexpr const char* kHub = "my-hub.azure-devices.net";
constexpr const char* kOther = "other.azure-devices.net";

json group_with(json members) {
  json body{{"enrollmentGroupId", "my-group"}, {"attestation", {{"type", "symmetricKey"}}}};
  body.update(members);
  return body;
}
Result<EnrollmentGroup> parse(const json& body, const EnrollmentGroup* existing = nullptr) {
  return parse_enrollment_group(body.dump(), kDps, kGroup, existing);
}
json webhook(const char* url, const char* version = "2019-03-31") {
  return {{"allocationPolicy", "custom"},
          {"customAllocationDefinition", {{"webhookUrl", url}, {"apiVersion", version}}}};
}

TEST(HubChoiceJson, WhatIsTakenIsShown) {
  struct Row {
    const char* name;
    json given, shown;
    const char* source;
  };
  for (const Row& row : std::vector<Row>{
           {"nothing", json::object(), json::object(), "service/02: the DPS instance's policy"},
           {"lowest latency",
            {{"allocationPolicy", "geoLatency"}, {"iotHubs", {kHub, kOther}}},
            {{"allocationPolicy", "geoLatency"}, {"iotHubs", {kHub, kOther}}},
            "service/02 section 2.3"},
           {"any case",
            {{"allocationPolicy", "GEOLATENCY"}},
            {{"allocationPolicy", "geoLatency"}},
            "ARM writes Pascal case"},
           {"custom", webhook("https://f.example/api?code=k"), webhook("https://f.example/api?code=k"),
            "service/02 section 2.6: a key is part of the URL"},
           {"a fixed hub",
            {{"iotHubHostName", kHub}},
            {{"allocationPolicy", "static"}, {"iotHubHostName", kHub}, {"iotHubs", {kHub}}},
            "service/02 section 2.5: static is iotHubHostName or iotHubs[0]"},
           {"both agree",
            {{"allocationPolicy", "static"}, {"iotHubHostName", kHub}, {"iotHubs", {kHub, kOther}}},
            {{"allocationPolicy", "static"}, {"iotHubs", {kHub, kOther}}},
            "service/02 section 2.5"},
           {"twice the same", {{"iotHubs", {kHub, kHub}}}, {{"iotHubs", {kHub}}}, "a set"},
           {"an empty host", {{"iotHubHostName", ""}}, json::object(), "as null"},
       }) {
    const auto group = parse(group_with(row.given));
    ASSERT_TRUE(group) << row.name << ": " << group.error().reason();
    const auto body = json::parse(format_enrollment_group(*group));
    for (const char* member :
         {"allocationPolicy", "iotHubs", "iotHubHostName", "customAllocationDefinition"}) {
      EXPECT_EQ(body.value(member, json{}), row.shown.value(member, json{}))
          << row.name << ", " << member << ": " << row.source;
    }
  }
}

TEST(HubChoiceJson, WhatCannotBeMeantIsRefusedByName) {
  struct Row {
    const char* name;
    json given;
    std::string_view begins;
  };
  for (const Row& row : std::vector<Row>{
           {"custom without webhook",
            {{"allocationPolicy", "custom"}},
            "customAllocationDefinition: is missing"},
           {"webhook without custom",
            {{"customAllocationDefinition", {{"webhookUrl", "https://x"}, {"apiVersion", "2019-03-31"}}}},
            "customAllocationDefinition: goes with allocationPolicy custom"},
           {"no URL",
            {{"allocationPolicy", "custom"}, {"customAllocationDefinition", {{"apiVersion", "2019-03-31"}}}},
            "customAllocationDefinition.webhookUrl: is missing"},
           {"no version",
            {{"allocationPolicy", "custom"}, {"customAllocationDefinition", {{"webhookUrl", "https://x"}}}},
            "customAllocationDefinition.apiVersion: is missing"},
           {"plain http", webhook("http://f.example/"), "customAllocationDefinition.webhookUrl: "},
           {"old version", webhook("https://x", "2018-04-01"), "customAllocationDefinition.apiVersion: "},
           {"they disagree",
            {{"iotHubHostName", kOther}, {"iotHubs", {kHub}}},
            "iotHubHostName: \"other.azure-devices.net\" is not among iotHubs"},
       }) {
    const auto group = parse(group_with(row.given));
    ASSERT_FALSE(group) << row.name;
    EXPECT_EQ(group.error().code(), ErrorCode::field_invalid) << row.name;
    EXPECT_TRUE(group.error().reason().starts_with(row.begins)) << row.name << ": " << group.error().reason();
  }
}

TEST(HubChoiceJson, AHostNameThatIsOnlyGivenBackDoesNotContradictNewHubs) {
  const auto stored = *parse(group_with({{"iotHubHostName", kHub}}));
  auto body = json::parse(format_enrollment_group(stored));
  body["iotHubs"] = {kOther};
  const auto moved = parse(body, &stored);
  ASSERT_TRUE(moved) << moved.error().reason();
  EXPECT_EQ(moved->settings.hubs.at(0).str(), "other");
}

/// What is said of a webhook; empty when it is taken.
std::string fault_of(const std::string& url, const char* version) {
  const auto group = parse(group_with(webhook(url.c_str(), version)));
  return group ? std::string{} : group.error().reason();
}

TEST(HubChoiceJson, WebhookUrls) {
  struct Row {
    std::string url;
    bool taken;
    const char* why;
  };
  for (const Row& row : std::vector<Row>{
           {"https://f.azurewebsites.net/api/alloc?code=a%3D", true, "service/02 section 2.6"},
           {"HTTPS://f.example:8443", true, "schemes fold case"},
           {"http://localhost:7071/api", true, "this machine"},
           {"http://127.0.0.1/", true, "this machine"},
           {"http://[::1]:7071/x", true, "this machine"},
           {"http://10.0.0.1/", false, "device data in the clear"},
           {"http://127.0.0.1.example.com/", false, "only begins like loopback"},
           {"http://localhost.example/", false, "only begins like localhost"},
           {"http://localhost@evil.example/", false, "a user name"},
           {"ftp://f.example/", false, "no web"},
           {"f.example/x", false, "no scheme"},
           {"https://", false, "no host"},
           {"https:///path", false, "no host"},
           {"https://f.example:0/", false, "no port"},
           {"https://f.example:70000/", false, "no port"},
           {"https://f.example:80x/", false, "no port"},
           {"https://f.example/a b", false, "a space"},
           {"https://f.example/\r\nX: y", false, "a second header"},
           {"https://[::1/", false, "half a literal"},
           {"https://f.example/" + std::string(2048, 'a'), false, "too long"},
       }) {
    const auto fault = fault_of(row.url, "2019-03-31");
    EXPECT_EQ(fault.empty(), row.taken) << row.url << ", " << row.why << ": " << fault;
    if (!row.taken) {
      EXPECT_TRUE(fault.starts_with("customAllocationDefinition.webhookUrl: ")) << fault;
    }
  }
}

TEST(HubChoiceJson, WebhookVersions) {
  struct Row {
    const char* version;
    bool taken;
  };
  // service/02 section 2.3: from 2018-09-01-preview on.
  for (const Row& row :
       {Row{"2019-03-31", true}, Row{"2018-09-01-preview", true}, Row{"2021-10-01", true},
        Row{"2018-04-01", false}, Row{"", false}, Row{"latest", false}, Row{"2019-3-31", false},
        Row{"2019-03-31-beta", false}, Row{"2019-03-31-preview2", false}}) {
    EXPECT_EQ(fault_of("https://f.example", row.version).empty(), row.taken) << row.version;
  }
}

}  // namespace
}  // namespace muster::rest
