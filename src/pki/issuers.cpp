#include "pki/verify.hpp"

namespace muster::pki {
namespace {

/// The issuer of `certificate` in `pool`: the first whose key fits the signature, else the first of its name;
/// null when none. Signatures are looked at only where there is a choice: whoever judges the path looks at
/// them all again.
const Certificate* find_issuer(const Certificate& certificate, std::span<const Certificate> pool,
                               std::size_t& signatures_left) {
  const Certificate* first = nullptr;
  bool first_checked = false;
  const auto fits = [&](const Certificate& candidate) {
    if (signatures_left == 0) return false;
    --signatures_left;
    return certificate.is_signed_by(candidate);
  };
  for (const Certificate& candidate : pool) {
    if (!certificate.could_be_issued_by(candidate)) continue;
    if (first == nullptr) {
      first = &candidate;
      continue;
    }
    if (candidate == *first) continue;  // Sent and uploaded: the same certificate.
    if (!first_checked && fits(*first)) return first;
    first_checked = true;
    if (fits(candidate)) return &candidate;
  }
  return first;
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
