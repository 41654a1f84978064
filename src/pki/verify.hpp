#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "pki/certificate.hpp"

namespace muster::pki {

/// Why a path was refused: OpenSSL's verdict in our words, and on which certificate.
struct PathFault {
  ErrorCode code;              ///< certificate_expired, certificate_signature_invalid, ...
  std::string reason;          ///< With the values that matter: which certificate, which dates, what the clock said.
  std::size_t depth = 0;       ///< Index in `path` of the certificate at fault.
};

/// The outcome of judging one leaf against one anchor.
struct PathVerdict {
  std::vector<Certificate> path;      ///< From the leaf to the anchor, as far as it was built.
  std::vector<PathFault> faults;      ///< Empty: the path is good. In the order found.
};

enum class Purpose : std::uint8_t { client, server };

/// Judges by X509_verify_cert, at `now`, whether `leaf` chains to `anchor` through any of `untrusted`: signatures, validity,
/// CA flags, path length, purpose. An intermediate may be the anchor; nothing but `anchor` is trusted.
PathVerdict verify_path(const Certificate& leaf, std::span<const Certificate> untrusted, const Certificate& anchor,
                        WallTime now, Purpose purpose);

/// The chain of issuers above `leaf` found in `pool` by name, key identifiers and signature: [0] is the leaf. Stops at a
/// self-issued certificate, at an unknown issuer, or after `path_max` certificates. Dates and constraints are not judged.
std::vector<Certificate> issuers_of(const Certificate& leaf, std::span<const Certificate> pool, std::size_t path_max);

}  // namespace muster::pki
