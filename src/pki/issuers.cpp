#include "pki/verify.hpp"

namespace muster::pki {
namespace {

/// The issuer of `certificate` in `pool`: the first whose key fits the signature, else the first of its name;
/// null when none.
const Certificate* find_issuer(const Certificate& certificate, std::span<const Certificate> pool,
                               std::size_t& signatures_left) {
  const Certificate* named = nullptr;
  for (const Certificate& candidate : pool) {
    if (!certificate.could_be_issued_by(candidate)) continue;
    if (named == nullptr) named = &candidate;
    if (signatures_left == 0) break;
    --signatures_left;
    if (certificate.is_signed_by(candidate)) return &candidate;
  }
  return named;
}

}  // namespace

std::vector<Certificate> issuers_of(const Certificate& leaf, std::span<const Certificate> pool,
                                    std::size_t path_max) {
  std::vector<Certificate> path{leaf};
  std::size_t signatures_left = kPathSignaturesMax;
  while (path.size() < path_max && !path.back().is_self_issued()) {
    const Certificate* issuer = find_issuer(path.back(), pool, signatures_left);
    // Two CAs that certify each other would lead round in a circle.
    if (issuer == nullptr || std::ranges::find(path, *issuer) != path.end()) break;
    path.push_back(*issuer);
  }
  return path;
}

}  // namespace muster::pki
