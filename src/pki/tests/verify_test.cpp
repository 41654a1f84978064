#include "pki/verify.hpp"

#include "pki/tests/forge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

namespace muster::pki {
namespace {

using forge::certificate_for;
using forge::day;
using forge::forge;
using forge::intermediate_shape;
using forge::kNow;
using forge::root_shape;
using forge::Shape;
using forge::tutorial;
using ::testing::HasSubstr;
using enum ErrorCode;

std::vector<ErrorCode> codes(const PathVerdict& verdict) {
  std::vector<ErrorCode> found;
  for (const PathFault& fault : verdict.faults) found.push_back(fault.code);
  return found;
}

/// The tutorial's three certificates with one thing changed in each row.
struct FaultRow {
  const char* name;
  Shape root = root_shape();
  Shape intermediate = intermediate_shape();
  Shape device = {};
  std::vector<ErrorCode> codes = {};
  std::size_t depth = 0;
  const char* reason = "";
};

Shape changed(Shape shape, const std::function<void(Shape&)>& change) {
  change(shape);
  return shape;
}

struct FaultRows {
  std::vector<FaultRow> rows{
      {.name = "good"},
      {.name = "no key identifiers at all",
       .root = changed(root_shape(), [](Shape& s) { s.key_identifiers = false; }),
       .intermediate = changed(intermediate_shape(), [](Shape& s) { s.key_identifiers = false; }),
       .device = {.key_identifiers = false}},
      {.name = "no extensions but the CA's (openssl x509 -req without extfile)",
       .device = {.basic_constraints = nullptr, .key_usage = nullptr, .extended_key_usage = nullptr}},
      {.name = "version 1 device", .device = {.version_1 = true}},
      {.name = "version 1 root", .root = changed(root_shape(), [](Shape& s) { s.version_1 = true; })},
      {.name = "both purposes", .device = {.extended_key_usage = "serverAuth,clientAuth"}},
      {.name = "unknown extension, not critical", .device = {.unknown_extension = "not"}},
      {.name = "leaf expired",
       .device = {.until = day(2026, 3, 1)},
       .codes = {certificate_expired},
       .reason = "leaf certificate CN=pump-07 expired 2026-03-01 00:00:00Z, clock says 2026-06-01 00:00:00Z"},
      {.name = "leaf expires this very second (OpenSSL: exclusive)",
       .device = {.until = kNow},
       .codes = {certificate_expired},
       .reason = "expired 2026-06-01 00:00:00Z"},
      {.name = "leaf begins this very second", .device = {.from = kNow}},
      {.name = "leaf not yet valid",
       .device = {.from = day(2026, 7, 1)},
       .codes = {certificate_not_yet_valid},
       .reason = "leaf certificate CN=pump-07 starts 2026-07-01 00:00:00Z, clock says 2026-06-01 00:00:00Z"},
      {.name = "intermediate expired",
       .intermediate = changed(intermediate_shape(), [](Shape& s) { s.until = day(2026, 5, 1); }),
       .codes = {certificate_expired},
       .depth = 1,
       .reason = "intermediate certificate CN=My-Intermediate-CA expired 2026-05-01"},
      {.name = "root expired",
       .root = changed(root_shape(), [](Shape& s) { s.until = day(2026, 5, 1); }),
       .codes = {certificate_expired},
       .depth = 2,
       .reason = "CA certificate CN=My-Root-CA expired 2026-05-01"},
      {.name = "root not yet valid",
       .root = changed(root_shape(), [](Shape& s) { s.from = day(2026, 7, 1); }),
       .codes = {certificate_not_yet_valid},
       .depth = 2,
       .reason = "CA certificate CN=My-Root-CA starts 2026-07-01"},
      {.name = "leaf's signature broken",
       .device = {.break_signature = true},
       .codes = {certificate_signature_invalid},
       .reason = "leaf certificate CN=pump-07 was not signed by the key of CN=My-Intermediate-CA"},
      {.name = "intermediate's signature broken",
       .intermediate = changed(intermediate_shape(), [](Shape& s) { s.break_signature = true; }),
       .codes = {certificate_signature_invalid},
       .depth = 1,
       .reason = "intermediate certificate CN=My-Intermediate-CA was not signed by the key of CN=My-Root-CA"},
      {.name = "intermediate without basic constraints",
       .intermediate =
           changed(intermediate_shape(), [](Shape& s) { s.basic_constraints = s.key_usage = nullptr; }),
       .codes = {certificate_not_a_ca},
       .depth = 1,
       .reason = "intermediate certificate CN=My-Intermediate-CA is not a CA: its basic constraints do not "
                 "say CA:TRUE"},
      {.name = "intermediate CA:FALSE",
       .intermediate = changed(intermediate_shape(), [](Shape& s) { s.basic_constraints = "CA:FALSE"; }),
       .codes = {certificate_not_a_ca},
       .depth = 1,
       .reason = "is not a CA"},
      {.name = "intermediate may not sign certificates",
       .intermediate =
           changed(intermediate_shape(), [](Shape& s) { s.key_usage = "critical,digitalSignature"; }),
       .codes = {certificate_not_a_ca},
       .depth = 1,
       .reason = "CN=My-Intermediate-CA may not issue certificates: its key usage lacks keyCertSign"},
      {.name = "path length exceeded",
       .root = changed(root_shape(), [](Shape& s) { s.basic_constraints = "critical,CA:TRUE,pathlen:0"; }),
       .codes = {certificate_chain_invalid},
       .depth = 2,
       .reason = "CA certificate CN=My-Root-CA allows 0 CA certificates below it, this chain has 1"},
      {.name = "serverAuth only",
       .device = {.extended_key_usage = "serverAuth"},
       .codes = {certificate_purpose},
       .reason = "leaf certificate CN=pump-07 is not for clientAuth: its extended key usage is serverAuth"},
      {.name = "intermediate for serverAuth only",
       .intermediate = changed(intermediate_shape(), [](Shape& s) { s.extended_key_usage = "serverAuth"; }),
       .codes = {certificate_purpose},
       .depth = 1,
       .reason = "intermediate certificate CN=My-Intermediate-CA is not for clientAuth"},
      {.name = "key usage without signing",
       .device = {.key_usage = "critical,keyEncipherment"},
       .codes = {certificate_purpose},
       .reason = "its key usage does not allow it"},
      {.name = "unknown critical extension",
       .device = {.unknown_extension = "critical"},
       .codes = {certificate_chain_invalid},
       .reason = "leaf certificate CN=pump-07 has a critical extension that is not known here"},
      {.name = "SHA-1",
       .device = {.digest = EVP_sha1()},
       .codes = {certificate_chain_invalid},
       .reason = "leaf certificate CN=pump-07 is signed with a digest that is too weak (ecdsa-with-SHA1)"},
      {.name = "name outside what the intermediate permits",
       .intermediate =
           changed(intermediate_shape(),
                   [](Shape& s) { s.name_constraints = "critical,permitted;DNS:factory.example"; }),
       .device = {.alternative_name = "DNS:pump-07.other.example"},
       .codes = {certificate_chain_invalid},
       .reason = "leaf certificate CN=pump-07 holds a name that the name constraints of a CA above it do not "
                 "permit"},
      {.name = "name that the root excludes",
       .root =
           changed(root_shape(), [](Shape& s) { s.name_constraints = "critical,excluded;DNS:bad.example"; }),
       .device = {.alternative_name = "DNS:pump-07.bad.example"},
       .codes = {certificate_chain_invalid},
       .reason = "exclude"},
      {.name = "everything at once: all is said",
       .intermediate = changed(intermediate_shape(), [](Shape& s) { s.until = day(2026, 5, 1); }),
       .device = {.until = day(2026, 3, 1), .extended_key_usage = "serverAuth", .break_signature = true},
       .codes = {certificate_purpose, certificate_expired, certificate_signature_invalid,
                 certificate_expired},
       .reason = "CN=pump-07 is not for clientAuth"},
  };
};

TEST(VerifyPath, FindsEachFaultAndNamesIt) {
  const FaultRows table;
  for (const FaultRow& row : table.rows) {
    const Issued root = forge(row.root);
    const Issued intermediate = forge(row.intermediate, &root);
    const Issued device = forge(row.device, &intermediate);
    const auto verdict = verify_path(device.certificate, {{intermediate.certificate}}, root.certificate, kNow,
                                     Purpose::client);
    EXPECT_THAT(codes(verdict), ::testing::UnorderedElementsAreArray(row.codes)) << row.name;
    EXPECT_THAT(verdict.path,
                ::testing::ElementsAre(device.certificate, intermediate.certificate, root.certificate))
        << row.name;
    if (!verdict.faults.empty()) {
      EXPECT_THAT(verdict.faults.front().reason, HasSubstr(row.reason)) << row.name;
      EXPECT_EQ(verdict.faults.front().depth, row.depth) << row.name;
    }
    EXPECT_EQ(ERR_peek_error(), 0u) << row.name;
  }
}

TEST(VerifyPath, AnUnreadableExtensionIsNamed) {
  const auto& t = tutorial();
  const auto leaf = forge({.break_extension = true}, &t.intermediate);
  const auto verdict = verify_path(leaf.certificate, {}, t.intermediate.certificate, kNow, Purpose::client);
  ASSERT_FALSE(verdict.faults.empty());
  EXPECT_EQ(verdict.faults[0].code, ErrorCode::certificate_unreadable);
  EXPECT_EQ(verdict.faults[0].reason, "leaf certificate CN=pump-07 has an extension that cannot be read");
}

TEST(VerifyPath, AnIntermediateMayBeTheAnchor) {
  const auto& t = tutorial();
  const auto verdict =
      verify_path(t.device.certificate, {}, t.intermediate.certificate, kNow, Purpose::client);
  EXPECT_TRUE(verdict.faults.empty());
  EXPECT_EQ(verdict.path.size(), 2u);
}

TEST(VerifyPath, NothingButTheAnchorIsTrusted) {
  const auto& t = tutorial();
  const Issued stranger = forge(root_shape("Stranger"));
  struct Row {
    const char* name;
    Certificate leaf;
    std::vector<Certificate> untrusted;
    Certificate anchor;
  };
  const Row rows[] = {
      {"root sent, not trusted",
       t.device.certificate,
       {t.intermediate.certificate, t.root.certificate},
       stranger.certificate},
      {"intermediate missing", t.device.certificate, {}, t.root.certificate},
      {"self-signed leaf", forge(Shape{}).certificate, {}, t.root.certificate},
      {"stranger's root sent", forge({}, &stranger).certificate, {stranger.certificate}, t.root.certificate},
      {"anchor of the same name, other key",
       t.device.certificate,
       {t.intermediate.certificate},
       forge(root_shape()).certificate},
  };
  for (const Row& row : rows) {
    const auto verdict = verify_path(row.leaf, row.untrusted, row.anchor, kNow, Purpose::client);
    ASSERT_EQ(verdict.faults.size(), 1u) << row.name;
    EXPECT_EQ(verdict.faults[0].code, ErrorCode::certificate_chain_invalid) << row.name;
    EXPECT_THAT(verdict.faults[0].reason, HasSubstr("to CA " + row.anchor.subject())) << row.name;
    EXPECT_THAT(verdict.faults[0].reason, HasSubstr(row.anchor.sha256_thumbprint())) << row.name;
  }
}

TEST(VerifyPath, SameNameOtherKeyWithoutIdentifiersIsASignatureFault) {
  auto plain = root_shape();
  plain.key_identifiers = false;
  const Issued root = forge(plain);
  const Issued impostor = forge(plain);
  const auto verdict = verify_path(forge({.key_identifiers = false}, &impostor).certificate, {},
                                   root.certificate, kNow, Purpose::client);
  EXPECT_THAT(codes(verdict), ::testing::ElementsAre(ErrorCode::certificate_signature_invalid));
}

TEST(VerifyPath, OrderAndExtrasDoNotMatter) {
  const auto& t = tutorial();
  std::vector<Certificate> junk;
  auto lookalike = intermediate_shape();
  lookalike.key_identifiers = false;
  for (int i = 0; i < 5; ++i) junk.push_back(forge(lookalike, &t.root).certificate);
  junk.push_back(t.root.certificate);
  junk.push_back(t.intermediate.certificate);
  junk.push_back(t.device.certificate);
  const auto verdict = verify_path(t.device.certificate, junk, t.root.certificate, kNow, Purpose::client);
  EXPECT_TRUE(verdict.faults.empty()) << verdict.faults.front().reason;
}

TEST(VerifyPath, PathsHaveALongestLength) {
  auto shape = root_shape();
  shape.basic_constraints = "critical,CA:TRUE";
  for (const std::size_t size : {kPathCertificatesMax, kPathCertificatesMax + 1}) {
    std::vector<Issued> made{forge(shape)};
    std::vector<Certificate> untrusted;
    while (made.size() + 1 < size) {
      shape.common_name = fmt::format("CA {}", made.size());
      made.push_back(forge(shape, &made.back()));
      untrusted.push_back(made.back().certificate);
    }
    const auto leaf = forge({}, &made.back());
    const auto verdict =
        verify_path(leaf.certificate, untrusted, made.front().certificate, kNow, Purpose::client);
    EXPECT_EQ(verdict.faults.empty(), size == kPathCertificatesMax) << size;
  }
}

TEST(VerifyPath, ConsidersABoundedNumberOfCertificates) {
  const auto& t = tutorial();
  std::vector<Certificate> junk(kUntrustedMax, forge(Shape{}).certificate);
  junk.push_back(t.intermediate.certificate);  // One too far.
  EXPECT_FALSE(
      verify_path(t.device.certificate, junk, t.root.certificate, kNow, Purpose::client).faults.empty());
  std::swap(junk.front(), junk.back());
  EXPECT_TRUE(
      verify_path(t.device.certificate, junk, t.root.certificate, kNow, Purpose::client).faults.empty());
}

TEST(VerifyPath, ServersAreJudgedAsServers) {
  const auto& t = tutorial();
  const auto server = forge({.extended_key_usage = "serverAuth"}, &t.intermediate);
  EXPECT_TRUE(
      verify_path(server.certificate, {}, t.intermediate.certificate, kNow, Purpose::server).faults.empty());
  const auto verdict =
      verify_path(t.device.certificate, {}, t.intermediate.certificate, kNow, Purpose::server);
  ASSERT_EQ(codes(verdict), std::vector{ErrorCode::certificate_purpose});
  EXPECT_THAT(verdict.faults[0].reason,
              HasSubstr("not for serverAuth: its extended key usage is clientAuth"));
}

TEST(IssuersOf, PrefersTheCandidateThatSigned) {
  const auto& t = tutorial();
  auto plain = intermediate_shape();
  plain.key_identifiers = false;
  const Issued lookalike = forge(plain, &t.root);
  const std::vector pool{lookalike.certificate, t.intermediate.certificate, t.root.certificate};
  EXPECT_EQ(issuers_of(t.device.certificate, pool, 10),
            (std::vector{t.device.certificate, t.intermediate.certificate, t.root.certificate}));
  // With nobody who signed, the one of that name, so that the reason can name it.
  EXPECT_EQ(issuers_of(t.device.certificate, {{lookalike.certificate}}, 10),
            (std::vector{t.device.certificate, lookalike.certificate}));
}

TEST(IssuersOf, EndsWhereItMust) {
  const auto& t = tutorial();
  const std::vector pool{t.intermediate.certificate, t.root.certificate};
  EXPECT_EQ(issuers_of(t.device.certificate, pool, 2).size(), 2u);
  EXPECT_EQ(issuers_of(t.device.certificate, {}, 10).size(), 1u);
  EXPECT_EQ(issuers_of(t.root.certificate, pool, 10).size(), 1u);

  // Two CAs that certify each other.
  const PrivateKey key_a = *PrivateKey::generate(KeyType::p256);
  const PrivateKey key_b = *PrivateKey::generate(KeyType::p256);
  const Issued a_self{certificate_for(root_shape("A"), nullptr, key_a), key_a};
  const Issued b_by_a{certificate_for(root_shape("B"), &a_self, key_b), key_b};
  const Issued a_by_b{certificate_for(root_shape("A"), &b_by_a, key_a), key_a};
  const auto leaf = forge({}, &b_by_a);
  const auto path = issuers_of(leaf.certificate, {{b_by_a.certificate, a_by_b.certificate}}, 10);
  EXPECT_EQ(path.size(), 3u);
}

}  // namespace
}  // namespace muster::pki
