#include "pki/issue.hpp"

#include <openssl/x509v3.h>

#include <algorithm>

namespace muster::pki {

bool covers_names(const Certificate& certificate, const ServerNames& names) {
  const auto holds_dns = [&](std::string name) {
    // OpenSSL matches host names, so a wildcard is asked for by a host that only it can cover.
    if (name.starts_with("*.")) name.replace(0, 1, "name-that-only-a-wildcard-covers");
    return X509_check_host(certificate.native(), name.data(), name.size(), 0, nullptr) == 1;
  };
  const auto holds_ip = [&](const std::string& address) {
    return X509_check_ip_asc(certificate.native(), address.c_str(), 0) == 1;
  };
  return std::ranges::all_of(names.dns_names, holds_dns) && std::ranges::all_of(names.ip_addresses, holds_ip);
}

}  // namespace muster::pki
