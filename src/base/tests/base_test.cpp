#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "muster/ids.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(ErrorTable, EveryRowIsWholeAndItsIdComesBack) {
  std::set<std::string_view> titles;
  for (const ErrorInfo& row : all_errors()) {
    const std::string id = error_id(row.code);
    SCOPED_TRACE(id);
    EXPECT_FALSE(row.title.empty());
    EXPECT_FALSE(row.title.ends_with('.'));
    EXPECT_TRUE(row.cause.ends_with('.'));
    EXPECT_TRUE(row.remedy.ends_with('.'));
    EXPECT_GE(row.http_status, 400);
    EXPECT_LT(row.http_status, 600);
    EXPECT_EQ(parse_error_id(id), row.code);
    EXPECT_TRUE(titles.insert(row.title).second) << "two codes share a title";
  }
}

TEST(ErrorTable, RefusesIdsThatAreNone) {
  for (const auto* text : {"", "MU-", "MU-9999", "MU-2101x", "abc", "MU--1", "70000"}) {
    EXPECT_EQ(parse_error_id(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_error_id("2101"), ErrorCode::certificate_not_yet_valid);
}

TEST(ErrorValue, GainsContextOutermostFirstAndKeepsItsCode) {
  const Error error =
      Error{ErrorCode::certificate_expired, "leaf"}.within("judging").within("registering pump-07");
  EXPECT_EQ(error.reason(), "registering pump-07: judging: leaf");
  EXPECT_EQ(error.code(), ErrorCode::certificate_expired);
  EXPECT_EQ(Error(error).with_remedy("do this").remedy(), "do this");
}

Result<int> half(int n) {
  if (n % 2 != 0) return failure(ErrorCode::field_invalid, "odd");
  return n / 2;
}
Result<int> quarter(int n) {
  MUSTER_TRY(const int once, half(n));
  MUSTER_CHECK(half(once));
  return once / 2;
}
TEST(ResultMacros, ReturnTheFirstFailure) {
  EXPECT_EQ(*quarter(12), 3);
  EXPECT_EQ(quarter(6).error().reason(), "odd");
  EXPECT_EQ(quarter(7).error().code(), ErrorCode::field_invalid);
}

struct IdCase {
  std::string_view text;
  bool valid;
};
TEST(RegistrationIdGrammar, AcceptsWhatDpsDocuments) {
  const std::string longest(128, 'a');
  for (const auto& [text, valid] : std::vector<IdCase>{{"my-device-001", true},
                                                       {"a", true},
                                                       {"sn-007:x_y.z-", true},
                                                       {longest, true},
                                                       {"", false},
                                                       {"a.", false},
                                                       {"a:", false},
                                                       {"a b", false},
                                                       {"a/b", false},
                                                       {"\xC3\xA4", false}}) {
    EXPECT_EQ(RegistrationId::parse(text).has_value(), valid) << text;
  }
  EXPECT_FALSE(RegistrationId::parse(longest + "a"));
}

TEST(Ids, FoldWhereTheGrammarFoldsAndKeepTheFirstSpelling) {
  const auto upper = *RegistrationId::parse("My-Device");
  EXPECT_EQ(upper, *RegistrationId::parse("my-device"));
  EXPECT_EQ(upper.str(), "My-Device");
  EXPECT_EQ(upper.key(), "my-device");
  EXPECT_EQ(std::hash<RegistrationId>{}(upper),
            std::hash<RegistrationId>{}(*RegistrationId::parse("MY-DEVICE")));
  EXPECT_FALSE(*DeviceId::parse("A") == *DeviceId::parse("a"));
}

struct Base64Case {
  std::string_view plain, coded;
};
TEST(Base64, FollowsTheVectorsOfRfc4648) {
  for (const auto& [plain, coded] : std::vector<Base64Case>{{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(as_bytes(plain)), coded);
    EXPECT_EQ(as_text(*from_base64(coded)), plain);
  }
  for (const auto* bad : {"Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm 9", "====", "Zm9v\n"}) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
}

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(to_hex_upper(*from_hex("00ffAb")), "00FFAB");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

struct Utf8Case {
  std::string_view name, bytes;
  bool valid;
};
TEST(Utf8, AcceptsExactlyTheWellFormed) {
  for (const auto& [name, bytes, valid] :
       std::vector<Utf8Case>{{"ascii", "abc", true},
                             {"two", "\xC3\xA4", true},
                             {"three", "\xE2\x82\xAC", true},
                             {"four", "\xF0\x9F\x98\x80", true},
                             {"overlong two", "\xC0\xAF", false},
                             {"overlong three", "\xE0\x80\xAF", false},
                             {"overlong four", "\xF0\x80\x80\xAF", false},
                             {"surrogate", "\xED\xA0\x80", false},
                             {"beyond", "\xF4\x90\x80\x80", false},
                             {"lone continuation", "\x80", false},
                             {"cut short", "\xE2\x82", false},
                             {"five bytes", "\xF8\x88\x80\x80\x80", false}}) {
    EXPECT_EQ(is_valid_utf8(as_bytes(bytes)), valid) << name;
  }
}

TEST(SeededRandom, RepeatsItselfAndStaysBelowTheBound) {
  const auto a = make_seeded_random(7);
  const auto b = make_seeded_random(7);
  for (int i = 0; i < 100; ++i) {
    const auto value = a->below(10);
    EXPECT_LT(value, 10u);
    EXPECT_EQ(value, b->below(10));
  }
  EXPECT_EQ(random_uuid(*a), random_uuid(*b));
  EXPECT_NE(random_uuid(*a), random_uuid(*a));
}

TEST(Uuid, HasVersionAndVariant) {
  const std::string id = random_uuid(*make_system_random());
  ASSERT_EQ(id.size(), 36u);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(std::string_view{"89ab"}.find(id[19]), std::string_view::npos);
}

TEST(TimeText, HasSevenFractionalDigits) {
  const WallTime time{std::chrono::microseconds{1769000000123456}};
  EXPECT_EQ(format_utc_7(time), "2026-01-21T12:53:20.1234560Z");
  EXPECT_EQ(format_utc(time), "2026-01-21T12:53:20Z");
}

TEST(TestClock, RunsWhatFallsDueInOrderAtItsOwnTime) {
  TestClock clock{WallTime{}};
  std::vector<std::pair<int, std::chrono::nanoseconds>> ran;
  const auto note = [&](int n) { return [&, n] { ran.emplace_back(n, clock.steady().time_since_epoch()); }; };
  clock.call_at(SteadyTime{} + 2s, note(2));
  clock.call_at(SteadyTime{} + 1s, note(1));
  const auto cancelled = clock.call_at(SteadyTime{} + 1s, note(9));
  clock.call_at(SteadyTime{} + 1s, [&] {
    note(3)();
    clock.call_at(SteadyTime{} + 1500ms, note(4));
  });
  clock.call_at(SteadyTime{} + 10s, note(5));
  clock.cancel(cancelled);
  clock.advance(5s);
  EXPECT_THAT(
      ran, testing::ElementsAre(std::pair{1, 1s}, std::pair{3, 1s}, std::pair{4, 1500ms}, std::pair{2, 2s}));
  EXPECT_EQ(clock.wall(), WallTime{} + 5s);
}

TEST(TestClock, AJumpOfTheWallMovesNoTimer) {
  TestClock clock{WallTime{}};
  bool ran = false;
  clock.call_at(SteadyTime{} + 1s, [&] { ran = true; });
  clock.jump_wall(1h);
  EXPECT_FALSE(ran);
  EXPECT_EQ(clock.wall(), WallTime{} + 1h);
  EXPECT_EQ(clock.steady(), SteadyTime{});
}

TEST(SystemClock, CancelledActionsDoNotRun) {
  const auto clock = make_system_clock();
  const auto id = clock->call_at(clock->steady() + 1h, [] { FAIL(); });
  clock->cancel(id);
}

TEST(LogField, QuotesWhatCouldForgeALine) {
  EXPECT_EQ(log::field("pump-07"), "pump-07");
  EXPECT_EQ(log::field(""), "\"\"");
  EXPECT_EQ(log::field("a b"), "\"a b\"");
  EXPECT_EQ(log::field("x\ncode=MU-1"), "\"x\\x0acode=MU-1\"");
  EXPECT_EQ(log::field("say \"hi\""), "\"say \\\"hi\\\"\"");
}

}  // namespace
}  // namespace muster
