#include "simulator/device_config.hpp"

#include <gmock/gmock.h>

namespace muster::simulator {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// The tutorial's file as it stands (tutorial 07b, "Configuration File").
constexpr const char* kTutorial = R"({
  "provisioning_host": "global.azure-devices-provisioning.net",
  "id_scope": "0ne00123ABC",
  "registration_id": "my-device-001",
  "cert_file": "../certs/device/device.pem",
  "key_file": "../certs/device/device.key"
})";

DeviceConfigSources tutorial() { return {"world/device/config.json", kTutorial, {}, {}}; }
/// The tutorial's file with `more` members at its end.
DeviceConfigSources with(const std::string& more) {
  DeviceConfigSources sources = tutorial();
  sources.text.erase(sources.text.rfind('}'));
  sources.text += "," + more + "}";
  return sources;
}

TEST(DeviceConfig, TakesTheTutorialsFileAsItStands) {
  const auto config = load_device_config(tutorial());
  ASSERT_TRUE(config) << config.error().reason();
  EXPECT_EQ(config->provisioning_host, "global.azure-devices-provisioning.net");
  EXPECT_EQ(config->id_scope, "0ne00123ABC");
  EXPECT_EQ(config->registration_id, "my-device-001");
  EXPECT_EQ(config->cert_file, "../certs/device/device.pem") << "shown as written";
  EXPECT_EQ(config->cert_path, "world/device/../certs/device/device.pem") << "relative to the file";
  EXPECT_EQ(config->key_path, "world/device/../certs/device/device.key");
  EXPECT_EQ(config->ca_path, "");
  EXPECT_EQ(config->messages, 10U);
  EXPECT_EQ(config->interval, std::chrono::seconds{5});
  EXPECT_EQ(config->payload_json, "");
}

TEST(DeviceConfig, TakesWhatIsOptional) {
  const auto config = load_device_config(
      with(R"("key_passphrase": "p", "ca_file": "/ca.pem", "connect_to": "127.0.0.1:8884", "messages": 0,
              "interval_seconds": 0.5, "payload": {"a": [1, "ü"]})"));
  ASSERT_TRUE(config) << config.error().reason();
  EXPECT_EQ(config->key_passphrase, "p");
  EXPECT_EQ(config->ca_path, "/ca.pem");
  EXPECT_EQ(config->connect_to, "127.0.0.1:8884");
  EXPECT_EQ(config->messages, 0U);
  EXPECT_EQ(config->interval, std::chrono::milliseconds{500});
  EXPECT_EQ(config->payload_json, R"({"a":[1,"ü"]})");
}

// Contract section 5: the environment overrides the file, flags override both; only the file's paths are
// relative to it.
TEST(DeviceConfig, FlagsWinOverTheEnvironmentAndThatOverTheFile) {
  DeviceConfigSources sources = tutorial();
  sources.environment = {{"PROVISIONING_HOST", "env.test"},
                         {"PROVISIONING_IDSCOPE", "0neENV"},
                         {"X509_CERT_FILE", "env.pem"},
                         {"X509_KEY_FILE", ""},
                         {"PASS_PHRASE", "env"},
                         {"DPS_X509_REGISTRATION_ID", "env-device"}};
  sources.flags = {{"id_scope", "0neFLAG"}, {"messages", "3"}, {"interval_seconds", "0"}, {"payload", "42"}};
  const auto config = load_device_config(sources);
  ASSERT_TRUE(config) << config.error().reason();
  EXPECT_EQ(config->provisioning_host, "env.test");
  EXPECT_EQ(config->id_scope, "0neFLAG");
  EXPECT_EQ(config->registration_id, "env-device");
  EXPECT_EQ(config->cert_path, "env.pem");
  EXPECT_EQ(config->key_path, "world/device/../certs/device/device.key") << "an empty variable says nothing";
  EXPECT_EQ(config->key_passphrase, "env");
  EXPECT_EQ(config->messages, 3U);
  EXPECT_EQ(config->interval.count(), 0);
  EXPECT_EQ(config->payload_json, "42");
}

TEST(DeviceConfig, DoesWithoutAFileWhenTheRestIsSaid) {
  const auto config =
      load_device_config({"config.json",
                          "",
                          {{"PROVISIONING_HOST", "h"}, {"X509_CERT_FILE", "c"}, {"X509_KEY_FILE", "k"}},
                          {{"id_scope", "s"}, {"registration_id", "r"}}});
  EXPECT_TRUE(config) << config.error().reason();
}

struct BadRow {
  const char* name;
  const char* more;
  const char* says;
};
class BadDeviceConfigTest : public testing::TestWithParam<BadRow> {};
TEST_P(BadDeviceConfigTest, NamesKeyWantedAndFound) {
  const auto config = load_device_config(with(GetParam().more));
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), ErrorCode::device_config_invalid);
  EXPECT_THAT(config.error().reason(), HasSubstr(GetParam().says));
}
INSTANTIATE_TEST_SUITE_P(
    Keys, BadDeviceConfigTest,
    testing::Values(
        BadRow{"messages_text", R"("messages": "ten")",
               R"(messages: wants a whole number, 0 for no end, found "ten")"},
        BadRow{"messages_negative", R"("messages": -1)", "messages: wants a whole number"},
        BadRow{"messages_fraction", R"("messages": 1.5)", "messages: wants a whole number"},
        BadRow{"interval_too_long", R"("interval_seconds": 100000)", "interval_seconds: wants a number"},
        BadRow{"ca_file_number", R"("ca_file": 7)", "ca_file: wants a string, found 7"},
        BadRow{"connect_to_a_name", R"("connect_to": "localhost:8883")", "connect_to: wants an address"},
        BadRow{"misspelt", R"("mesages": 1)", "mesages: unknown key (did you mean messages?)"},
        BadRow{"bad_id", R"("registration_id": "a b")", R"(registration_id: "a b" holds a character)"},
        BadRow{"empty", R"("id_scope": "")", "id_scope: wants a string that is not empty"}),
    [](const auto& row) { return row.param.name; });

TEST(DeviceConfig, ListsEveryProblemAtOnce) {
  const auto config = load_device_config({"config.json", R"({"id_scope": 3, "messages": "x"})", {}, {}});
  ASSERT_FALSE(config);
  EXPECT_THAT(
      config.error().reason(),
      AllOf(HasSubstr("provisioning_host: missing"), HasSubstr("id_scope: wants a string, found 3"),
            HasSubstr("cert_file: missing"), HasSubstr("key_file: missing"), HasSubstr("messages: wants")));
}

TEST(DeviceConfig, SaysWhenTheFileIsNotJson) {
  const auto config = load_device_config({"config.json", "{", {}, {}});
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().reason(), HasSubstr("config.json: not a JSON object"));
}

TEST(DeviceConfig, NamesTheFlagThatIsWrong) {
  DeviceConfigSources sources = tutorial();
  sources.flags = {{"interval_seconds", "soon"}};
  const auto config = load_device_config(sources);
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error().reason(), HasSubstr("--interval-seconds: wants a number"));
}

TEST(DeviceConfig, RefusesKeyUrisByName) {
  DeviceConfigSources sources = tutorial();
  sources.flags = {{"key_file", "pkcs11:token=dev;object=key"}};
  const auto config = load_device_config(sources);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code(), ErrorCode::key_uri_unsupported);
  EXPECT_THAT(config.error().reason(), HasSubstr("pkcs11:token=dev"));
}

}  // namespace
}  // namespace muster::simulator
