#include "server/config.hpp"

#include "base/bytes.hpp"
#include "server/config_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::server {
namespace {

TEST(Config, DefaultsHoldWhereNobodySaysOtherwise) {
  const auto loaded = load_config({});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.mqtt_port, 8883);
  EXPECT_EQ(loaded->origin_of("mqtt_port"), Origin::default_value);
}

TEST(Config, EveryDefaultObeysItsOwnRule) {
  const Config defaults;
  for (const ConfigKey& key : config_keys()) {
    Config copy;
    EXPECT_TRUE(key.set(copy, key.get(defaults))) << key.name;
    EXPECT_EQ(key.get(copy), key.get(defaults)) << key.name;
    EXPECT_FALSE(key.help.empty() || key.wanted.empty()) << key.name;
  }
}

TEST(Config, TheLaterSourceWins) {
  const auto loaded =
      load_config({.file_text = R"({"event_log": {"retention_hours": 1}, "shards": 1, "log.level": "debug"})",
                   .environment = {{"MUSTER_EVENT_LOG__RETENTION_HOURS", "2"}, {"MUSTER_SHARDS", "2"}},
                   .flags = {{"shards", "3"}}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.event_log.retention_hours, 2u);
  EXPECT_EQ(loaded->config.shards, 3u);
  EXPECT_EQ(loaded->config.log_level, log::Level::debug);
  EXPECT_EQ(loaded->origin_of("shards"), Origin::flag);
  EXPECT_EQ(loaded->origin_of("event_log.retention_hours"), Origin::environment);
  EXPECT_EQ(loaded->origin_of("log.level"), Origin::file);
}

TEST(Config, LatenciesAndPlacesAreObjectsInTheFileAndTextsElsewhere) {
  const auto loaded = load_config(
      {.file_text = R"({"dps": {"latency": {"Berlin": {"West Europe": 12}}}})",
       .environment = {{"MUSTER_DPS__PLACES", R"({"berlin": ["10.1.0.0/16", "2001:db8::/32"]})"}}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.dps.latency.at("berlin").at("westeurope"), 12u);
  EXPECT_EQ(loaded->config.dps.places.at("berlin").size(), 2u);
  EXPECT_EQ(loaded->origin_of("dps.latency"), Origin::file);
}

struct BadCase {
  std::string_view name, file, key, wanted;
  friend void PrintTo(const BadCase& c, std::ostream* out) { *out << c.name; }
};

constexpr BadCase kBadCases[] = {
    {"not_json", "{", "muster.json", "a JSON object"},
    {"not_an_object", "[1]", "muster.json", "a JSON object"},
    {"unknown_key", R"({"mqtt_prot": 1})", "mqtt_prot", "did you mean mqtt_port?"},
    {"unknown_section", R"({"events": {"x": 1}})", "events.x", "a known key"},
    {"port_zero", R"({"mqtt_port": 0})", "mqtt_port", "1 to 65535"},
    {"port_negative", R"({"mqtt_port": -1})", "mqtt_port", "1 to 65535"},
    {"port_too_high", R"({"mqtt_port": 65536})", "mqtt_port", "1 to 65535"},
    {"number_with_fraction", R"({"shards": 1.5})", "shards", "a whole number"},
    {"text_that_is_no_number", R"({"shards": "two"})", "shards", "a whole number"},
    {"not_a_power_of_two", R"({"event_log": {"segment_bytes": 1048577}})", "event_log.segment_bytes",
     "power of two"},
    {"latency_that_is_no_number", R"({"dps": {"latency": {"berlin": {"eastus": "x"}}}})", "dps.latency",
     "0 to 60000"},
    {"latency_without_locations", R"({"dps": {"latency": {"berlin": 7}}})", "dps.latency", "an object"},
    {"range_that_is_none", R"({"dps": {"places": {"berlin": ["10.1/16"]}}})", "dps.places", "10.1.0.0/16"},
    {"bytes_overflow", R"({"event_log": {"queue_bytes_max": "18446744073709551615GiB"}})",
     "event_log.queue_bytes_max", "bytes"},
    {"not_an_address", R"({"listen": ["localhost"]})", "listen", "IPv4 or IPv6"},
    {"no_address", R"({"listen": []})", "listen", "IPv4 or IPv6"},
    {"not_a_host", R"({"names": ["a b"]})", "names", "host names"},
    {"unknown_word", R"({"dps": {"identity_type": "CA"}})", "dps.identity_type",
     "selfSigned or certificateAuthority"},
    {"null", R"({"shards": null})", "shards", "a whole number"},
};

class BadConfigTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadConfigTest, IsOneProblemWithKeyAndWhatIsWanted) {
  const auto loaded = load_config({.file_text = std::string{GetParam().file}});
  ASSERT_FALSE(loaded);
  ASSERT_EQ(loaded.error().size(), 1u);
  EXPECT_EQ(loaded.error()[0].key, GetParam().key);
  EXPECT_THAT(loaded.error()[0].wanted, testing::HasSubstr(std::string{GetParam().wanted}));
  EXPECT_FALSE(loaded.error()[0].found.empty());
}

INSTANTIATE_TEST_SUITE_P(Config, BadConfigTest, testing::ValuesIn(kBadCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Config, NothingBehindANulIsPassedOver) {
  const auto loaded =
      load_config({.file_text = std::string{"{}\0{\"shards\": 1}", 16}, .environment = {}, .flags = {}});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error()[0].found, "a NUL at byte 3");
}

TEST(Config, ALongValueIsCutBetweenCharacters) {
  for (int before = 0; before < 2; ++before) {
    std::string text = R"({"log_level": ")" + std::string(static_cast<std::size_t>(before), 'x');
    for (int i = 0; i < 60; ++i) text += "\u00fc";
    const auto loaded = load_config({.file_text = text + "\"}", .environment = {}, .flags = {}});
    ASSERT_FALSE(loaded);
    EXPECT_TRUE(is_valid_utf8(as_bytes(loaded.error()[0].found))) << loaded.error()[0].found;
  }
}

TEST(Config, EveryProblemIsReportedAtOnce) {
  const auto loaded = load_config({.file_text = R"({"mqtt_port": 0, "shards": 99})",
                                   .environment = {{"MUSTER_EVENT_LOG__SEGMNT_BYTES", "1"}, {"THEIRS", "x"}},
                                   .flags = {{"log.level", "loud"}}});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().size(), 4u);
  const Error error = config_error(loaded.error());
  EXPECT_EQ(error.code(), ErrorCode::config_invalid);
  for (const std::string_view part : {"mqtt_port", "shards", "MUSTER_EVENT_LOG__SEGMNT_BYTES", "log.level"}) {
    EXPECT_THAT(error.reason(), testing::HasSubstr(std::string{part}));
  }
}

struct VariableCase {
  std::string_view name;
  std::string variable;
  std::string_view wanted;  ///< Empty: it is left alone.
};

const VariableCase kVariableCases[] = {
    {"nothing_near", "MUSTER_BOGUS", "`muster config show` lists the keys"},
    {"slip_without_section", "MUSTER_SHARD", "did you mean MUSTER_SHARDS?"},
    {"slip_in_a_section", "MUSTER_EVENT_LOG__SEGMNT_BYTES", "did you mean MUSTER_EVENT_LOG__SEGMENT_BYTES?"},
    {"the_worlds_folder", "MUSTER_DATA", ""},
    {"the_checks_own", "MUSTER_CHECK", ""},
    {"set_by_muster_run", "MUSTER_CA_BUNDLE", ""},
    {"another_programs", "MUSTERED", ""},
};

class VariableTest : public testing::TestWithParam<VariableCase> {};

TEST_P(VariableTest, IsRefusedWhenItLooksLikeOursAndIsNot) {
  const auto loaded = load_config({.environment = {{GetParam().variable, "1"}}});
  EXPECT_EQ(loaded.has_value(), GetParam().wanted.empty());
  if (loaded) return;
  ASSERT_EQ(loaded.error().size(), 1u);
  EXPECT_EQ(loaded.error()[0].key, GetParam().variable);
  EXPECT_THAT(loaded.error()[0].wanted, testing::HasSubstr(std::string{GetParam().wanted}));
}

INSTANTIATE_TEST_SUITE_P(Config, VariableTest, testing::ValuesIn(kVariableCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(Config, SizesMayHaveAUnit) {
  const auto loaded =
      load_config({.file_text = R"({"event_log": {"segment_bytes": "2 MiB", "queue_bytes_max": 2097152}})"});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.event_log.segment_bytes, 2u << 20);
  EXPECT_EQ(loaded->config.event_log.queue_bytes_max, 2u << 20);
}

TEST(Config, ListsMayBeOneTextWithCommas) {
  const auto loaded = load_config({.flags = {{"listen", "127.0.1.1,::1"}}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.listen, (std::vector<std::string>{"127.0.1.1", "::1"}));
}

}  // namespace
}  // namespace muster::server
