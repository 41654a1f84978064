#include "protocol/rest/enrollment_json.hpp"

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "pki/issue.hpp"
#include "protocol/rest/certificate_json.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/service_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace muster::rest {
namespace {

using nlohmann::json;

constexpr WallTime kNoon = std::chrono::sys_days{std::chrono::year{2026} / 11 / 25} + std::chrono::hours{12};
const ServiceName kDps = *ServiceName::parse("my-dps");
const EnrollmentGroupId kGroup = *EnrollmentGroupId::parse("my-group");
const RegistrationId kDevice = *RegistrationId::parse("pump-07");

struct Certificates {
  pki::Issued root, device;
};
const Certificates& certificates() {
  static const Certificates made = [] {
    const auto random = make_seeded_random(1);
    pki::IssueRequest request{.subject = "My-Root-CA", .now = kNoon};
    auto root = *pki::issue_root(request, *random);
    request.subject = "pump-07";
    auto device = *pki::issue_device(request, root, *random);
    return Certificates{std::move(root), std::move(device)};
  }();
  return made;
}

json reference(const char* name) {
  return {{"type", "x509"}, {"x509", {{"caReferences", {{"primary", name}}}}}};
}
json signing(const json& certificate) {
  return {{"type", "x509"}, {"x509", {{"signingCertificates", {{"primary", certificate}}}}}};
}
json group_with(const char* key, json value) {
  json body{{"enrollmentGroupId", "my-group"}, {"attestation", reference("my-ca")}};
  if (key) body[key] = std::move(value);
  return body;
}
Result<EnrollmentGroup> parse(const json& body, const EnrollmentGroup* existing = nullptr) {
  return parse_enrollment_group(body.dump(), kDps, kGroup, existing);
}

TEST(EnrollmentGroupJson, ReadsWhatTheCliSends) {
  // service/13: iot dps enrollment-group create --ca-name.
  const auto group =
      parse({{"enrollmentGroupId", "My-Group"},
             {"attestation", reference("my-ca")},
             {"capabilities", {{"iotEdge", false}}},
             {"initialTwin", {{"tags", json::object()}, {"properties", {{"desired", json::object()}}}}},
             {"provisioningStatus", "enabled"},
             {"allocationPolicy", "static"},
             {"iotHubs", {"my-hub.azure-devices.net"}},
             {"reprovisionPolicy", {{"updateHubAssignment", true}, {"migrateDeviceData", false}}}});
  ASSERT_TRUE(group) << group.error().reason();
  EXPECT_EQ(group->id.str(), "My-Group") << "compared without case, spelled as sent";
  EXPECT_EQ(group->settings.attestation.type, AttestationType::x509);
  EXPECT_EQ(group->settings.attestation.ca_primary, "my-ca");
  EXPECT_EQ(group->settings.allocation, AllocationPolicy::static_);
  ASSERT_EQ(group->settings.hubs.size(), 1u);
  EXPECT_EQ(group->settings.hubs[0].str(), "my-hub");
  EXPECT_FALSE(group->settings.reprovision.migrate_device_data);
  EXPECT_EQ(group->settings.initial_twin_json, R"({"tags":{},"properties":{"desired":{}}})");
}

TEST(EnrollmentGroupJson, CertificatesComeAsPemOrBase64) {
  const auto& root = certificates().root.certificate;
  const std::string der = to_base64(root.der());
  for (const std::string& text : {root.pem(), der, to_base64(as_bytes(root.pem()))}) {
    const auto group = parse(group_with("attestation", signing({{"certificate", text}})));
    ASSERT_TRUE(group) << group.error().reason();
    EXPECT_EQ(group->settings.attestation.signing_primary->der, root.der());
    EXPECT_EQ(group->settings.attestation.signing_primary->sha256_thumbprint, root.sha256_thumbprint());
  }
}

TEST(EnrollmentGroupJson, ACertificateGivenBackAsInfoIsKept) {
  auto group =
      *parse(group_with("attestation", signing({{"certificate", certificates().root.certificate.pem()}})));
  const auto shown = json::parse(format_enrollment_group(group));
  const auto again = parse(shown, &group);
  ASSERT_TRUE(again) << again.error().reason();
  EXPECT_EQ(again->settings.attestation.signing_primary->der, certificates().root.certificate.der());

  const auto stranger = parse(shown, nullptr);
  ASSERT_FALSE(stranger);
  EXPECT_TRUE(
      stranger.error().reason().starts_with("attestation.x509.signingCertificates.primary.certificate: "));
}

TEST(EnrollmentGroupJson, ShowsAllEightMembersOfACertificate) {
  const auto& root = certificates().root.certificate;
  auto group = *parse(group_with("attestation", signing({{"certificate", root.pem()}})));
  group.settings.created = group.settings.updated = kNoon;
  group.settings.version = 1;
  const auto body = json::parse(format_enrollment_group(group));
  const auto& primary = body["attestation"]["x509"]["signingCertificates"]["primary"];
  EXPECT_FALSE(primary.contains("certificate")) << "write-only";
  const auto& info = primary["info"];
  EXPECT_EQ(info["subjectName"], "CN=My-Root-CA");
  EXPECT_EQ(info["issuerName"], "CN=My-Root-CA");
  EXPECT_EQ(info["sha1Thumbprint"], root.sha1_thumbprint());
  EXPECT_EQ(info["sha256Thumbprint"], root.sha256_thumbprint());
  EXPECT_EQ(info["serialNumber"], root.serial_hex());
  EXPECT_EQ(info["version"], 3);
  EXPECT_EQ(info["notBeforeUtc"], "2026-11-25T11:55:00Z");
  EXPECT_TRUE(info["notAfterUtc"].is_string());
  EXPECT_FALSE(body["attestation"]["x509"].contains("clientCertificates")) << ".NET: exactly one of three";
  EXPECT_FALSE(body["attestation"]["x509"].contains("caReferences"));
  EXPECT_EQ(body["etag"], dps_etag(kNoon, 1));
  EXPECT_EQ(body["createdDateTimeUtc"], "2026-11-25T12:00:00.0000000Z");
}

struct Refusal {
  const char* name;
  json body;
  ErrorCode code;
  std::string_view begins;
};

void expect_refused(const Refusal& row) {
  const auto parsed = parse(row.body);
  ASSERT_FALSE(parsed) << row.name;
  EXPECT_EQ(parsed.error().code(), row.code) << row.name << ": " << parsed.error().reason();
  EXPECT_TRUE(parsed.error().reason().starts_with(row.begins)) << row.name << ": " << parsed.error().reason();
}

TEST(EnrollmentGroupJson, RefusesAnAttestationByNameOfTheMember) {
  const auto& made = certificates();
  const auto attestation = [](json value) { return group_with("attestation", std::move(value)); };
  const std::vector<Refusal> rows{
      {"no id", {{"attestation", reference("a")}}, ErrorCode::field_invalid, "enrollmentGroupId: is missing"},
      {"other id", {{"enrollmentGroupId", "other"}}, ErrorCode::field_invalid, "enrollmentGroupId: "},
      {"bad id", {{"enrollmentGroupId", "a b"}}, ErrorCode::field_invalid, "enrollmentGroupId: "},
      {"no attestation",
       {{"enrollmentGroupId", "my-group"}},
       ErrorCode::field_invalid,
       "attestation: is missing"},
      {"no type", attestation(json::object()), ErrorCode::field_invalid, "attestation.type: is missing"},
      {"none", attestation({{"type", "none"}}), ErrorCode::field_invalid, "attestation.type: "},
      {"tpm", attestation({{"type", "tpm"}, {"tpm", {{"endorsementKey", "AAAA"}}}}),
       ErrorCode::attestation_unsupported, "attestation.type: tpm"},
      {"no x509", attestation({{"type", "x509"}}), ErrorCode::field_invalid, "attestation.x509: is missing"},
      {"none of three", attestation({{"type", "x509"}, {"x509", json::object()}}), ErrorCode::field_invalid,
       "attestation.x509.signingCertificates: exactly one"},
      {"two of three",
       attestation(
           {{"type", "x509"},
            {"x509", {{"caReferences", {{"primary", "a"}}}, {"signingCertificates", json::object()}}}}),
       ErrorCode::field_invalid, "attestation.x509.signingCertificates: exactly one"},
      {"client certificates",
       attestation({{"type", "x509"}, {"x509", {{"clientCertificates", json::object()}}}}),
       ErrorCode::field_invalid, "attestation.x509.clientCertificates: "},
      {"no primary", attestation({{"type", "x509"}, {"x509", {{"signingCertificates", json::object()}}}}),
       ErrorCode::field_invalid, "attestation.x509.signingCertificates.primary: is missing"},
      {"not a certificate", attestation(signing({{"certificate", "hello"}})), ErrorCode::field_invalid,
       "attestation.x509.signingCertificates.primary.certificate: "},
      {"a leaf", attestation(signing({{"certificate", made.device.certificate.pem()}})),
       ErrorCode::certificate_not_ca_upload, "attestation.x509.signingCertificates.primary.certificate: "},
      {"bad reference", attestation(reference("a/b")), ErrorCode::field_invalid,
       "attestation.x509.caReferences.primary: "},
      {"empty reference", attestation(reference("")), ErrorCode::field_invalid,
       "attestation.x509.caReferences.primary: "},
  };
  for (const auto& row : rows) expect_refused(row);
}

TEST(EnrollmentGroupJson, RefusesASettingByNameOfTheMember) {
  const std::vector<Refusal> rows{
      {"status", group_with("provisioningStatus", "on"), ErrorCode::field_invalid, "provisioningStatus: "},
      {"edge", group_with("capabilities", {{"iotEdge", 1}}), ErrorCode::field_invalid,
       "capabilities.iotEdge: "},
      {"reprovision", group_with("reprovisionPolicy", {{"updateHubAssignment", "x"}}),
       ErrorCode::field_invalid, "reprovisionPolicy.updateHubAssignment: "},
      {"policy", group_with("allocationPolicy", "fair"), ErrorCode::field_invalid, "allocationPolicy: "},
      {"hubs", group_with("iotHubs", "x"), ErrorCode::field_invalid, "iotHubs: an array"},
      {"hub name", group_with("iotHubs", json::array({"my-hub"})), ErrorCode::field_invalid, "iotHubs[0]: "},
      {"hub number", group_with("iotHubs", json::array({1})), ErrorCode::field_invalid,
       "iotHubs[0]: a string"},
      {"too many hubs", group_with("iotHubs", json(101, "my-hub.azure-devices.net")),
       ErrorCode::field_invalid, "iotHubs: 101 hubs found"},
      {"hub host name", group_with("iotHubHostName", "my-hub"), ErrorCode::field_invalid, "iotHubHostName: "},
      {"twin", group_with("initialTwin", 1), ErrorCode::field_invalid, "initialTwin: an object"},
      {"tags", group_with("initialTwin", {{"tags", 1}}), ErrorCode::field_invalid,
       "initialTwin.tags: an object"},
      {"desired", group_with("initialTwin", {{"properties", {{"desired", "x"}}}}), ErrorCode::field_invalid,
       "initialTwin.properties.desired: an object"},
      {"twin key", group_with("initialTwin", {{"tags", {{"a.b", 1}}}}), ErrorCode::field_invalid,
       "initialTwin.tags.a.b: "},
      {"twin integer", group_with("initialTwin", {{"tags", {{"n", 1LL << 52}}}}), ErrorCode::field_invalid,
       "initialTwin.tags.n: "},
  };
  for (const auto& row : rows) expect_refused(row);
}

TEST(EnrollmentGroupJson, AnInitialTwinIsKeptWithoutBookkeepingAndNulls) {
  const auto group = parse(group_with(
      "initialTwin",
      {{"tags", {{"site", "A"}, {"gone", nullptr}}},
       {"properties", {{"desired", {{"rate", 5}, {"$version", 3}, {"$metadata", json::object()}}}}}}));
  ASSERT_TRUE(group) << group.error().reason();
  EXPECT_EQ(group->settings.initial_twin_json,
            R"({"tags":{"site":"A"},"properties":{"desired":{"rate":5}}})");
}

TEST(EnrollmentGroupJson, ListsAreBareArrays) {
  EXPECT_EQ(format_enrollment_groups({}), "[]");
  const std::vector groups{*parse(group_with(nullptr, {})), *parse(group_with(nullptr, {}))};
  EXPECT_EQ(json::parse(format_enrollment_groups(groups)).size(), 2u);
}

TEST(IndividualEnrollmentJson, BothDirections) {
  const json body{{"registrationId", "pump-07"},
                  {"deviceId", "line-3-pump"},
                  {"optionalDeviceInformation", {{"serial", "7"}}},
                  {"attestation",
                   {{"type", "x509"},
                    {"x509",
                     {{"clientCertificates",
                       {{"primary", {{"certificate", certificates().device.certificate.pem()}}}}}}}}}};
  const auto enrollment = parse_individual_enrollment(body.dump(), kDps, kDevice, nullptr);
  ASSERT_TRUE(enrollment) << enrollment.error().reason();
  EXPECT_EQ(enrollment->device_id, "line-3-pump");
  Registration registration{kDps, kDevice};
  registration.assigned_hub = "my-hub.azure-devices.net";
  const auto shown = json::parse(format_individual_enrollment(*enrollment, &registration));
  EXPECT_EQ(shown["deviceId"], "line-3-pump");
  EXPECT_EQ(shown["optionalDeviceInformation"]["serial"], "7");
  EXPECT_EQ(shown["registrationState"]["registrationId"], "pump-07");
  EXPECT_EQ(shown["attestation"]["x509"]["clientCertificates"]["primary"]["info"]["subjectName"],
            "CN=pump-07");
}

TEST(IndividualEnrollmentJson, RefusesByNameOfTheMember) {
  const auto refused = [](const json& body) {
    return parse_individual_enrollment(body.dump(), kDps, kDevice, nullptr).error().reason();
  };
  EXPECT_TRUE(refused({{"attestation", reference("a")}}).starts_with("registrationId: is missing"));
  EXPECT_TRUE(
      refused(
          {{"registrationId", "pump-07"}, {"deviceId", "a/b"}, {"attestation", {{"type", "symmetricKey"}}}})
          .starts_with("deviceId: "));
  EXPECT_TRUE(refused({{"registrationId", "pump-07"}, {"attestation", signing({{"certificate", "x"}})}})
                  .starts_with("attestation.x509.signingCertificates: "));
  EXPECT_TRUE(refused({{"registrationId", "pump-07"}, {"attestation", reference("a")}})
                  .starts_with("attestation.x509.caReferences: "));
}

TEST(IndividualEnrollmentJson, WhatIsKnownOfTheDeviceObeysTheRulesOfTwins) {
  // service/02 section 2.3: a TwinCollection.
  const auto read = [](json information) {
    const json body{{"registrationId", "pump-07"},
                    {"attestation", {{"type", "symmetricKey"}}},
                    {"optionalDeviceInformation", std::move(information)}};
    return parse_individual_enrollment(body.dump(), kDps, kDevice, nullptr);
  };
  EXPECT_EQ(read({{"serial", "7"}, {"gone", nullptr}})->optional_device_information_json,
            R"({"serial":"7"})");
  EXPECT_TRUE(read({{"a.b", 1}}).error().reason().starts_with("optionalDeviceInformation.a.b: "));
  EXPECT_TRUE(read(7).error().reason().starts_with("optionalDeviceInformation: an object"));
  json large = json::object();
  for (const char* key : {"a", "b", "c"}) large[key] = std::string(4000, 'x');
  EXPECT_TRUE(read(large).error().reason().starts_with("optionalDeviceInformation: is 12"));
}

TEST(RegistrationJson, AnArrayOfStates) {
  const Registration registration{kDps, kDevice};
  const auto states = json::parse(format_registrations(std::vector{registration, registration}));
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0], json::parse(format_registration(registration)));
  EXPECT_EQ(format_registrations({}), "[]");
}

TEST(CertificateJson, UploadsComeFlatOrNested) {
  EXPECT_EQ(parse_certificate_upload(R"({"certificate":"abc"})")->certificate, "abc");
  EXPECT_EQ(parse_certificate_upload(R"({"certificate":"abc"})")->is_verified, std::nullopt);
  EXPECT_EQ(
      parse_certificate_upload(R"({"properties":{"certificate":"abc","isVerified":true}})")->is_verified,
      true);
  EXPECT_EQ(parse_certificate_upload("{}").error().reason(), "certificate: is missing");
  EXPECT_EQ(parse_certificate_upload(R"({"properties":{}})").error().reason(),
            "properties.certificate: is missing");
  EXPECT_EQ(parse_certificate_upload(R"({"certificate":""})").error().reason(), "certificate: is empty");
  EXPECT_EQ(parse_certificate_upload(R"({"certificate":"a","isVerified":"yes"})").error().code(),
            ErrorCode::field_invalid);
}

TEST(CertificateJson, ShowsTheCodeOnlyWhileThereIsOne) {
  const auto& root = certificates().root.certificate;
  CaCertificate stored{1,
                       {ServiceKind::dps, kDps},
                       *CertificateName::parse("my-ca"),
                       root.der(),
                       root.subject(),
                       root.sha1_thumbprint(),
                       root.sha256_thumbprint(),
                       root.not_before(),
                       root.not_after(),
                       false,
                       "ABC",
                       kNoon,
                       kNoon,
                       2};
  const ArmScope scope{"sub", "rg"};
  auto body = json::parse(format_certificate(stored, scope));
  EXPECT_EQ(body["id"],
            "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Devices/provisioningServices/my-dps/"
            "certificates/my-ca");
  EXPECT_EQ(body["etag"], certificate_etag(stored));
  EXPECT_EQ(body["properties"]["verificationCode"], "ABC");
  EXPECT_EQ(body["properties"]["isVerified"], false);
  EXPECT_EQ(body["properties"]["thumbprint"], root.sha1_thumbprint());
  EXPECT_EQ(body["properties"]["created"], "Wed, 25 Nov 2026 12:00:00 GMT");
  stored.verification_code.clear();
  EXPECT_FALSE(json::parse(format_certificate(stored, scope))["properties"].contains("verificationCode"));
  EXPECT_EQ(json::parse(format_certificates(std::vector{stored}, scope))["value"].size(), 1u);
}

TEST(ServiceJson, HasWhatTheCliReads) {
  const ArmScope scope{"sub", "rg"};
  Hub hub{*ServiceName::parse("my-hub"), "eastus", 0, 2, kNoon, 1};
  const auto shown = json::parse(format_hub(hub, scope));
  EXPECT_EQ(shown["resourcegroup"], "rg") << "service/13";
  EXPECT_EQ(shown["subscriptionid"], "sub");
  EXPECT_EQ(shown["properties"]["hostName"], "my-hub.azure-devices.net");
  EXPECT_EQ(shown["properties"]["eventHubEndpoints"]["events"]["partitionIds"], json::array({"0", "1"}));

  DpsInstance dps{
      kDps, "0ne00123ABC", "eastus", AllocationPolicy::hashed, {LinkedHub{hub.name, "eastus"}}, kNoon, 1};
  const auto instance = json::parse(format_dps(dps, scope));
  EXPECT_EQ(instance["properties"]["idScope"], "0ne00123ABC");
  EXPECT_EQ(instance["properties"]["allocationPolicy"], "Hashed") << "service/02: PascalCase in ARM";
  EXPECT_EQ(instance["properties"]["iotHubs"][0]["name"], "my-hub.azure-devices.net");
  EXPECT_NE(instance["properties"]["iotHubs"][0]["connectionString"].get<std::string>().find(
                "SharedAccessKey=****"),
            std::string::npos);

  const SasPolicy policy{"iothubowner", "a2V5", "a2V5Mg==", {"RegistryWrite", "ServiceConnect"}};
  EXPECT_EQ(json::parse(format_policy(policy))["rights"], "RegistryWrite, ServiceConnect");
  EXPECT_EQ(json::parse(format_policies(std::vector{policy}))["value"][0]["keyName"], "iothubowner");
}

}  // namespace
}  // namespace muster::rest
