#pragma once
// Private to trust: what both judges do with a chain.

#include "pki/verify.hpp"
#include "trust/anchors.hpp"
#include "trust/judgement.hpp"

namespace muster::trust {

/// The issuers above the leaf from what is known and what was sent; `preferred`, if not null, before all
/// others. Known ones come before sent ones, and those that are valid at `now` before those that are not, so
/// that a renewed CA is found.
std::vector<pki::Certificate> find_path(const pki::Chain& chain, const Anchors& anchors, WallTime now,
                                        const pki::Certificate* preferred = nullptr);

/// Judges path[0..anchor_index] by pki::verify_path and adds a check for each thing that it looks at.
void check_path(Judgement& judgement, std::span<const pki::Certificate> path, std::size_t anchor_index,
                WallTime now);

/// "CN=a <- CN=b <- CN=c".
std::string drawn(std::span<const pki::Certificate> path);
/// "DPS my-dps-x509", "hub my-iot-hub-x509".
std::string named(const ServiceRef& service);
/// A name cut to what fits a line.
std::string short_name(std::string name);

Error unknown_ca(const pki::Chain& chain, std::span<const pki::Certificate> path, const Anchors& anchors);
Error unverified_ca(const KnownCa& ca, const Anchors& anchors);
/// The presented leaf is itself a CA certificate that the service knows.
Error leaf_is_ca(const pki::Certificate& leaf, std::string_view known_as);

}  // namespace muster::trust
