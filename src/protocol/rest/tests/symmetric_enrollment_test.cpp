#include "base/bytes.hpp"
#include "protocol/rest/enrollment_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace muster::rest {
namespace {

using nlohmann::json;

const ServiceName kDps = *ServiceName::parse("my-dps");
const EnrollmentGroupId kGroup = *EnrollmentGroupId::parse("my-group");
const RegistrationId kDevice = *RegistrationId::parse("pump-07");

std::string key_of(std::size_t size) { return to_base64(Bytes(size, std::byte{7})); }

json group_of(json mechanism) {
  return {{"enrollmentGroupId", "my-group"}, {"attestation", std::move(mechanism)}};
}
json symmetric(json keys) { return {{"type", "symmetricKey"}, {"symmetricKey", std::move(keys)}}; }

Result<EnrollmentGroup> parse(const json& mechanism, const EnrollmentGroup* existing = nullptr) {
  return parse_enrollment_group(group_of(mechanism).dump(), kDps, kGroup, existing);
}

TEST(SymmetricEnrollment, KeysAreTakenOrLeftToTheService) {
  struct Row {
    const char* name;
    json mechanism;
    std::string primary, secondary;
    const char* source;
  };
  const std::string a = key_of(16), b = key_of(64);
  for (const Row& row : std::vector<Row>{
           {"both", symmetric({{"primaryKey", a}, {"secondaryKey", b}}), a, b,
            "device/01 section 3: 16 to 64 bytes"},
           {"empty object", symmetric(json::object()), "", "", "service/02 section 2.3: az sends {}"},
           {"absent", {{"type", "symmetricKey"}}, "", "", "service/02 section 2.3"},
           {"null", symmetric(nullptr), "", "", "SDKs write absent members as null"},
           {"empty texts", symmetric({{"primaryKey", ""}, {"secondaryKey", ""}}), "", "", "as null"},
           {"any case", {{"type", "SYMMETRICKEY"}}, "", "", "service/02"},
       }) {
    const auto group = parse(row.mechanism);
    ASSERT_TRUE(group) << row.name << ": " << group.error().reason();
    EXPECT_EQ(group->settings.attestation.type, AttestationType::symmetric_key) << row.name;
    EXPECT_EQ(group->settings.attestation.primary_key, row.primary) << row.name << ": " << row.source;
    EXPECT_EQ(group->settings.attestation.secondary_key, row.secondary) << row.name << ": " << row.source;
  }
}

TEST(SymmetricEnrollment, BadKeysAreRefusedByName) {
  struct Row {
    const char* name;
    json keys;
    std::string_view begins;
  };
  const std::string good = key_of(32);
  for (const Row& row : std::vector<Row>{
           {"primary alone", {{"primaryKey", good}}, "attestation.symmetricKey.secondaryKey: is missing"},
           {"secondary alone", {{"secondaryKey", good}}, "attestation.symmetricKey.primaryKey: is missing"},
           {"15 bytes",
            {{"primaryKey", key_of(15)}, {"secondaryKey", good}},
            "attestation.symmetricKey.primaryKey: base64 of 16 to 64 bytes"},
           {"65 bytes",
            {{"primaryKey", good}, {"secondaryKey", key_of(65)}},
            "attestation.symmetricKey.secondaryKey: base64"},
           {"no base64",
            {{"primaryKey", "not base64 at all!!"}, {"secondaryKey", good}},
            "attestation.symmetricKey.primaryKey: base64"},
           {"number",
            {{"primaryKey", 1}, {"secondaryKey", good}},
            "attestation.symmetricKey.primaryKey: a string"},
           {"no object", "x", "attestation.symmetricKey: an object"},
       }) {
    const auto group = parse(symmetric(row.keys));
    ASSERT_FALSE(group) << row.name;
    EXPECT_EQ(group.error().code(), ErrorCode::field_invalid) << row.name;
    EXPECT_TRUE(group.error().reason().starts_with(row.begins)) << row.name << ": " << group.error().reason();
  }
}

TEST(SymmetricEnrollment, StoredKeysStayWhenAnUpdateHasNone) {
  const auto stored = *parse(symmetric({{"primaryKey", key_of(16)}, {"secondaryKey", key_of(17)}}));
  const auto written_back = parse(json::parse(format_enrollment_group(stored))["attestation"], &stored);
  ASSERT_TRUE(written_back) << written_back.error().reason();
  EXPECT_EQ(written_back->settings.attestation.primary_key, key_of(16))
      << "service/02: replies omit the keys";
  EXPECT_EQ(written_back->settings.attestation.secondary_key, key_of(17));
  const auto rotated = parse(symmetric({{"primaryKey", key_of(20)}, {"secondaryKey", key_of(21)}}), &stored);
  EXPECT_EQ(rotated->settings.attestation.primary_key, key_of(20));
}

TEST(SymmetricEnrollment, KeysAreShownByAttestationMechanismAlone) {
  const std::string a = key_of(16), b = key_of(17);
  const auto group = *parse(symmetric({{"primaryKey", a}, {"secondaryKey", b}}));
  EXPECT_EQ(json::parse(format_enrollment_group(group))["attestation"], json({{"type", "symmetricKey"}}))
      << "service/02 section 2.3";
  EXPECT_EQ(json::parse(format_attestation_mechanism(group.settings.attestation)),
            symmetric({{"primaryKey", a}, {"secondaryKey", b}}));

  const json body{{"registrationId", "pump-07"},
                  {"attestation", symmetric({{"primaryKey", a}, {"secondaryKey", b}})}};
  const auto enrollment = parse_individual_enrollment(body.dump(), kDps, kDevice, nullptr);
  ASSERT_TRUE(enrollment) << enrollment.error().reason();
  EXPECT_EQ(enrollment->settings.attestation.secondary_key, b);
  EXPECT_EQ(format_individual_enrollment(*enrollment, nullptr).find(a), std::string::npos);
}

}  // namespace
}  // namespace muster::rest
