#pragma once

#include "base/result.hpp"

#include <string>

namespace muster::net {

/// What OpenSSL's last call on this thread failed with. Empties the thread's error queue.
struct TlsFault {
  Error error;
  bool alert_sent = false;  ///< It was we who gave up: the peer has yet to read why.
};

/// `ssl_error` is SSL_get_error's answer, SSL_ERROR_SSL or SSL_ERROR_SYSCALL; `system_error` is errno right
/// after the call. connection_lost when the transport ended without close_notify, tls_failure otherwise, with
/// the peer's alert by name: it is all that a server learns of why a client does not trust it
/// (protocol/device/10 section 2).
TlsFault take_tls_fault(int ssl_error, int system_error);

/// "unknown_ca (48)"; "alert 200" when RFC 8446 section 6 and RFC 5246 section 7.2 do not name it.
std::string alert_name(int alert);

/// What the thread's error queue says, oldest first, or `otherwise` when it is empty. Empties the queue.
std::string take_openssl_reason(std::string_view otherwise);

}  // namespace muster::net
