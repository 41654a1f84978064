#include "net/tls_error.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <system_error>

#include <algorithm>
#include <array>

namespace muster::net {
namespace {

struct Alert {
  int number;
  std::string_view name;
};

// RFC 8446 section 6, and RFC 5246 section 7.2 for what TLS 1.3 dropped.
constexpr std::array kAlerts{
    Alert{0, "close_notify"},
    Alert{10, "unexpected_message"},
    Alert{20, "bad_record_mac"},
    Alert{21, "decryption_failed"},
    Alert{22, "record_overflow"},
    Alert{30, "decompression_failure"},
    Alert{40, "handshake_failure"},
    Alert{41, "no_certificate"},
    Alert{42, "bad_certificate"},
    Alert{43, "unsupported_certificate"},
    Alert{44, "certificate_revoked"},
    Alert{45, "certificate_expired"},
    Alert{46, "certificate_unknown"},
    Alert{47, "illegal_parameter"},
    Alert{48, "unknown_ca"},
    Alert{49, "access_denied"},
    Alert{50, "decode_error"},
    Alert{51, "decrypt_error"},
    Alert{60, "export_restriction"},
    Alert{70, "protocol_version"},
    Alert{71, "insufficient_security"},
    Alert{80, "internal_error"},
    Alert{86, "inappropriate_fallback"},
    Alert{90, "user_canceled"},
    Alert{100, "no_renegotiation"},
    Alert{109, "missing_extension"},
    Alert{110, "unsupported_extension"},
    Alert{111, "certificate_unobtainable"},
    Alert{112, "unrecognized_name"},
    Alert{113, "bad_certificate_status_response"},
    Alert{115, "unknown_psk_identity"},
    Alert{116, "certificate_required"},
    Alert{120, "no_application_protocol"},
};

std::string reason_text(unsigned long code) {
  if (const char* reason = ERR_reason_error_string(code); reason != nullptr) return reason;
  return fmt::format("OpenSSL error {:#x}", code);
}

}  // namespace

std::string alert_name(int alert) {
  const auto found = std::ranges::find(kAlerts, alert, &Alert::number);
  return found == kAlerts.end() ? fmt::format("alert {}", alert) : fmt::format("{} ({})", found->name, alert);
}

std::string take_openssl_reason(std::string_view otherwise) {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    if (!text.empty()) text += "; ";
    text += reason_text(code);
  }
  return text.empty() ? std::string{otherwise} : text;
}

TlsFault take_tls_fault(int ssl_error, int system_error) {
  const unsigned long code = ERR_peek_error();
  if (ssl_error == SSL_ERROR_SYSCALL && code == 0) {  // The queue is empty: errno alone knows.
    std::string reason = system_error == 0 ? std::string{"the peer closed without close_notify"}
                                           : std::generic_category().message(system_error);
    return {Error{ErrorCode::connection_lost, std::move(reason)}};
  }
  if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
    const int reason = ERR_GET_REASON(code);
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      ERR_clear_error();
      return {Error{ErrorCode::connection_lost, "the peer closed without close_notify"}};
    }
    // OpenSSL reports an alert that it received as this offset and its number.
    if (reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
      ERR_clear_error();
      return {Error{ErrorCode::tls_failure,
                    fmt::format("peer alert {}", alert_name(reason - SSL_AD_REASON_OFFSET))}};
    }
  }
  return {Error{ErrorCode::tls_failure, take_openssl_reason("unknown TLS error")}, true};
}

}  // namespace muster::net
