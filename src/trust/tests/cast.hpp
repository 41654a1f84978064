#pragma once
// For the judge's tests: all certificates that play a part, and what a row of a table says.

#include "pki/verify.hpp"
#include "trust/judge.hpp"
#include "trust/tests/fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::trust::play {

using fixtures::anchors_of;
using fixtures::Group;
using fixtures::kDps;
using fixtures::kHub;
using fixtures::Upload;
using pki::Certificate;
using pki::Chain;
using pki::Issued;
using pki::forge::certificate_for;
using pki::forge::day;
using pki::forge::forge;
using pki::forge::intermediate_shape;
using pki::forge::kNow;
using pki::forge::root_shape;
using pki::forge::Shape;
using ::testing::HasSubstr;

inline Shape with(Shape shape, const std::function<void(Shape&)>& change) {
  change(shape);
  return shape;
}

/// All certificates of this file, made once.
struct Cast {
  Issued root = forge(root_shape());
  Issued intermediate = forge(intermediate_shape(), &root);
  Certificate device = leaf({}, intermediate);
  Certificate device_of_root = leaf({}, root);

  Issued stranger_root = forge(root_shape("Stranger-CA"));
  Issued stranger_intermediate = forge(intermediate_shape("Stranger-Intermediate"), &stranger_root);
  Certificate stranger = leaf({}, stranger_intermediate);
  Certificate self_signed = forge(Shape{}).certificate;

  /// The tutorial's names with other keys.
  Issued lookalike_root = forge(root_shape());
  Issued lookalike = forge(intermediate_shape(), &lookalike_root);
  Certificate lookalike_device = leaf({}, lookalike);
  /// The same without key identifiers: only the signature tells.
  Issued plain_root = forge(with(root_shape("Plain"), no_identifiers));
  Issued plain_lookalike = forge(with(root_shape("Plain"), no_identifiers));
  Certificate plain_device = leaf({.key_identifiers = false}, plain_root);
  Certificate plain_lookalike_device = leaf({.key_identifiers = false}, plain_lookalike);

  /// The root renewed: same name, same key, a later life.
  Certificate old_root =
      certificate_for(with(root_shape(), [](Shape& s) { s.until = day(2026, 3, 1); }), nullptr, root.key);
  Certificate renewed_root =
      certificate_for(with(root_shape(), [](Shape& s) { s.until = day(2040, 1, 1); }), nullptr, root.key);
  /// The root certified by a stranger: a way up that leads elsewhere.
  Certificate cross_signed_root = certificate_for(root_shape(), &stranger_root, root.key);

  Issued expired_intermediate =
      forge(with(intermediate_shape("Expired-CA"), [](Shape& s) { s.until = day(2026, 5, 1); }), &root);
  Issued future_intermediate =
      forge(with(intermediate_shape("Future-CA"), [](Shape& s) { s.from = day(2026, 7, 1); }), &root);
  Issued no_ca = forge(
      with(intermediate_shape("No-CA"), [](Shape& s) { s.basic_constraints = "critical,CA:FALSE"; }), &root);
  Issued no_basic = forge(
      with(intermediate_shape("No-Basic"), [](Shape& s) { s.basic_constraints = s.key_usage = nullptr; }),
      &root);
  Issued no_sign =
      forge(with(intermediate_shape("No-Sign"), [](Shape& s) { s.key_usage = "critical,cRLSign"; }), &root);
  Issued broken_intermediate =
      forge(with(intermediate_shape("Broken-CA"), [](Shape& s) { s.break_signature = true; }), &root);
  Issued server_only = forge(
      with(intermediate_shape("Server-CA"), [](Shape& s) { s.extended_key_usage = "serverAuth"; }), &root);
  Issued sub_ca = forge(intermediate_shape("Sub-CA"), &intermediate);  // Under a path length of 0.
  Issued constrained =
      forge(with(intermediate_shape("Constrained"),
                 [](Shape& s) { s.name_constraints = "critical,permitted;DNS:factory.example"; }),
            &root);
  Issued expired_root = forge(with(root_shape("Expired-Root"), [](Shape& s) { s.until = day(2026, 5, 1); }));

  static void no_identifiers(Shape& shape) { shape.key_identifiers = false; }
  static Certificate leaf(const Shape& shape, const Issued& issuer) {
    return forge(shape, &issuer).certificate;
  }
};

inline const Cast& cast() {
  static const Cast made;
  return made;
}

enum class Question { groups, any_ca, attested };

struct Row {
  const char* name;
  std::vector<Certificate> sent;
  std::vector<Upload> uploads;
  std::vector<Group> groups = {};
  std::optional<ErrorCode> refused = std::nullopt;  ///< nullopt: accepted.
  std::vector<std::string> reason = {};             ///< All in the first failure's reason.
  std::string anchor = {};                          ///< Its name, where one was found.
  std::string group = {};
  std::size_t path_size = 0;  ///< 0: not looked at.
  Question question = Question::groups;
  std::int64_t ca_id = 0;
};

inline std::vector<Upload> tutorial_uploads() {
  return {{"my-root-ca", cast().root.certificate}, {"my-intermediate-ca", cast().intermediate.certificate}};
}
inline std::vector<Group> tutorial_groups() {
  return {{.id = "my-device-group", .ca_primary = "my-intermediate-ca"}};
}
inline std::vector<Group> group_of(std::string ca) { return {{.id = "g", .ca_primary = std::move(ca)}}; }

inline Judgement judged(const Row& row, const Anchors& anchors) {
  const Chain chain{row.sent};
  if (row.question == Question::groups) return judge_for_groups(chain, anchors, kNow);
  return judge_for_anchor(chain, anchors, row.ca_id, kNow);
}

inline void expect_refused(const Row& row, const Judgement& judgement) {
  ASSERT_FALSE(judgement.accepted()) << row.name;
  ASSERT_TRUE(judgement.failure()) << row.name << ": refused without saying why";
  EXPECT_EQ(judgement.failure()->code(), *row.refused) << row.name << ": " << judgement.failure()->reason();
  ASSERT_FALSE(row.reason.empty()) << row.name << ": a row must say what its reason holds";
  for (const std::string& part : row.reason)
    EXPECT_THAT(judgement.failure()->reason(), HasSubstr(part)) << row.name;
  EXPECT_FALSE(judgement.failure()->remedy().empty()) << row.name;
  const auto failed = std::ranges::find(judgement.checks(), Outcome::failed, &Check::outcome);
  ASSERT_NE(failed, judgement.checks().end()) << row.name;
  EXPECT_EQ(failed->detail, judgement.failure()->reason()) << row.name;
}

inline void expect_as(const Row& row) {
  const auto anchors = anchors_of(row.question == Question::groups ? kDps : kHub, row.uploads, row.groups);
  const Judgement judgement = judged(row, *anchors);
  if (row.refused) {
    expect_refused(row, judgement);
  } else {
    EXPECT_TRUE(judgement.accepted())
        << row.name << ": " << (judgement.failure() ? judgement.failure()->reason() : "");
    EXPECT_TRUE(judgement.anchor()) << row.name;
    EXPECT_EQ(judgement.group() != nullptr, row.question == Question::groups) << row.name;
  }
  if (!row.anchor.empty()) {
    EXPECT_EQ(judgement.anchor().value().name, row.anchor) << row.name;
  }
  if (!row.group.empty()) {
    EXPECT_EQ(judgement.group() ? judgement.group()->id.str() : "none", row.group) << row.name;
  }
  if (row.path_size != 0) {
    EXPECT_EQ(judgement.path().size(), row.path_size) << row.name;
  }
  ASSERT_FALSE(judgement.path().empty()) << row.name;
  EXPECT_EQ(judgement.path().front().sha256_thumbprint, row.sent.front().sha256_thumbprint()) << row.name;
  EXPECT_TRUE(pki::forge::left_no_error()) << row.name << " left an error in OpenSSL's queue";
}

}  // namespace muster::trust::play
