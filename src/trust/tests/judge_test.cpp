// What a judgement holds, and that it stays bounded.

#include "trust/judge.hpp"

#include "trust/tests/cast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::trust::play {
namespace {

TEST(Judge, RemediesHoldTheCommandWithThisCasesNames) {
  const auto& c = cast();
  const auto unverified = judge_for_groups(
      {{c.device}},
      *anchors_of(kDps, {{"my-intermediate-ca", c.intermediate.certificate, false}}, tutorial_groups()),
      kNow);
  EXPECT_THAT(unverified.failure()->remedy(),
              HasSubstr("`muster dps certificate verify --dps-name my-dps-x509 --certificate-name "
                        "my-intermediate-ca --path proof.pem`"));
  const auto no_group = judge_for_groups({{c.device}}, *anchors_of(kDps, tutorial_uploads()), kNow);
  EXPECT_THAT(no_group.failure()->remedy(), HasSubstr("enrollment-group create --dps-name my-dps-x509 "
                                                      "--enrollment-id NAME --ca-name my-intermediate-ca"));
  const auto unknown = judge_for_anchor({{c.device}}, *anchors_of(kHub, {}), 0, kNow);
  EXPECT_THAT(unknown.failure()->remedy(),
              HasSubstr("`muster hub certificate create --hub-name my-iot-hub-x509"));
}

TEST(Judge, SaysEachCheckInOrder) {
  const auto& c = cast();
  const auto judgement =
      judge_for_groups({{c.device}}, *anchors_of(kDps, tutorial_uploads(), tutorial_groups()), kNow);
  std::vector<std::string> names;
  for (const Check& check : judgement.checks()) {
    names.push_back(check.name);
    EXPECT_EQ(check.outcome, Outcome::passed);
    EXPECT_FALSE(check.detail.empty()) << check.name;
  }
  EXPECT_THAT(names, ::testing::ElementsAre("chain", "signature", "certificate authority", "constraints",
                                            "validity", "purpose", "CA verified", "enrollment group"));
  EXPECT_EQ(judgement.anchor()->ca_id, 2);
  EXPECT_EQ(judgement.anchor()->subject, "CN=My-Intermediate-CA");
  EXPECT_EQ(judgement.earliest_not_after(), day(2027, 1, 1));
}

TEST(Judge, SaysEveryFaultOfAChain) {
  const auto& c = cast();
  const auto bad =
      Cast::leaf({.until = day(2026, 2, 1), .extended_key_usage = "serverAuth"}, c.expired_intermediate);
  const auto judgement = judge_for_groups({{bad, c.expired_intermediate.certificate}},
                                          *anchors_of(kDps, {{"r", c.root.certificate, false}}), kNow);
  std::vector<std::string> failed;
  for (const Check& check : judgement.checks()) {
    if (check.outcome == Outcome::failed) failed.push_back(check.name);
  }
  EXPECT_THAT(failed,
              ::testing::ElementsAre("validity", "validity", "purpose", "CA verified", "enrollment group"));
}

TEST(Judge, UnreadableCertificatesAuthoriseNobodyAndAreNamed) {
  const auto& c = cast();
  auto record = fixtures::record_of(Upload{"my-intermediate-ca", c.intermediate.certificate}, 1);
  record.der.resize(100);
  auto group = fixtures::record_of(Group{.id = "inline", .signing_primary = c.intermediate.certificate});
  group.settings.attestation.signing_primary->der.clear();
  const Anchors anchors{kDps, 1, {record}, {group}};
  EXPECT_EQ(anchors.faults().size(), 2u);
  const auto judgement = judge_for_groups({{c.device}}, anchors, kNow);
  ASSERT_FALSE(judgement.accepted());
  EXPECT_THAT(judgement.failure()->reason(),
              HasSubstr("stored CA certificate my-intermediate-ca: not an X.509"));
  EXPECT_THAT(judgement.failure()->reason(),
              HasSubstr("stored signing certificate of enrollment group inline"));
}

TEST(Judge, ManySignersOfOneNameCostABoundedNumberOfSignatures) {
  const auto& c = cast();
  std::vector<Certificate> sent{c.plain_device};
  for (std::size_t i = 0; i < 100; ++i)
    sent.push_back(forge(with(root_shape("Plain"), Cast::no_identifiers)).certificate);
  sent[99] = c.plain_root.certificate;
  // Not found: the right one is beyond the limit, and the refusal says so.
  const auto lost = judge_for_groups({sent}, *anchors_of(kDps, {{"r", c.root.certificate}}), kNow);
  EXPECT_THAT(lost.failure()->reason(), HasSubstr("first 32 were considered"));
  // What is uploaded comes before what is sent, so lookalikes cannot hide it.
  const auto found = judge_for_groups(
      {sent}, *anchors_of(kDps, {{"plain", c.plain_root.certificate}}, group_of("plain")), kNow);
  EXPECT_TRUE(found.accepted());
}

TEST(Judge, LongNamesAreCutInReasons) {
  // X.520 ends a common name at 64 characters; OpenSSL parses longer ones, and a stranger may send them.
  const auto& c = cast();
  X509* raw = X509_dup(c.self_signed.native());
  X509_NAME* name = X509_get_subject_name(raw);
  const std::string huge(60'000, 'x');
  ASSERT_EQ(X509_NAME_add_entry_by_NID(name, NID_description, V_ASN1_UTF8STRING,
                                       reinterpret_cast<const unsigned char*>(huge.data()),
                                       static_cast<int>(huge.size()), -1, 0),
            1);
  X509_set_issuer_name(raw, name);
  const auto certificate = Certificate::from_native(raw);
  X509_free(raw);
  const auto judgement = judge_for_groups({{certificate}}, *anchors_of(kDps, {}), kNow);
  EXPECT_LT(judgement.failure()->reason().size(), 1'000u);
}

}  // namespace
}  // namespace muster::trust::play
