#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "pki/certificate.hpp"

#include <span>
#include <string>
#include <vector>

namespace muster::pki {

/// Longest path judged or built, leaf and anchor included. Three is usual; five is seen with cross-signing.
inline constexpr std::size_t kPathCertificatesMax = 10;
/// Of what a peer sent, no more than this many are considered, in the order sent.
inline constexpr std::size_t kUntrustedMax = 32;
/// Signatures that building one path may verify, so that a peer cannot buy our time with lookalikes.
inline constexpr std::size_t kPathSignaturesMax = 32;

/// Why a path was refused: OpenSSL's verdict in our words, and on which certificate.
struct PathFault {
  ErrorCode code;      ///< certificate_expired, certificate_signature_invalid, ...
  std::string reason;  ///< With the values that matter: which certificate, which dates, what the clock said.
  std::size_t depth = 0;  ///< Index in `path` of the certificate at fault.
};

/// The outcome of judging one leaf against one anchor.
struct PathVerdict {
  std::vector<Certificate> path;  ///< From the leaf to the anchor, as far as it was built.
  std::vector<PathFault> faults;  ///< Empty: the path is good. In the order found.
};

enum class Purpose : std::uint8_t { client, server };

/// Judges by X509_verify_cert, at `now`, whether `leaf` chains to `anchor` through any of `untrusted`:
/// signatures, validity, extensions, CA flags, path length, name constraints, unknown critical extensions,
/// purpose, and keys and digests of at least 112 bits (RSA 2048, P-256, SHA-256). An intermediate may be the
/// anchor; nothing but `anchor` is trusted. Faults are all that were found, not only the first. A certificate
/// is valid from notBefore up to, and not at, notAfter: OpenSSL's reading; RFC 5280 includes that last
/// second. No CRLs.
PathVerdict verify_path(const Certificate& leaf, std::span<const Certificate> untrusted,
                        const Certificate& anchor, WallTime now, Purpose purpose);

/// The chain of issuers above `leaf` found in `pool` by name and key identifiers: [0] is the leaf. Of several
/// candidates, the first whose key made the signature is taken; where none did, the first of that name, so
/// that verify_path can say what is wrong with it: a path from here proves nothing. Stops at a self-issued
/// certificate, at an unknown issuer, or after `path_max` certificates. Dates and constraints are not judged.
std::vector<Certificate> issuers_of(const Certificate& leaf, std::span<const Certificate> pool,
                                    std::size_t path_max);

}  // namespace muster::pki
