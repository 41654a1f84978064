#include "protocol/hub/sas_token.hpp"

#include "base/percent.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::hub {
namespace {

// The hub's vector: protocol/device/04 section 2.
constexpr std::string_view kKey =
    "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA==";
constexpr std::string_view kToken =
    "SharedAccessSignature sr=MyExampleHub.azure-devices.net%2Fdevices%2Fmy-symkey-device"
    "&sig=f%2BwW8XOKeJOtiPc9Iwjc4OpExvPM7NlhM9qxN2a1aAM%3D&se=1663119026";

TEST(SasToken, DocumentedTokenVerifies) {
  const auto token = parse_sas_token(kToken);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->expiry_s, 1'663'119'026);
  EXPECT_TRUE(is_signed_with(*token, kKey));
  EXPECT_TRUE(covers(*token, "MyExampleHub.azure-devices.net/devices/my-symkey-device"));
  EXPECT_TRUE(key_name_candidates(*token).empty());
}

TEST(SasToken, DocumentedTokenIsWhatWeFormat) {
  EXPECT_EQ(format_sas_token({.resource = "MyExampleHub.azure-devices.net/devices/my-symkey-device",
                              .key = kKey,
                              .expiry_s = 1'663'119'026}),
            kToken);
}

TEST(SasToken, DocumentedGroupKeyDerives) {  // protocol/device/01 section 3.
  EXPECT_EQ(derive_device_key(
                "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==",
                "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"),
            "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=");
  EXPECT_FALSE(derive_device_key("not base64", "d"));
  EXPECT_FALSE(derive_device_key("", "d"));
}

constexpr std::string_view kSmallKey = "c2VjcmV0";

/// A token over `sr` as it stands, with {sr}, {sig} (encoded), {raw} (the signature as it is) and {se} of
/// `form` filled in.
std::string signed_token(std::string_view form, std::string_view sr) {
  const auto signature = derive_device_key(kSmallKey, fmt::format("{}\n1700000000", sr));  // The same HMAC.
  return "SharedAccessSignature " + fmt::format(fmt::runtime(form), fmt::arg("sr", sr),
                                                fmt::arg("sig", percent_encode(*signature)),
                                                fmt::arg("raw", *signature), fmt::arg("se", "1700000000"));
}

struct SpellingCase {
  std::string_view name;
  std::string_view form;
  std::string_view sr;
  std::string_view key_name;
  std::string_view source;
  friend void PrintTo(const SpellingCase& c, std::ostream* out) {
    *out << c.name << "  [" << c.source << ']';
  }
};

constexpr SpellingCase kSpellings[] = {
    {"python", "sr={sr}&sig={sig}&se={se}", "0ne%2Fregistrations%2Fdev-1", "", "device/01 section 3"},
    {"node", "sr={sr}&sig={sig}&skn=registration&se={se}", "0ne/registrations/dev-1", "registration",
     "device/01 section 3"},
    {"csharp", "sr={sr}&sig={sig}&se={se}&skn=registration", "0ne%2Fregistrations%2Fdev-1", "registration",
     "device/01 section 3"},
    {"c_lower_case_hex", "sr={sr}&sig={sig}&se={se}&skn=registration", "0ne%2fregistrations%2fdev-1",
     "registration", "device/01 section 3"},
    {"java_raw_with_empty_skn", "sr={sr}&sig={sig}&se={se}&skn=", "0ne/registrations/dev-1", "",
     "device/01 section 3"},
    {"embedded_c", "sr={sr}&sig={sig}&se={se}", "0ne%2fregistrations%2fdev-1", "", "device/01 section 3"},
    {"docs_lower_cased", "sr={sr}&sig={sig}&se={se}&skn=registration", "0NE%2Fregistrations%2FDEV-1",
     "registration", "device/01 section 3: compared without regard to case"},
    {"raw_signature", "sr={sr}&sig={raw}&se={se}", "0ne%2Fregistrations%2Fdev-1", "",
     "service/01 section 1.2 step 4"},
    {"backwards", "skn=a&se={se}&sig={sig}&sr={sr}", "0ne%2Fregistrations%2Fdev-1", "a",
     "service/01 section 1.2: any order"},
    {"unknown_fields", "x=y&sr={sr}&z&sig={sig}&se={se}", "0ne%2Fregistrations%2Fdev-1", "", "ours"},
};

class SasSpellingTest : public testing::TestWithParam<SpellingCase> {};

TEST_P(SasSpellingTest, VerifiesOverTheRawText) {
  const std::string text = signed_token(GetParam().form, GetParam().sr);
  const auto token = parse_sas_token(text);
  ASSERT_TRUE(token) << text;
  EXPECT_TRUE(is_signed_with(*token, kSmallKey)) << text;
  EXPECT_EQ(token->key_name, GetParam().key_name);
  EXPECT_TRUE(covers(*token, "0ne/registrations/dev-1", SasResourceCase::fold_all));
}

INSTANTIATE_TEST_SUITE_P(Spellings, SasSpellingTest, testing::ValuesIn(kSpellings),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(SasToken, AnythingChangedNoLongerVerifies) {
  const auto token = parse_sas_token(kToken);
  ASSERT_TRUE(token);
  EXPECT_FALSE(is_signed_with(*token, kSmallKey));
  EXPECT_FALSE(is_signed_with(*token, ""));
  EXPECT_FALSE(is_signed_with(*token, "not base64"));
  EXPECT_FALSE(is_signed_with(*token, kKey, SasKeyRule::text));

  std::string later{kToken};
  later.back() = '7';
  EXPECT_FALSE(is_signed_with(*parse_sas_token(later), kKey));
  std::string other_encoding{kToken};
  other_encoding.replace(other_encoding.find("%2Fdevices"), 3, "%2f");
  EXPECT_FALSE(is_signed_with(*parse_sas_token(other_encoding), kKey)) << "the raw text is what was signed";
}

TEST(SasToken, EventHubsTakesTheKeyAsText) {  // service/01 section 1.3.
  const std::string text_key = "c2VjcmV0";
  const auto signature = derive_device_key(to_base64(as_bytes(text_key)), "sb%3A%2F%2Fh%2Fe\n1700000000");
  const std::string text = "SharedAccessSignature sr=sb%3A%2F%2Fh%2Fe&sig=" + percent_encode(*signature) +
                           "&se=1700000000&skn=pol%2Bicy";
  const auto token = parse_sas_token(text);
  ASSERT_TRUE(token);
  EXPECT_TRUE(is_signed_with(*token, text_key, SasKeyRule::text));
  EXPECT_FALSE(is_signed_with(*token, text_key, SasKeyRule::base64));
}

struct BadTokenCase {
  std::string_view name;
  std::string_view text;
  friend void PrintTo(const BadTokenCase& c, std::ostream* out) { *out << c.text; }
};

constexpr BadTokenCase kBadTokens[] = {
    {"empty", ""},
    {"scheme_alone", "SharedAccessSignature "},
    {"no_scheme", "sr=a&sig=b&se=1"},
    {"other_scheme", "Bearer sr=a&sig=b&se=1"},
    {"no_sr", "SharedAccessSignature sig=b&se=1"},
    {"empty_sr", "SharedAccessSignature sr=&sig=b&se=1"},
    {"no_sig", "SharedAccessSignature sr=a&se=1"},
    {"empty_sig", "SharedAccessSignature sr=a&sig=&se=1"},
    {"no_se", "SharedAccessSignature sr=a&sig=b"},
    {"se_text", "SharedAccessSignature sr=a&sig=b&se=tomorrow"},
    {"se_trailing", "SharedAccessSignature sr=a&sig=b&se=1x"},
    {"se_negative", "SharedAccessSignature sr=a&sig=b&se=-1"},
    {"se_too_large", "SharedAccessSignature sr=a&sig=b&se=99999999999999999999"},
};

class BadSasTokenTest : public testing::TestWithParam<BadTokenCase> {};

TEST_P(BadSasTokenTest, IsRefused) { EXPECT_FALSE(parse_sas_token(GetParam().text)); }

INSTANTIATE_TEST_SUITE_P(Tokens, BadSasTokenTest, testing::ValuesIn(kBadTokens),
                         [](const auto& row) { return std::string{row.param.name}; });

struct CoverCase {
  std::string_view name;
  std::string_view sr;
  std::string_view resource;
  bool covered;
  std::string_view source;
  friend void PrintTo(const CoverCase& c, std::ostream* out) { *out << c.sr << "  [" << c.source << ']'; }
};

constexpr CoverCase kCovers[] = {
    {"same", "h.net%2Fdevices%2Fd", "h.net/devices/d", true, "device/04 section 2"},
    {"host_covers_all", "h.net", "h.net/devices/d", true, "device/04 section 2: hub policies"},
    {"segment_prefix", "h.net%2Fdevices%2Fd", "h.net/devices/d/modules/m", true, "service/01 section 1.2"},
    {"not_part_of_a_segment", "h.net%2Fdevices%2Fd", "h.net/devices/dd", false, "service/01 section 1.2"},
    {"host_in_any_case", "H.NET%2Fdevices%2Fd", "h.net/devices/d", true, "service/01 section 1.2"},
    {"path_case_matters", "h.net%2Fdevices%2FD", "h.net/devices/d", false, "device/09 row 7"},
    {"port_dropped", "h.net:8443", "h.net/devices/d", true, "service/01 section 1.2: the CLI"},
    {"scheme_dropped", "sb%3A%2F%2Fh.net%2Fe", "h.net/e", true, "service/01 section 1.2"},
    {"trailing_slash", "h.net%2Fe%2F", "h.net/e", true, "ours"},
    {"longer_than_asked", "h.net%2Fdevices%2Fd", "h.net", false, "service/01 section 1.2"},
    {"other_host", "x.net", "h.net/devices/d", false, "service/01 section 1.2"},
    {"nothing", "%2F", "h.net/devices/d", false, "ours"},
    {"colon_in_the_path_stays", "0ne%2Fregistrations%2Fa%3A1", "0ne/registrations/a:1", true,
     "device/01 section 2: ids may hold :"},
};

class SasCoverTest : public testing::TestWithParam<CoverCase> {};

TEST_P(SasCoverTest, CoversWholeSegments) {
  const std::string text = "SharedAccessSignature sr=" + std::string{GetParam().sr} + "&sig=x&se=1";
  EXPECT_EQ(covers(*parse_sas_token(text), GetParam().resource), GetParam().covered);
}

INSTANTIATE_TEST_SUITE_P(Resources, SasCoverTest, testing::ValuesIn(kCovers),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(SasToken, KeyNameMayBeEncodedTwice) {  // service/01 section 1.2: Python Event Hubs.
  const auto names = [](std::string_view skn) {
    return key_name_candidates(
        *parse_sas_token("SharedAccessSignature sr=a&sig=b&se=1&skn=" + std::string{skn}));
  };
  EXPECT_EQ(names("iothubowner"), (std::vector<std::string>{"iothubowner"}));
  EXPECT_EQ(names("pol%2520icy"), (std::vector<std::string>{"pol%2520icy", "pol%20icy", "pol icy"}));
  EXPECT_TRUE(names("").empty());
}

TEST(SasToken, FormatsTheKeyName) {
  const auto text =
      format_sas_token({.resource = "h.net", .key = kSmallKey, .expiry_s = 5, .key_name = "a b"});
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->ends_with("&se=5&skn=a%20b"));
  EXPECT_TRUE(is_signed_with(*parse_sas_token(*text), kSmallKey));
  EXPECT_FALSE(format_sas_token({.resource = "h.net", .key = "*"}));
}

}  // namespace
}  // namespace muster::hub
