#pragma once

#include "base/clock.hpp"

#include <string>

using SSL = struct ssl_st;
using X509_STORE_CTX = struct x509_store_ctx_st;

namespace muster::net {

/// Tells a client's SSL object whom it wants to reach: SNI (for a name; RFC 6066 section 3 allows no
/// address), the host or address that the certificate must bear, and the time at which certificates are
/// judged. False when `name` cannot be a host's.
bool expect_server(SSL* ssl, const std::string& name, WallTime now);

/// Why verification of the server just failed, in OpenSSL's words, with the certificate and the values that
/// matter.
std::string describe_untrusted(X509_STORE_CTX* store, const std::string& name, WallTime now);

}  // namespace muster::net
