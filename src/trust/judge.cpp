#include "trust/judge.hpp"

#include "trust/path.hpp"

namespace muster::trust {
namespace {

/// The certificate of the path that decides, and what is known of it.
struct Target {
  std::size_t index = 0;  ///< 0: none; the leaf is never its own anchor.
  const KnownCa* ca = nullptr;
  const GroupReference* group = nullptr;
};

/// The service's own CA nearest to the leaf; verified ones win, wherever they stand.
Target nearest_ca(std::span<const pki::Certificate> path, const Anchors& anchors) {
  Target unverified;
  for (std::size_t i = 1; i < path.size(); ++i) {
    const auto cas = anchors.own_cas_of(path[i]);
    if (cas.empty()) continue;
    if (cas.front()->record.verified) return {i, cas.front(), nullptr};
    if (unverified.index == 0) unverified = {i, cas.front(), nullptr};
  }
  return unverified;
}

/// Source: device/01 section 8.2: the group that matches the certificate nearest to the leaf, walking up to
/// the root.
Target nearest_group(std::span<const pki::Certificate> path, const Anchors& anchors) {
  for (std::size_t i = 1; i < path.size(); ++i) {
    const auto groups = anchors.groups_of(path[i]);
    if (!groups.empty()) return {i, groups.front().ca, &groups.front()};
  }
  return nearest_ca(path, anchors);
}

void check_verified(Judgement& judgement, const KnownCa& ca, const Anchors& anchors) {
  if (!ca.record.verified) return judgement.fail("CA verified", unverified_ca(ca, anchors));
  judgement.pass("CA verified", fmt::format("CA certificate {}", ca.record.name.str()));
}

Anchor identity_of(const pki::Certificate& certificate, const Target& target) {
  Anchor anchor;
  anchor.subject = certificate.subject();
  anchor.sha256_thumbprint = certificate.sha256_thumbprint();
  if (target.ca != nullptr) {
    anchor.ca_id = target.ca->record.id;
    anchor.name = target.ca->record.name.str();
  } else {
    anchor.name = target.group->group->id.str();
  }
  return anchor;
}

Error no_group(const KnownCa& ca, std::span<const pki::Certificate> path, const Anchors& anchors) {
  const auto& name = ca.record.name.str();
  return Error{
      ErrorCode::no_enrollment_matches,
      fmt::format("{}: the chain {} leads to CA certificate {}, and no enrollment group refers to any of it",
                  named(anchors.service()), drawn(path), name)}
      .with_remedy(fmt::format(
          "Create one: `muster dps enrollment-group create --dps-name {} --enrollment-id NAME --ca-name {}`.",
          anchors.service().name.str(), name));
}

void check_group(Judgement& judgement, const Target& target, std::span<const pki::Certificate> path,
                 const Anchors& anchors) {
  if (target.group == nullptr) {
    return judgement.fail("enrollment group", no_group(*target.ca, path.first(target.index + 1), anchors));
  }
  const auto& group = target.group->group;
  judgement.set_group(group);
  const auto count = anchors.groups_of(path[target.index]).size();
  const std::string others = count > 1 ? fmt::format(", the first of {}", count) : std::string{};
  judgement.pass("enrollment group", fmt::format("{} refers to {}{}", group->id.str(),
                                                 short_name(path[target.index].subject()), others));
}

/// What a CA certificate that is presented as if it were a device's is known as; empty when it is not known.
std::string known_as(const pki::Certificate& leaf, const Anchors& anchors) {
  for (const KnownCa& ca : anchors.cas()) {
    if (ca.certificate == leaf) return fmt::format("the uploaded CA certificate {}", ca.record.name.str());
  }
  const auto groups = anchors.groups_of(leaf);
  if (groups.empty()) return {};
  return fmt::format("the signing certificate of enrollment group {}", groups.front().group->id.str());
}

/// Begins a judgement with the path as it was found. False: it is refused already.
bool begin(Judgement& judgement, const pki::Chain& chain, std::span<const pki::Certificate> path,
           const Anchors& anchors) {
  judgement.set_path(path);
  if (const std::string as = known_as(chain.leaf(), anchors); !as.empty()) {
    judgement.fail("chain", leaf_is_ca(chain.leaf(), as));
    return false;
  }
  // A path ends at such a certificate, for nobody can be its issuer; "CA not found" would send its owner the
  // wrong way.
  if (path.back().has_unreadable_extension()) {
    judgement.fail("chain", Error{ErrorCode::certificate_unreadable,
                                  fmt::format("certificate {} has an extension that cannot be read",
                                              short_name(path.back().subject()))});
    return false;
  }
  return true;
}

Judgement judge_for_attesting(const pki::Chain& chain, const Anchors& anchors, std::int64_t ca_id,
                              WallTime now) {
  Judgement judgement;
  const KnownCa* ca = anchors.find_ca(ca_id);
  if (ca == nullptr) {
    judgement.set_path(std::span{&chain.leaf(), 1});
    judgement.fail(
        "attesting CA",
        Error{ErrorCode::ca_unknown,
              fmt::format("{}: the CA certificate (number {}) that attested {} is no longer uploaded",
                          named(anchors.service()), ca_id, short_name(chain.leaf().subject()))}
            .with_remedy(
                "Upload a CA certificate of its chain again, verify it, and let the device register."));
    return judgement;
  }
  const auto path = find_path(chain, anchors, now, &ca->certificate);
  if (!begin(judgement, chain, path, anchors)) return judgement;
  const auto found = std::ranges::find(path, ca->certificate);
  if (found == path.end()) {
    judgement.fail(
        "chain",
        Error{
            ErrorCode::certificate_chain_invalid,
            fmt::format("{}: the chain {} does not reach CA certificate {} ({}), which attested this device",
                        named(anchors.service()), drawn(path), ca->record.name.str(),
                        short_name(ca->certificate.subject()))}
            .with_remedy("Let the device register again with this certificate, or connect with one that was "
                         "issued under that CA."));
    return judgement;
  }
  const Target target{static_cast<std::size_t>(found - path.begin()), ca, nullptr};
  judgement.pass("chain", drawn(path));
  judgement.set_anchor(identity_of(path[target.index], target));
  check_path(judgement, path, target.index, now);
  check_verified(judgement, *ca, anchors);
  return judgement;
}

}  // namespace

Judgement judge_for_groups(const pki::Chain& chain, const Anchors& anchors, WallTime now) {
  Judgement judgement;
  const auto path = find_path(chain, anchors, now);
  if (!begin(judgement, chain, path, anchors)) return judgement;
  const Target target = nearest_group(path, anchors);
  if (target.index == 0) {
    judgement.fail("chain", unknown_ca(chain, path, anchors));
    return judgement;
  }
  judgement.pass("chain", drawn(path));
  judgement.set_anchor(identity_of(path[target.index], target));
  check_path(judgement, path, target.index, now);
  if (target.ca != nullptr) {
    check_verified(judgement, *target.ca, anchors);
  } else {
    judgement.skip("CA verified", "the certificate stands in the enrollment group itself");
  }
  check_group(judgement, target, path, anchors);
  return judgement;
}

Judgement judge_for_anchor(const pki::Chain& chain, const Anchors& anchors, std::int64_t ca_id,
                           WallTime now) {
  if (ca_id != 0) return judge_for_attesting(chain, anchors, ca_id, now);
  Judgement judgement;
  const auto path = find_path(chain, anchors, now);
  if (!begin(judgement, chain, path, anchors)) return judgement;
  const Target target = nearest_ca(path, anchors);
  if (target.index == 0) {
    judgement.fail("chain", unknown_ca(chain, path, anchors));
    return judgement;
  }
  judgement.pass("chain", drawn(path));
  judgement.set_anchor(identity_of(path[target.index], target));
  check_path(judgement, path, target.index, now);
  check_verified(judgement, *target.ca, anchors);
  return judgement;
}

}  // namespace muster::trust
