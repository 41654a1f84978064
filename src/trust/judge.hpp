#pragma once

#include "trust/anchors.hpp"
#include "trust/judgement.hpp"

namespace muster::trust {

/// May this chain register at a DPS instance through an enrollment group? The issuers above the leaf are
/// looked for among what was sent and what is known to the service, so a leaf alone is enough where its CAs
/// are uploaded (device/01 section 8.2). The certificate nearest to the leaf that a group refers to decides:
/// the path is judged up to it, and group() is that group, also when it is disabled and when the path has a
/// fault. Refused with certificate_* for a fault of the chain, ca_not_verified, no_enrollment_matches (a CA
/// is known, no group refers to it) or ca_unknown.
Judgement judge_for_groups(const pki::Chain& chain, const Anchors& anchors, WallTime now);

/// May this chain connect to a hub as an identity of type certificateAuthority? With `ca_id` the chain must
/// reach that uploaded certificate, whoever owns it: it attested the device. With 0 it must reach a verified
/// one of the hub's own.
Judgement judge_for_anchor(const pki::Chain& chain, const Anchors& anchors, std::int64_t ca_id, WallTime now);

}  // namespace muster::trust
