#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "pki/certificate.hpp"
#include "pki/key.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace muster::pki {

/// A certificate and the key that belongs to it.
struct Issued {
  Certificate certificate;
  PrivateKey key;
};

/// What all profiles need to be told. `subject` is a DN as people write it: "/CN=My-Root-CA", "CN=a,O=b" or a
/// bare common name. notBefore is `now` minus `backdate`, so that a device whose clock is a little behind is
/// not refused.
struct IssueRequest {
  std::string subject;
  KeyType key = KeyType::p256;
  std::chrono::hours lifetime{24 * 365};
  std::chrono::minutes backdate{5};
  WallTime now;
};

/// The profiles of the tutorial (protocol/device/08 section 1). Serial numbers are 16 random bytes, positive.
/// Root: self-signed, CA, path length 1 (2 with `path_length`), keyCertSign and cRLSign, key identifiers.
Result<Issued> issue_root(const IssueRequest& request, Random& random, int path_length = 1);
/// Intermediate: CA, path length 0, keyCertSign and cRLSign, signed by `issuer`.
Result<Issued> issue_intermediate(const IssueRequest& request, const Issued& issuer, Random& random);
/// Device: end entity, digitalSignature (and keyEncipherment for RSA), clientAuth, SAN DNS = CN where the CN
/// is a DNS name.
Result<Issued> issue_device(const IssueRequest& request, const Issued& issuer, Random& random);
/// Proof of possession: CN is exactly the verification code, one day, signed by the CA being verified.
Result<Issued> issue_proof(const IssueRequest& request, const Issued& issuer, Random& random);

/// The names that a world's service answers as (contract section 3): what the server CA is constrained to and
/// its certificates carry.
struct ServerNames {
  std::vector<std::string> dns_names;     ///< "localhost", "muster.example", "*.azure-devices.net", ...
  std::vector<std::string> dns_subtrees;  ///< Permitted in the CA: "azure-devices.net", "localhost", ...
  std::vector<std::string> ip_addresses;  ///< "127.0.0.1", "::1".
};
/// Server CA: self-signed, path length 0, critical name constraints that permit `names` and nothing else.
Result<Issued> issue_server_ca(const IssueRequest& request, const ServerNames& names, Random& random);
/// Server certificate: serverAuth, SAN of `names`, CRL distribution point `crl_url`.
Result<Issued> issue_server(const IssueRequest& request, const Issued& issuer, const ServerNames& names,
                            const std::string& crl_url, Random& random);
/// An empty CRL of `issuer`, DER, valid from `now` for `lifetime`, with the CRL number `number`.
Result<Bytes> issue_empty_crl(const Issued& issuer, WallTime now, std::chrono::hours lifetime,
                              std::uint64_t number);

/// The certificate's alternative names hold every name and address of `names`.
bool covers_names(const Certificate& certificate, const ServerNames& names);

/// A human account of a certificate, one line a fact, as `muster pki inspect` prints it.
std::string describe(const Certificate& certificate);

}  // namespace muster::pki
