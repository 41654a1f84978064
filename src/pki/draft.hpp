#pragma once
// Private to pki: a certificate under construction, and what all profiles share.

#include "pki/issue.hpp"
#include "pki/openssl.hpp"

#include <string>
#include <string_view>

namespace muster::pki {

/// A DN as people write it to a name: "/CN=a/O=b", "CN=a,O=b" or a bare common name. field_invalid otherwise.
Result<OwnedName> parse_subject(std::string_view text);

/// Letters, digits and hyphens in labels (RFC 1123 section 2.1); `*` alone as the first label where
/// `wildcard`.
bool is_dns_name(std::string_view name, bool wildcard);
/// 4 or 16 bytes in network order; field_invalid otherwise.
Result<Bytes> parse_ip_address(const std::string& text);

/// One certificate being made: number, names and dates are set at the start, extensions are added, sign()
/// ends it. What can only fail through a bug of ours is asserted.
class Draft {
 public:
  static Result<Draft> begin(const IssueRequest& request, const PrivateKey& key, Random& random);

  /// Who signs: the issuer's name and key identifier; nullptr for a self-signed certificate. Before
  /// extensions.
  void set_issuer(const Certificate* issuer);
  /// `value` in OpenSSL's configuration syntax; never made of what someone typed.
  void add(int nid, const char* value);
  /// An extension from its C structure: for values that come from outside.
  void add(int nid, void* structure, bool critical);
  Result<Certificate> sign(const PrivateKey& issuer_key);

  X509* native() const noexcept { return x509_.get(); }

 private:
  explicit Draft(OwnedX509 x509) : x509_{std::move(x509)} {}
  OwnedX509 x509_;
  X509* issuer_ = nullptr;
};

/// SAN from names and addresses.
Result<Owned<GENERAL_NAMES, GENERAL_NAMES_free>> alternative_names(
    const std::vector<std::string>& dns_names, const std::vector<std::string>& ip_addresses);
/// One name of a kind that is an IA5String (GEN_DNS, GEN_URI, GEN_EMAIL).
GENERAL_NAME* text_name(int kind, std::string_view text);
/// One iPAddress of these bytes (an address, or an address and its mask).
GENERAL_NAME* ip_name(ByteView bytes);

/// Whether these two belong together; key_mismatch otherwise.
Result<void> check_issuer(const Issued& issuer);

}  // namespace muster::pki
