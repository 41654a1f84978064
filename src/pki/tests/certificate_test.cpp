#include "pki/certificate.hpp"

#include "pki/tests/forge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509.h>

namespace muster::pki {
namespace {

using forge::day;
using forge::tutorial;
using ::testing::HasSubstr;

TEST(Certificate, ReadsWhatTheTutorialDeviceSays) {
  const Certificate& device = tutorial().device.certificate;
  EXPECT_EQ(device.subject(), "CN=my-device-001");
  EXPECT_EQ(device.issuer(), "CN=My-Intermediate-CA");
  EXPECT_EQ(device.common_name(), "my-device-001");
  EXPECT_EQ(device.version(), 3);
  EXPECT_EQ(device.not_before(), day(2026, 1, 1));
  EXPECT_EQ(device.not_after(), day(2027, 1, 1));
  EXPECT_FALSE(device.is_ca());
  EXPECT_FALSE(device.is_self_issued());
  EXPECT_TRUE(tutorial().root.certificate.is_ca());
  EXPECT_TRUE(tutorial().root.certificate.is_self_issued());
}

TEST(Certificate, ThumbprintsAreThoseOfTheDer) {
  const Certificate& device = tutorial().device.certificate;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  X509_digest(device.native(), EVP_sha1(), digest.data(), &size);
  EXPECT_EQ(device.sha1_thumbprint(), to_hex_upper(std::as_bytes(std::span{digest.data(), size})));
  X509_digest(device.native(), EVP_sha256(), digest.data(), &size);
  EXPECT_EQ(device.sha256_thumbprint(), to_hex_upper(std::as_bytes(std::span{digest.data(), size})));
}

TEST(Certificate, SurvivesItsEncodings) {
  const Certificate& device = tutorial().device.certificate;
  const auto again = Certificate::from_der(device.der());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, device);
  EXPECT_EQ(Certificate::from_native(device.native()), device);
  EXPECT_EQ(parse_pem_certificates(device.pem())->front(), device);
  EXPECT_FALSE(*again == tutorial().root.certificate);
}

TEST(Certificate, RefusesWhatIsNotExactlyOneDerCertificate) {
  const Bytes good = tutorial().device.certificate.der();
  Bytes trailing = good;
  trailing.push_back(std::byte{0});
  Bytes cut = good;
  cut.pop_back();
  // The outer length in five bytes instead of three: BER, and another thumbprint for the same certificate.
  Bytes not_der{good[0], std::byte{0x84}, std::byte{0}, std::byte{0}, good[2], good[3]};
  not_der.insert(not_der.end(), good.begin() + 4, good.end());
  struct Row {
    const char* name;
    Bytes der;
    const char* reason;
  };
  const Row rows[] = {
      {"empty", {}, "not an X.509 certificate"},
      {"cut", cut, "not an X.509 certificate"},
      {"trailing", trailing, "1 bytes follow"},
      {"BER", not_der, "not DER"},
  };
  for (const Row& row : rows) {
    const auto parsed = Certificate::from_der(row.der);
    ASSERT_FALSE(parsed) << row.name;
    EXPECT_EQ(parsed.error().code(), ErrorCode::certificate_unreadable) << row.name;
    EXPECT_THAT(parsed.error().reason(), HasSubstr(row.reason)) << row.name;
    EXPECT_EQ(ERR_peek_error(), 0u) << row.name << " left an error in OpenSSL's queue";
  }
}

TEST(Certificate, CommonNameIsTheLastOneAndNeverCutAtANul) {
  struct Row {
    const char* name;
    std::string common_name;
    std::optional<std::string> expected;
  };
  const Row rows[] = {
      {"plain", "pump-07", "pump-07"},
      {"trailing space is kept", "pump-07 ", "pump-07 "},
      {"case is kept", "Pump-07", "Pump-07"},
      {"UTF-8", "Pümpe", "Pümpe"},
      {"NUL: CVE-2009-2408's class", std::string("pump-07\0.evil", 13), std::nullopt},
  };
  for (const Row& row : rows) {
    const auto made = forge::forge({.common_name = row.common_name});
    EXPECT_EQ(made.certificate.common_name(), row.expected) << row.name;
  }
}

TEST(Certificate, KnowsAVersion1RootAsCa) {
  auto shape = forge::root_shape("Old Root");
  shape.version_1 = true;
  const auto old_root = forge::forge(shape);
  EXPECT_EQ(old_root.certificate.version(), 1);
  EXPECT_TRUE(old_root.certificate.is_ca());
  const auto leaf = forge::forge({.version_1 = true}, &old_root);
  EXPECT_FALSE(leaf.certificate.is_ca());
}

TEST(Certificate, IssuerByNameIsNotIssuerBySignature) {
  const auto& t = tutorial();
  auto shape = forge::intermediate_shape();
  shape.key_identifiers = false;
  const auto lookalike = forge::forge(shape, &t.root);
  EXPECT_TRUE(t.device.certificate.could_be_issued_by(t.intermediate.certificate));
  EXPECT_TRUE(t.device.certificate.is_signed_by(t.intermediate.certificate));
  EXPECT_TRUE(t.device.certificate.could_be_issued_by(lookalike.certificate))
      << "it has no key identifier to differ in";
  EXPECT_FALSE(t.device.certificate.is_signed_by(lookalike.certificate));
  EXPECT_FALSE(t.device.certificate.could_be_issued_by(t.root.certificate));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(Chain, HashTellsChainsApart) {
  const auto& t = tutorial();
  const Chain leaf{{t.device.certificate}};
  const Chain both{{t.device.certificate, t.intermediate.certificate}};
  const Chain swapped{{t.intermediate.certificate, t.device.certificate}};
  EXPECT_EQ(leaf.hash().size(), 64u);
  EXPECT_EQ(leaf.hash(), Chain{leaf}.hash());
  EXPECT_NE(leaf.hash(), both.hash());
  EXPECT_NE(both.hash(), swapped.hash());
}

}  // namespace
}  // namespace muster::pki
