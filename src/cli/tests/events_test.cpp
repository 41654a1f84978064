#include "cli/duration.hpp"
#include "cli/event_stream.hpp"
#include "cli/event_view.hpp"

#include <gtest/gtest.h>

namespace muster::cli {
namespace {

constexpr std::string_view kStream =
    ": hello\r\n\r\nid: 0:128\r\ndata: {\"a\":1}\r\n\r\nid: 1:7\nevent: error\ndata: one\ndata: two\n\n\n";

TEST(EventStreamReader, ReadsTheSameEventsHoweverTheBytesArrive) {
  for (std::size_t piece = 1; piece <= kStream.size(); ++piece) {
    EventStreamReader reader;
    std::vector<StreamEvent> events;
    for (std::size_t at = 0; at < kStream.size(); at += piece) {
      const auto some = reader.push(kStream.substr(at, piece));
      ASSERT_TRUE(some);
      events.insert(events.end(), some->begin(), some->end());
    }
    ASSERT_EQ(events.size(), 2u) << "pieces of " << piece;
    EXPECT_EQ(events[0].id, "0:128");
    EXPECT_EQ(events[0].data, "{\"a\":1}");
    EXPECT_EQ(events[1].name, "error");
    EXPECT_EQ(events[1].data, "one\ntwo");
  }
}

TEST(EventStreamReader, AnEventWithoutEndIsRefused) {
  EventStreamReader reader;
  const std::string flood(1u << 20, 'x');
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(reader.push(flood));
  EXPECT_EQ(reader.push(flood).error().code(), ErrorCode::service_error);
}

const Json kSent =
    Json::parse(R"({"event": {"origin": "my-device-001", "module": "", "interface": "", "component": "",
  "properties": {"system": {"content_type": "x"}, "application": {"k": "v"}}, "annotations": {"seq": 1},
  "payload": {"temperature": 24.3, "humidity": 67.2}}, "sequenceNumber": 4})");

TEST(EventView, IsThePagesForm) {
  EXPECT_EQ(dump(event_view(kSent, {}, ""), 2),
            "{\n  \"event\": {\n    \"origin\": \"my-device-001\",\n    \"payload\": {\n"
            "      \"temperature\": 24.3,\n      \"humidity\": 67.2\n    }\n  }\n}");
}

TEST(EventView, ShowsWhatPropertiesAskFor) {
  const auto parts = parse_event_parts({"app", "anno"});
  ASSERT_TRUE(parts);
  const Json shown = event_view(kSent, *parts, "");
  EXPECT_EQ(text_at(shown, "event.properties.application.k"), "v");
  EXPECT_EQ(at_path(shown, "event.annotations.seq"), 1);
  EXPECT_TRUE(at_path(shown, "event.properties.system").is_null());
  EXPECT_EQ(parse_event_parts({"everything"}).error().code(), ErrorCode::usage);
}

TEST(EventView, APayloadIsTextWithAContentTypeOfText) {
  EXPECT_TRUE(at_path(event_view(kSent, {}, "text/plain"), "event.payload").is_string());
  const Json text = Json::parse(R"({"event": {"origin": "d", "payload": "{}"}})");
  EXPECT_EQ(at_path(event_view(text, {}, ""), "event.payload"), "{}")
      << "a JSON text is a text, whatever is in it";
}

TEST(EventView, ABodyThatIsNotTextIsShownAsBase64) {
  const Json sent = Json::parse(R"({"event": {"origin": "d"}, "bodyBase64": "/w=="})");
  EXPECT_EQ(dump(event_view(sent, {}, "")), R"({"event":{"origin":"d","bodyBase64":"/w=="}})");
}

struct GlobCase {
  std::string_view pattern, device;
  bool matches;
};
constexpr GlobCase kGlobs[] = {
    {"pump-07", "pump-07", true}, {"pump-*", "pump-07", true},   {"pump-0?", "pump-07", true},
    {"*07", "pump-07", true},     {"p*p*7", "pump-07", true},    {"pump-7", "pump-07", false},
    {"pump-?", "pump-07", false}, {"PUMP-07", "pump-07", false}, {"*", "", true}};

TEST(MatchesDevice, FollowsAzsWildcards) {
  for (const GlobCase& c : kGlobs) EXPECT_EQ(matches_device(c.pattern, c.device), c.matches) << c.pattern;
}

TEST(ParseDuration, TakesUnitsAndSeconds) {
  using std::chrono::milliseconds;
  EXPECT_EQ(parse_duration("10s"), milliseconds{10'000});
  EXPECT_EQ(parse_duration("500ms"), milliseconds{500});
  EXPECT_EQ(parse_duration("2m"), milliseconds{120'000});
  EXPECT_EQ(parse_duration("3"), milliseconds{3'000});
  for (const std::string_view bad : {"", "s", "-1s", "1.5s", "soon", "25h"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

}  // namespace
}  // namespace muster::cli
