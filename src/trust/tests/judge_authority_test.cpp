// Good chains that nobody authorises, at DPS and at the hub: one row each. A refused row says which words its
// reason must hold, and none may be without.

#include "trust/judge.hpp"
#include "trust/tests/cast.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::trust::play {
namespace {

using enum ErrorCode;

/// A hundred certificates that help nobody, between what is sent first and last.
std::vector<Certificate> with_junk(std::vector<Certificate> first,
                                   const std::vector<Certificate>& last = {}) {
  first.insert(first.end(), 100, cast().stranger_root.certificate);
  first.insert(first.end(), last.begin(), last.end());
  return first;
}

struct AuthorityRows {
  const Cast& c = cast();
  const Certificate& device = c.device;
  const Certificate& intermediate = c.intermediate.certificate;
  const Certificate& root = c.root.certificate;
  const std::vector<Upload> t = tutorial_uploads();
  const std::vector<Group> g = tutorial_groups();
  const std::vector<Certificate> junk = with_junk({device});
  const std::vector<Certificate> late_chain = with_junk({device}, {intermediate});

  std::vector<Row> rows{
      {.name = "CA not verified",
       .sent = {device},
       .uploads = {{"my-intermediate-ca", intermediate, false}},
       .groups = g,
       .refused = ca_not_verified,
       .reason = {"CA certificate my-intermediate-ca", "CN=My-Intermediate-CA",
                  intermediate.sha256_thumbprint(), "not verified"},
       .group = "my-device-group"},
      {.name = "nearest CA not verified, root verified and grouped",
       .sent = {device},
       .uploads = {{"my-root-ca", root}, {"my-intermediate-ca", intermediate, false}},
       .groups = {{.id = "a", .ca_primary = "my-intermediate-ca"}, {.id = "b", .ca_primary = "my-root-ca"}},
       .refused = ca_not_verified,
       .reason = {"my-intermediate-ca"}},
      {.name = "CA not verified, no group",
       .sent = {device},
       .uploads = {{"my-intermediate-ca", intermediate, false}},
       .refused = ca_not_verified,
       .reason = {"my-intermediate-ca"}},
      {.name = "no group at all",
       .sent = {device},
       .uploads = t,
       .refused = no_enrollment_matches,
       .reason = {"CA certificate my-intermediate-ca", "CN=pump-07 <- CN=My-Intermediate-CA",
                  "no enrollment group"}},
      {.name = "group of another CA",
       .sent = {device},
       .uploads = {{"my-root-ca", root}, {"other", c.stranger_root.certificate}},
       .groups = group_of("other"),
       .refused = ca_unknown,
       .reason = {"CN=pump-07", "CN=My-Intermediate-CA"}},
      {.name = "group of another CA, chain sent",
       .sent = {device, intermediate},
       .uploads = {{"my-root-ca", root}, {"other", c.stranger_root.certificate}},
       .groups = group_of("other"),
       .refused = no_enrollment_matches,
       .reason = {"my-root-ca", "CN=My-Root-CA"}},
      {.name = "group refers to a name that is not uploaded",
       .sent = {device},
       .uploads = t,
       .groups = group_of("deleted"),
       .refused = no_enrollment_matches,
       .reason = {"my-intermediate-ca"}},
      {.name = "leaf only, intermediate missing",
       .sent = {device},
       .uploads = {{"my-root-ca", root}},
       .groups = group_of("my-root-ca"),
       .refused = ca_unknown,
       .reason = {"certificate CN=pump-07 was issued by CN=My-Intermediate-CA", "uploaded or was sent"}},
      {.name = "nothing uploaded",
       .sent = {device, intermediate, root},
       .uploads = {},
       .refused = ca_unknown,
       .reason = {"CN=My-Root-CA", root.sha256_thumbprint()}},
      {.name = "stranger's chain",
       .sent = {c.stranger, c.stranger_intermediate.certificate, c.stranger_root.certificate},
       .uploads = t,
       .groups = g,
       .refused = ca_unknown,
       .reason = {"CN=Stranger-CA", c.stranger_root.certificate.sha256_thumbprint()}},
      {.name = "stranger's chain with our root stapled on",
       .sent = {c.stranger, c.stranger_intermediate.certificate, root, intermediate},
       .uploads = t,
       .groups = g,
       .refused = ca_unknown,
       .reason = {"CN=Stranger-CA"}},
      {.name = "the tutorial's names, other keys",
       .sent = {c.lookalike_device, c.lookalike.certificate, c.lookalike_root.certificate},
       .uploads = t,
       .groups = g,
       .refused = ca_unknown,
       .reason = {"CN=My-Root-CA", "another certificate with another key"}},
      {.name = "the tutorial's names, other keys, leaf only",
       .sent = {c.lookalike_device},
       .uploads = t,
       .groups = g,
       .refused = ca_unknown,
       .reason = {"CN=pump-07 was issued by CN=My-Intermediate-CA", "another certificate with another key",
                  intermediate.sha256_thumbprint()}},
      {.name = "another service's CA does not count",
       .sent = {device},
       .uploads = {{"my-intermediate-ca", intermediate, true, kHub}},
       .groups = g,
       .refused = ca_unknown,
       .reason = {"DPS my-dps-x509"}},
      {.name = "100 junk certificates sent",
       .sent = junk,
       .uploads = {{"my-root-ca", root}},
       .groups = group_of("my-root-ca"),
       .refused = ca_unknown,
       .reason = {"of 101 certificates sent, the first 32 were considered"}},
      {.name = "100 junk certificates before the intermediate",
       .sent = late_chain,
       .uploads = {{"my-root-ca", root}},
       .groups = group_of("my-root-ca"),
       .refused = ca_unknown,
       .reason = {"CN=My-Intermediate-CA", "first 32"}},
      {.name = "100 junk certificates, chain from uploads",
       .sent = junk,
       .uploads = t,
       .groups = g,
       .anchor = "my-intermediate-ca"},
  };
};

struct HubRows {
  const Cast& c = cast();
  const Certificate& device = c.device;
  const Certificate& intermediate = c.intermediate.certificate;
  const std::vector<Upload> t = tutorial_uploads();
  static Row hub_row(Row row, Question question, std::int64_t ca_id = 0) {
    row.question = question;
    row.ca_id = ca_id;
    return row;
  }

  std::vector<Row> rows{
      hub_row({.name = "hub: own CA not verified",
               .sent = {device},
               .uploads = {{"inter", intermediate, false, kHub}},
               .refused = ca_not_verified,
               .reason = {"hub my-iot-hub-x509", "CA certificate inter"}},
              Question::any_ca),
      hub_row({.name = "hub: the DPS's CA is not the hub's own",
               .sent = {device},
               .uploads = t,
               .refused = ca_unknown,
               .reason = {"hub my-iot-hub-x509", "CN=pump-07"}},
              Question::any_ca),
      hub_row({.name = "hub: nothing uploaded",
               .sent = {device},
               .uploads = {},
               .refused = ca_unknown,
               .reason = {"CN=My-Intermediate-CA"}},
              Question::any_ca),
      hub_row({.name = "hub: own CA, leaf expired",
               .sent = {Cast::leaf({.until = day(2026, 2, 1)}, c.intermediate)},
               .uploads = {{"inter", intermediate, true, kHub}},
               .refused = certificate_expired,
               .reason = {"CN=pump-07 expired 2026-02-01"}},
              Question::any_ca),
      hub_row({.name = "hub: the CA itself as leaf",
               .sent = {intermediate},
               .uploads = {{"inter", intermediate, true, kHub}},
               .refused = certificate_chain_invalid,
               .reason = {"CN=My-Intermediate-CA is the uploaded CA certificate inter itself"}},
              Question::any_ca),
      hub_row({.name = "attested: CA deleted",
               .sent = {device},
               .uploads = t,
               .refused = ca_unknown,
               .reason = {"number 9", "CN=pump-07"}},
              Question::attested, 9),
      hub_row({.name = "attested: CA no longer verified",
               .sent = {device},
               .uploads = {{"my-intermediate-ca", intermediate, false}},
               .refused = ca_not_verified,
               .reason = {"my-intermediate-ca"}},
              Question::attested, 1),
      hub_row({.name = "attested: certificate of another CA",
               .sent = {c.stranger, c.stranger_intermediate.certificate},
               .uploads = t,
               .refused = certificate_chain_invalid,
               .reason = {"CN=pump-07 <- CN=Stranger-Intermediate", "CA certificate my-root-ca",
                          "CN=My-Root-CA"}},
              Question::attested, 1),
      hub_row({.name = "attested: intermediate expired",
               .sent = {Cast::leaf({}, c.expired_intermediate), c.expired_intermediate.certificate},
               .uploads = t,
               .refused = certificate_expired,
               .reason = {"intermediate certificate CN=Expired-CA expired"}},
              Question::attested, 1),
      hub_row({.name = "attested: signature broken",
               .sent = {Cast::leaf({.break_signature = true}, c.intermediate)},
               .uploads = t,
               .refused = certificate_signature_invalid,
               .reason = {"CN=pump-07"}},
              Question::attested, 2),
  };
};

TEST(JudgeRefuses, WhatNobodyAuthorises) {
  const AuthorityRows table;
  for (const Row& row : table.rows) expect_as(row);
}

TEST(JudgeRefuses, AtTheHub) {
  const HubRows table;
  for (const Row& row : table.rows) expect_as(row);
}

}  // namespace
}  // namespace muster::trust::play
