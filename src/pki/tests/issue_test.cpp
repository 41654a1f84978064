#include "pki/issue.hpp"

#include "pki/tests/forge.hpp"
#include "pki/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace muster::pki {
namespace {

using forge::kNow;
using std::chrono::hours;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

IssueRequest request(std::string subject, KeyType key = KeyType::p256) {
  return {.subject = std::move(subject), .key = key, .now = kNow};
}

class Issue : public ::testing::Test {
 protected:
  std::unique_ptr<Random> random_ = make_seeded_random(7);
  Issued root_ = *issue_root(request("/CN=My-Root-CA"), *random_);
  Issued intermediate_ = *issue_intermediate(request("/CN=My-Intermediate-CA"), root_, *random_);
};

TEST_F(Issue, RootIsTheTutorials) {
  const std::string text = describe(root_.certificate);
  // protocol/device/08 section 1.
  EXPECT_THAT(text, ContainsRegex("basicConstraints +CA:TRUE, pathlen:1 \\(critical\\)"));
  EXPECT_THAT(text, ContainsRegex("keyUsage +Certificate Sign, CRL Sign \\(critical\\)"));
  EXPECT_THAT(text, HasSubstr("subjectKeyIdentifier"));
  EXPECT_THAT(text, HasSubstr("authorityKeyIdentifier"));
  EXPECT_THAT(text, HasSubstr("ecdsa-with-SHA256"));
  EXPECT_EQ(root_.certificate.subject(), "CN=My-Root-CA");
  EXPECT_TRUE(root_.certificate.is_signed_by(root_.certificate));
  EXPECT_EQ(root_.certificate.not_before(), kNow - std::chrono::minutes{5});
  EXPECT_EQ(root_.certificate.not_after(), kNow + hours{24 * 365});
}

TEST_F(Issue, IntermediateHasPathLengthZero) {
  EXPECT_THAT(describe(intermediate_.certificate),
              ContainsRegex("basicConstraints +CA:TRUE, pathlen:0 \\(critical\\)"));
  EXPECT_TRUE(intermediate_.certificate.is_signed_by(root_.certificate));
  EXPECT_TRUE(intermediate_.certificate.could_be_issued_by(root_.certificate));
}

TEST_F(Issue, DeviceIsForClientAuthentication) {
  const auto device = issue_device(request("/CN=my-device-001"), intermediate_, *random_);
  ASSERT_TRUE(device) << device.error().reason();
  const std::string text = describe(device->certificate);
  EXPECT_THAT(text, ContainsRegex("basicConstraints +CA:FALSE"));
  EXPECT_THAT(text, ContainsRegex("keyUsage +Digital Signature \\(critical\\)"));
  EXPECT_THAT(text, ContainsRegex("extendedKeyUsage +TLS Web Client Authentication"));
  EXPECT_THAT(text, ContainsRegex("subjectAltName +DNS:my-device-001"));
  EXPECT_TRUE(device->key.matches(device->certificate));

  const auto rsa = issue_device(request("/CN=my-device-001", KeyType::rsa2048), intermediate_, *random_);
  EXPECT_THAT(describe(rsa->certificate),
              AllOf(HasSubstr("Digital Signature, Key Encipherment"), HasSubstr("RSA 2048")));

  // A registration id may hold what a DNS name may not (muster/ids.hpp).
  const auto odd = issue_device(request("/CN=pump_07:a"), intermediate_, *random_);
  ASSERT_TRUE(odd);
  EXPECT_THAT(describe(odd->certificate), Not(HasSubstr("subjectAltName")));
}

TEST_F(Issue, ProofCarriesTheCodeForADay) {
  auto asked = request("/CN=106A1F5C3B00");
  asked.lifetime = hours{24 * 3650};
  const auto proof = issue_proof(asked, intermediate_, *random_);
  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->certificate.common_name(), "106A1F5C3B00");
  EXPECT_EQ(proof->certificate.not_after(), kNow + hours{24});
  EXPECT_TRUE(proof->certificate.is_signed_by(intermediate_.certificate));
  EXPECT_FALSE(proof->certificate.is_ca());
}

TEST_F(Issue, SerialsAreSixteenBytesPositiveAndDifferent) {
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const auto device = issue_device(request("/CN=a"), intermediate_, *random_);
    const std::string serial = device->certificate.serial_hex();
    EXPECT_EQ(serial.size(), 32u) << serial;
    EXPECT_NE(serial.front(), '-');
    EXPECT_TRUE(seen.insert(serial).second);
  }
}

TEST_F(Issue, ACaWithoutKeyIdentifierStillIssues) {
  auto shape = forge::root_shape("Plain");
  shape.key_identifiers = false;
  const Issued plain = forge::forge(shape);
  const auto device = issue_device(request("/CN=a"), plain, *random_);
  ASSERT_TRUE(device) << device.error().reason();
  EXPECT_TRUE(verify_path(device->certificate, {}, plain.certificate, kNow, Purpose::client).faults.empty());
}

TEST_F(Issue, SubjectsAreReadAsPeopleWriteThem) {
  struct Row {
    const char* subject;
    const char* expected;  ///< RFC 2253, or what the refusal says.
    bool accepted = true;
  };
  const Row rows[] = {
      {"/CN=My-Root-CA", "CN=My-Root-CA"},
      {"/O=Factory/CN=a", "CN=a,O=Factory"},
      {"CN=a,O=Factory", "CN=a,O=Factory"},
      {"CN=a, O=Factory", "CN=a,O=Factory"},
      {"my-device-001", "CN=my-device-001"},
      {"pump=7", "CN=pump=7"},
      {"/CN=a\\/b", "CN=a/b"},
      {"CN=a\\,b", "CN=a\\,b"},
      {"/CN=Pümpe", "CN=Pümpe"},
      {"", "is empty", false},
      {"/CN=", "empty CN", false},
      {"/CN=a/oops", "without \"=\"", false},
      {"/NOSUCH=a", "bad NOSUCH", false},
      {"/CN=0123456789012345678901234567890123456789012345678901234567890123456789", "too long", false},
  };
  for (const Row& row : rows) {
    const auto made = issue_root(request(row.subject), *random_);
    ASSERT_EQ(made.has_value(), row.accepted) << row.subject;
    if (made) {
      EXPECT_EQ(made->certificate.subject(), row.expected);
    } else {
      EXPECT_EQ(made.error().code(), ErrorCode::field_invalid);
      EXPECT_THAT(made.error().reason(), HasSubstr(row.expected));
    }
    EXPECT_EQ(ERR_peek_error(), 0u) << row.subject;
  }
}

TEST_F(Issue, RefusesWhatCannotBe) {
  const Issued mixed{root_.certificate, intermediate_.key};
  EXPECT_EQ(issue_device(request("/CN=a"), mixed, *random_).error().code(), ErrorCode::key_mismatch);
  EXPECT_EQ(issue_empty_crl(mixed, kNow, hours{24}, 1).error().code(), ErrorCode::key_mismatch);
  EXPECT_EQ(issue_root(request("/CN=a"), *random_, -1).error().code(), ErrorCode::field_invalid);
  for (const auto lifetime : {hours{0}, hours{-24}, hours{24 * 366 * 9000}}) {
    auto asked = request("/CN=a");
    asked.lifetime = lifetime;
    EXPECT_EQ(issue_root(asked, *random_).error().code(), ErrorCode::field_invalid) << lifetime.count();
  }
  EXPECT_EQ(ERR_peek_error(), 0u);
}

const ServerNames kNames{{"localhost", "*.azure-devices.net", "*.azure-devices-provisioning.net"},
                         {"localhost", "azure-devices.net", "azure-devices-provisioning.net"},
                         {"127.0.0.1", "::1"}};

class ServerPki : public Issue {
 protected:
  PathVerdict verify(const Certificate& leaf, Purpose purpose = Purpose::server) {
    return verify_path(leaf, {}, ca_.certificate, kNow, purpose);
  }
  Issued ca_ = *issue_server_ca(request("/CN=muster server CA"), kNames, *random_);
};

TEST_F(ServerPki, ServerCertificatesVerify) {
  for (const KeyType key : {KeyType::p256, KeyType::rsa2048}) {
    const auto server =
        issue_server(request("/CN=muster", key), ca_, kNames, "http://127.0.0.1:9464/crl/a,b.der", *random_);
    ASSERT_TRUE(server) << server.error().reason();
    const auto verdict = verify(server->certificate);
    EXPECT_TRUE(verdict.faults.empty()) << verdict.faults.front().reason;
    EXPECT_FALSE(verify(server->certificate, Purpose::client).faults.empty());
    const std::string text = describe(server->certificate);
    EXPECT_THAT(text, HasSubstr("DNS:*.azure-devices.net"));
    EXPECT_THAT(text, HasSubstr("IP Address:127.0.0.1"));
    EXPECT_THAT(text, HasSubstr("IP Address:0:0:0:0:0:0:0:1"));
    EXPECT_THAT(text, HasSubstr("URI:http://127.0.0.1:9464/crl/a,b.der"));
    EXPECT_THAT(text, HasSubstr("TLS Web Server Authentication"));
    X509* x509 = server->certificate.native();
    EXPECT_EQ(X509_check_host(x509, "my-iot-hub-x509.azure-devices.net", 0, 0, nullptr), 1);
    EXPECT_EQ(X509_check_ip_asc(x509, "::1", 0), 1);
  }
}

TEST_F(ServerPki, TheCaSignsForNothingElse) {
  const std::string text = describe(ca_.certificate);
  EXPECT_THAT(text, HasSubstr("nameConstraints"));
  EXPECT_THAT(text, HasSubstr("IP:127.0.0.1/255.255.255.255"));
  EXPECT_THAT(text, ContainsRegex("nameConstraints .*\\(critical\\)"));
  struct Row {
    const char* name;
    const char* alternative_name;
    bool accepted = false;
  };
  const Row rows[] = {
      {"a hub", "DNS:hub.azure-devices.net", true},
      {"localhost", "DNS:localhost", true},
      {"its address", "IP:127.0.0.1", true},
      {"another domain", "DNS:example.com"},
      {"a domain that only ends alike", "DNS:evilazure-devices.net"},
      {"wildcard of a suffix", "DNS:*.net"},
      {"a neighbour address", "IP:127.0.0.2"},
      {"IPv6 elsewhere", "IP:2001:db8::1"},
      {"mail", "email:root@azure-devices.net"},
      {"URI", "URI:https://azure-devices.net/"},
      {"one good, one bad", "DNS:localhost,DNS:example.com"},
  };
  for (const Row& row : rows) {
    const auto leaf = forge::forge(
        {.common_name = "x y", .extended_key_usage = "serverAuth", .alternative_name = row.alternative_name},
        &ca_);
    EXPECT_EQ(verify(leaf.certificate).faults.empty(), row.accepted) << row.name;
  }
  const auto client = forge::forge({.common_name = "x y"}, &ca_);
  EXPECT_FALSE(verify(client.certificate, Purpose::client).faults.empty()) << "a device";
}

TEST_F(ServerPki, WithoutNamesNothingIsPermitted) {
  const auto ca = issue_server_ca(request("/CN=none"), ServerNames{}, *random_);
  for (const char* name : {"DNS:localhost", "IP:127.0.0.1", "IP:::1"}) {
    const auto leaf = forge::forge(
        {.common_name = "x y", .extended_key_usage = "serverAuth", .alternative_name = name}, &*ca);
    EXPECT_FALSE(verify_path(leaf.certificate, {}, ca->certificate, kNow, Purpose::server).faults.empty())
        << name;
  }
}

TEST_F(ServerPki, RefusesNamesThatAreNone) {
  struct Row {
    const char* name;
    ServerNames names;
  };
  const Row rows[] = {
      {"two stars", {{"*.*.a"}, {}, {}}},  {"blank", {{"a b"}, {}, {}}},
      {"empty label", {{"a..b"}, {}, {}}}, {"injected", {{"a,IP:1.2.3.4"}, {}, {}}},
      {"address", {{}, {}, {"127.0.0"}}},  {"host as address", {{}, {}, {"localhost"}}},
      {"hyphen first", {{"-a"}, {}, {}}},  {"label of 64", {{std::string(64, 'a')}, {}, {}}},
  };
  for (const Row& row : rows) {
    const auto server = issue_server(request("/CN=a"), ca_, row.names, "", *random_);
    ASSERT_FALSE(server) << row.name;
    EXPECT_EQ(server.error().code(), ErrorCode::field_invalid) << row.name;
  }
  EXPECT_FALSE(issue_server_ca(request("/CN=a"), {{}, {"*.a"}, {}}, *random_));
  EXPECT_FALSE(issue_server_ca(request("/CN=a"), {{}, {}, {"x"}}, *random_));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST_F(ServerPki, EmptyCrlIsSignedAndNumbered) {
  const auto der = issue_empty_crl(ca_, kNow, hours{24 * 7}, 42);
  ASSERT_TRUE(der);
  const auto* at = reinterpret_cast<const unsigned char*>(der->data());
  X509_CRL* crl = d2i_X509_CRL(nullptr, &at, static_cast<long>(der->size()));
  ASSERT_NE(crl, nullptr);
  EXPECT_EQ(X509_CRL_verify(crl, ca_.key.native()), 1);
  EXPECT_EQ(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
  EXPECT_LE(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl)), 0);
  auto* number = static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr));
  ASSERT_NE(number, nullptr);
  EXPECT_EQ(ASN1_INTEGER_get(number), 42);
  ASN1_INTEGER_free(number);
  EXPECT_GE(X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1), 0);
  X509_CRL_free(crl);
}

TEST_F(Issue, DescriptionIsOneFactALine) {
  const std::string text = describe(root_.certificate);
  EXPECT_THAT(text, ContainsRegex("subject +CN=My-Root-CA\n"));
  EXPECT_THAT(text, ContainsRegex("issuer +CN=My-Root-CA \\(itself\\)\n"));
  EXPECT_THAT(text, ContainsRegex("valid until +2027-06-01 00:00:00Z\n"));
  EXPECT_THAT(text, HasSubstr(root_.certificate.sha256_thumbprint()));
  EXPECT_THAT(text, Not(HasSubstr("\n\n")));
}

}  // namespace
}  // namespace muster::pki
