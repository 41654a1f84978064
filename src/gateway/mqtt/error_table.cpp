#include "gateway/mqtt/error_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::mqtt {
namespace {

using enum ErrorCode;
using enum ConnackCode;

// Which statuses DPS uses for what: docs/adr/0010-refusals-on-the-register-topic.md. 401002 and its texts
// were observed (protocol/device/01 section 6.5), 404201 too; the Python SDK shows its user nothing but the
// status, so they differ. A CONNECT is refused by unknown_topic and qos_unsupported for its will alone, and
// for good: 3 would make SDKs try again.
constexpr std::array kRows{
    MqttErrorRow{malformed_packet, server_unavailable, 400, 400000, "Bad request."},
    MqttErrorRow{packet_too_large, server_unavailable, 413, 413000, "Request too large."},
    MqttErrorRow{protocol_violation, server_unavailable, 400, 400000, "Bad request."},
    MqttErrorRow{connect_timeout, server_unavailable, 408, 408000, "Request timeout."},
    MqttErrorRow{keep_alive_timeout, server_unavailable, 408, 408000, "Request timeout."},
    MqttErrorRow{connection_lost, server_unavailable, 503, 503000, "Service unavailable."},
    MqttErrorRow{tls_failure, server_unavailable, 400, 400000, "Bad request."},
    MqttErrorRow{unknown_topic, not_authorized, 400, 400000, "Bad request."},
    MqttErrorRow{qos_unsupported, not_authorized, 400, 400000, "Bad request."},
    MqttErrorRow{malformed_user_name, bad_user_name_or_password, 400, 400000, "Bad request."},
    MqttErrorRow{client_id_mismatch, identifier_rejected, 400, 400000, "Bad request."},
    MqttErrorRow{unknown_service, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{connection_limit, server_unavailable, 429, 429001, "Too many requests."},
    MqttErrorRow{credential_missing, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{protocol_version_unsupported, bad_protocol_version, 400, 400000, "Bad request."},
    MqttErrorRow{connection_superseded, server_unavailable, 409, 409000, "Conflict."},
    MqttErrorRow{shutting_down, server_unavailable, 503, 503000, "Service unavailable."},
    MqttErrorRow{peer_stalled, server_unavailable, 408, 408000, "Request timeout."},
    MqttErrorRow{service_mismatch, not_authorized, 401, 401002, "Unauthorized."},

    MqttErrorRow{no_enrollment_matches, not_authorized, 404, 404201, "Enrollment not found."},
    MqttErrorRow{enrollment_disabled, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{ca_not_verified, not_authorized, 401, 401002, "CA certificate not found."},
    MqttErrorRow{ca_unknown, not_authorized, 401, 401002, "CA certificate not found."},
    MqttErrorRow{certificate_not_yet_valid, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{certificate_expired, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{certificate_signature_invalid, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{certificate_not_a_ca, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{certificate_purpose, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{certificate_chain_invalid, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{certificate_missing, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{certificate_unreadable, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{enrollment_certificate_mismatch, not_authorized, 401, 401002, "Invalid certificate."},
    MqttErrorRow{token_malformed, bad_user_name_or_password, 401, 401002, "Unauthorized."},
    MqttErrorRow{token_signature_invalid, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{token_expired, not_authorized, 401, 401003, "Unauthorized."},
    MqttErrorRow{token_resource_mismatch, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{token_policy_unknown, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{registration_id_mismatch, not_authorized, 401, 401003,
                 "Registration ID in request does not match certificate CN."},
    MqttErrorRow{registration_id_invalid, bad_user_name_or_password, 400, 400004, "Invalid registration ID."},
    MqttErrorRow{id_scope_unknown, not_authorized, 401, 401002, "Unauthorized."},
    MqttErrorRow{attestation_unsupported, not_authorized, 400, 400005, "Attestation not supported."},
    MqttErrorRow{allocation_unsupported, not_authorized, 400, 400208, "Allocation policy not supported."},
    MqttErrorRow{no_hub_available, not_authorized, 400, 400208, "IoT hub not specified."},
    MqttErrorRow{registration_body_invalid, not_authorized, 400, 400004, "Bad request."},
    MqttErrorRow{operation_unknown, not_authorized, 404, 404202, "Operation not found."},
    MqttErrorRow{operations_limit, server_unavailable, 429, 429001, "Too many requests."},
    MqttErrorRow{registration_conflict, server_unavailable, 409, 409203, "Precondition failed."},
    MqttErrorRow{csr_unsupported, not_authorized, 400, 400004, "Certificate issuance not supported."},
    MqttErrorRow{allocation_failed, not_authorized, 400, 400207, "Custom allocation failed."},
    MqttErrorRow{proof_of_possession_failed, not_authorized, 400, 400000, "Bad request."},
    MqttErrorRow{certificate_not_ca_upload, not_authorized, 400, 400000, "Bad request."},

    MqttErrorRow{device_not_found, not_authorized, 404, 404001, "Device not found."},
    MqttErrorRow{device_disabled, not_authorized, 403, 403012, "Device disabled."},
    MqttErrorRow{thumbprint_mismatch, not_authorized, 401, 401003, "Unauthorized."},
    MqttErrorRow{credential_wrong_type, not_authorized, 401, 401003, "Unauthorized."},
    MqttErrorRow{message_too_large, server_unavailable, 413, 413001, "Message too large."},
    MqttErrorRow{hub_unknown, not_authorized, 401, 401001, "IoT hub not found."},
    MqttErrorRow{device_id_invalid, bad_user_name_or_password, 400, 400004, "Invalid device ID."},
    MqttErrorRow{device_id_mismatch, not_authorized, 401, 401003, "Unauthorized."},
    MqttErrorRow{throttled, server_unavailable, 429, 429001, "Too many requests."},

    MqttErrorRow{request_malformed, server_unavailable, 400, 400012, "Bad request."},
    MqttErrorRow{field_invalid, server_unavailable, 400, 400004, "Bad request."},

    MqttErrorRow{disk_full, server_unavailable, 503, 503000, "Service unavailable."},
    MqttErrorRow{io_failed, server_unavailable, 500, 500000, "Internal error."},
    MqttErrorRow{event_log_failed, server_unavailable, 500, 500000, "Internal error."},
    MqttErrorRow{event_log_full, server_unavailable, 503, 503000, "Service unavailable."},
    MqttErrorRow{registry_unavailable, server_unavailable, 500, 500000, "Internal error."},
    MqttErrorRow{registry_busy, server_unavailable, 503, 503000, "Service unavailable."},
    MqttErrorRow{registry_damaged, server_unavailable, 500, 500000, "Internal error."},
    MqttErrorRow{timed_out, server_unavailable, 500, 500000, "Internal error."},
    MqttErrorRow{cancelled, server_unavailable, 503, 503000, "Service unavailable."},
};
static_assert(std::ranges::is_sorted(kRows, {}, &MqttErrorRow::code), "looked up by binary search");

// Codes of REST, configuration and the command line are never met by an MQTT client; if one is, it is a fault
// of ours.
constexpr MqttErrorRow kInternal{service_error, server_unavailable, 500, 500000, "Internal error."};

/// Azure's words, then why and what to do.
std::string message_of(const MqttErrorRow& row, const Error& error) {
  return fmt::format("{} {}: {}. {}", row.dps_message, error_id(error.code()), error.reason(),
                     error.remedy());
}

}  // namespace

TwinRefusal twin_refusal(const Error& error) {
  const MqttErrorRow& row = mqtt_error(error.code());
  return {row.dps_status, row.dps_error_code, message_of(row, error)};
}

const MqttErrorRow& mqtt_error(ErrorCode code) noexcept {
  const auto* row = std::ranges::lower_bound(kRows, code, {}, &MqttErrorRow::code);
  return row != kRows.end() && row->code == code ? *row : kInternal;
}

DpsAnswer dps_answer(const Error& error, DisabledAnswer disabled) {
  const MqttErrorRow& row = mqtt_error(error.code());
  DpsAnswer answer{row.dps_status, row.dps_error_code, message_of(row, error), false};
  if (error.code() == enrollment_disabled && disabled == DisabledAnswer::forbidden) {
    answer.status = 403;
    answer.error_code = 403002;
  }
  answer.as_registration = error.code() == enrollment_disabled && disabled == DisabledAnswer::disabled;
  return answer;
}

}  // namespace muster::mqtt
