#include "base/bytes.hpp"
#include "protocol/rest/device_json.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/host.hpp"
#include "protocol/rest/journal_json.hpp"
#include "protocol/rest/problem.hpp"
#include "protocol/rest/timestamp.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace muster::rest {
namespace {

using namespace std::chrono_literals;
constexpr WallTime kNoon =
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + 12h + 34min + 56s + 123456us;

TEST(Etag, IfMatchIsReadInEveryFormThatClientsSend) {
  struct Row {
    const char* name;
    std::optional<std::string_view> header;
    IfMatch::Kind kind;
    const char* tag;
  };
  const std::vector<Row> rows{
      {"absent", std::nullopt, IfMatch::Kind::absent, ""},
      {"empty is absent", "", IfMatch::Kind::absent, ""},
      {"DPS CLI: bare star", "*", IfMatch::Kind::any, ""},
      {"hub CLI, Node, .NET: quoted star", "\"*\"", IfMatch::Kind::any, ""},
      {"bare", "AAA=", IfMatch::Kind::tag, "AAA="},
      {"quoted", "\"AAA=\"", IfMatch::Kind::tag, "AAA="},
      {"weak", "W/\"AAA=\"", IfMatch::Kind::tag, "AAA="},
      {"spaces around", "  \"AAA=\" ", IfMatch::Kind::tag, "AAA="},
      {"one quote is part of it", "\"AAA", IfMatch::Kind::tag, "\"AAA"},
  };
  for (const auto& row : rows) {
    const auto read = parse_if_match(row.header);
    EXPECT_EQ(read.kind, row.kind) << row.name;
    EXPECT_EQ(read.tag, row.tag) << row.name;
  }
}

TEST(Etag, MatchingIgnoresQuotesOnBothSides) {
  EXPECT_TRUE(matches(parse_if_match("*"), "x"));
  EXPECT_TRUE(matches(parse_if_match("\"x\""), "x"));
  EXPECT_TRUE(matches(parse_if_match("x"), "\"x\""));
  EXPECT_FALSE(matches(parse_if_match("y"), "x"));
  EXPECT_FALSE(matches(parse_if_match("\"x\", \"y\""), "x")) << "lists are not part of the APIs";
  EXPECT_FALSE(matches(parse_if_match(std::nullopt), "x"));
}

DeviceIdentity device() {
  DeviceIdentity identity{*ServiceName::parse("my-hub"),
                          *DeviceId::parse("pump-07"),
                          "638412",
                          true,
                          "",
                          kNoon,
                          {},
                          false,
                          "",
                          {},
                          kNoon,
                          3};
  return identity;
}

TEST(Etag, FormsAreThoseOfEachApi) {
  auto identity = device();
  const auto bytes = from_base64(device_etag(identity));
  ASSERT_TRUE(bytes) << "service/04 section 4.2: base64 of decimal digits, without quotes";
  EXPECT_EQ(as_text(*bytes).find_first_not_of("0123456789"), std::string_view::npos);
  const auto first = device_etag(identity);
  identity.version = 4;
  EXPECT_NE(device_etag(identity), first);
  identity.version = 3;
  identity.generation_id = "638413";
  EXPECT_NE(device_etag(identity), first) << "made anew";

  Twin twin{identity.hub, identity.id};
  EXPECT_EQ(twin_etag(twin), "AAAAAAAAAAE=") << "service/04: base64 of 8 bytes, big-endian";
  const auto dps = dps_etag(kNoon, 2);
  EXPECT_TRUE(dps.starts_with('"') && dps.ends_with('"'))
      << "service/02: the quotes are part of the body's tag";
  EXPECT_EQ(quoted_etag(dps), dps);
  EXPECT_EQ(quoted_etag("x"), "\"x\"");
}

TEST(Timestamp, FormatsAreThoseOfTheApis) {
  EXPECT_EQ(format_rfc1123(kNoon), "Wed, 25 Nov 2026 12:34:56 GMT");
  EXPECT_EQ(format_us_date(kNoon), "11/25/2026 12:34:56");
}

TEST(Timestamp, ParsesWhatPeopleAndClientsWrite) {
  const std::vector<std::pair<std::string_view, std::optional<WallTime>>> rows{
      {"2026-11-25T12:34:56.123456Z", kNoon},
      {"2026-11-25T12:34:56.1234560Z", kNoon},
      {"2026-11-25 12:34:56.123456", kNoon},
      {"2026-11-25T14:34:56.123456+02:00", kNoon},
      {"2026-11-25T10:04:56.123456-0230", kNoon},
      {"2026-11-25", std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}},
      {"2026-02-30", std::nullopt},
      {"2026-11-25T24:00:00Z", std::nullopt},
      {"2026-11-25T12:34", std::nullopt},
      {"2026-11-25T12:34:56.Z", std::nullopt},
      {"2026-11-25T12:34:56Zx", std::nullopt},
      {"-026-11-25", std::nullopt},
      {"", std::nullopt},
      {"latest", std::nullopt},
  };
  for (const auto& [text, wanted] : rows) EXPECT_EQ(parse_utc(text), wanted) << text;
}

TEST(Host, NamesTheService) {
  EXPECT_EQ(hub_of_host("My-Hub.Azure-Devices.net")->str(), "My-Hub");
  EXPECT_EQ(dps_of_host("my-dps.azure-devices-provisioning.net")->str(), "my-dps");
  EXPECT_FALSE(hub_of_host("azure-devices.net"));
  EXPECT_FALSE(hub_of_host(".azure-devices.net"));
  EXPECT_FALSE(hub_of_host("a.b.azure-devices.net")) << "a dot is not in a name";
  EXPECT_FALSE(hub_of_host("my-dps.azure-devices-provisioning.net"));
  EXPECT_FALSE(dps_of_host("global.azure-devices-provisioning.net")) << "serves devices only";
  EXPECT_EQ(without_port("h:443"), "h");
  EXPECT_EQ(without_port("[::1]:443"), "[::1]");
}

TEST(Problem, EachApiHasItsOwnBodyAndOursBeside) {
  const Error error{ErrorCode::ca_not_verified, "my-ca; not verified"};
  const Problem problem{error, "abc123", kNoon};

  const auto dps = nlohmann::json::parse(format_dps_problem(problem, 400207));
  EXPECT_EQ(dps["errorCode"], 400207);
  EXPECT_EQ(dps["trackingId"], "abc123");
  EXPECT_EQ(dps["timestampUtc"], "2026-11-25T12:34:56.1234560Z");

  const auto hub = nlohmann::json::parse(format_hub_problem(problem, "ArgumentInvalid"));
  const auto message = hub["Message"].get<std::string>();
  EXPECT_TRUE(message.starts_with("ErrorCode:ArgumentInvalid;")) << message;
  EXPECT_EQ(message.find(';'), message.rfind(';')) << "SDKs split at semicolons: " << message;
  EXPECT_EQ(hub["ExceptionMessage"], "Tracking ID:abc123-G:0-TimeStamp:11/25/2026 12:34:56");

  const auto arm = nlohmann::json::parse(format_arm_problem(problem, 400, "BadRequest"));
  EXPECT_EQ(arm["code"], "BadRequest");
  EXPECT_EQ(arm["httpStatusCode"], "400");
  EXPECT_EQ(arm["error"]["code"], "BadRequest");

  for (const auto& body : {dps, hub, arm, nlohmann::json::parse(format_muster_problem(problem))}) {
    EXPECT_EQ(body["musterCode"], "MU-2003");
    EXPECT_EQ(body["reason"], "my-ca; not verified");
    EXPECT_EQ(body["remedy"], error.remedy());
  }
}

TEST(Problem, TextThatIsNotUtf8IsStillJson) {
  const Error error{ErrorCode::field_invalid, "bad \xFF byte"};
  EXPECT_TRUE(nlohmann::json::accept(format_muster_problem({error, "", kNoon})));
}

TEST(JournalJson, ShowsCodeAndTitleWhereThereIsACode) {
  JournalRow row;
  row.number = 7;
  row.kind = "refused";
  row.subject = "pump-07";
  row.code = ErrorCode::certificate_expired;
  JournalRow plain;
  plain.kind = "connected";
  const auto body = nlohmann::json::parse(format_journal(std::vector{row, plain}));
  EXPECT_EQ(body["value"][0]["musterCode"], "MU-2102");
  EXPECT_EQ(body["value"][0]["title"], error_info(ErrorCode::certificate_expired).title);
  EXPECT_TRUE(body["value"][1]["musterCode"].is_null());
  EXPECT_EQ(format_journal({}), R"({"value":[]})");
}

}  // namespace
}  // namespace muster::rest
