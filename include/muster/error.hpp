#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace muster {

/// Every kind of failure that a person or a program can meet. The number is permanent and is printed as
/// MU-nnnn: 1xxx wire, 2xxx trust and DPS, 3xxx hub, 4xxx REST, 5xxx storage, 6xxx configuration and start,
/// 7xxx device and command line. What is true of every occurrence of a code is one row in error.cpp.
enum class ErrorCode : std::uint16_t {
  malformed_packet = 1001,
  packet_too_large = 1002,
  protocol_violation = 1003,
  connect_timeout = 1004,
  keep_alive_timeout = 1005,
  connection_lost = 1006,
  tls_failure = 1007,
  unknown_topic = 1008,
  qos_unsupported = 1009,
  malformed_user_name = 1010,
  client_id_mismatch = 1011,
  unknown_service = 1012,
  connection_limit = 1013,
  credential_missing = 1014,
  protocol_version_unsupported = 1015,
  connection_superseded = 1016,
  shutting_down = 1017,
  peer_stalled = 1018,
  service_mismatch = 1019,

  no_enrollment_matches = 2001,
  enrollment_disabled = 2002,
  ca_not_verified = 2003,
  ca_unknown = 2004,
  certificate_not_yet_valid = 2101,
  certificate_expired = 2102,
  certificate_signature_invalid = 2103,
  certificate_not_a_ca = 2104,
  certificate_purpose = 2105,
  certificate_chain_invalid = 2106,
  certificate_missing = 2107,
  certificate_unreadable = 2108,
  enrollment_certificate_mismatch = 2109,
  token_malformed = 2151,
  token_signature_invalid = 2152,
  token_expired = 2153,
  token_resource_mismatch = 2154,
  token_policy_unknown = 2155,
  registration_id_mismatch = 2201,
  registration_id_invalid = 2202,
  id_scope_unknown = 2203,
  attestation_unsupported = 2301,
  allocation_unsupported = 2302,
  no_hub_available = 2303,
  registration_body_invalid = 2304,
  operation_unknown = 2305,
  operations_limit = 2306,
  registration_conflict = 2307,
  csr_unsupported = 2308,
  allocation_failed = 2309,
  proof_of_possession_failed = 2401,
  certificate_not_ca_upload = 2402,

  device_not_found = 3001,
  device_disabled = 3002,
  thumbprint_mismatch = 3003,
  credential_wrong_type = 3004,
  message_too_large = 3005,
  hub_unknown = 3006,
  device_id_invalid = 3007,
  device_id_mismatch = 3008,
  throttled = 3009,

  request_malformed = 4001,
  resource_not_found = 4002,
  resource_exists = 4003,
  precondition_failed = 4004,
  method_not_allowed = 4005,
  unauthorized = 4006,
  request_too_large = 4007,
  not_implemented = 4008,
  query_invalid = 4009,
  field_invalid = 4010,
  precondition_missing = 4011,
  resource_in_use = 4012,

  disk_full = 5001,
  io_failed = 5002,
  event_log_failed = 5003,
  event_log_full = 5004,
  log_corrupt = 5005,
  registry_unavailable = 5006,
  registry_newer = 5007,
  log_newer = 5008,
  offset_expired = 5009,
  registry_busy = 5010,
  registry_damaged = 5011,

  config_invalid = 6001,
  config_unreadable = 6002,
  port_in_use = 6003,
  world_in_use = 6004,
  world_newer = 6005,
  world_missing = 6006,
  not_running = 6007,
  world_damaged = 6008,
  permission_denied = 6009,
  address_unavailable = 6010,
  isolation_unavailable = 6011,
  world_exists = 6012,
  command_not_found = 6013,

  usage = 7001,
  device_config_invalid = 7002,
  file_unreadable = 7003,
  own_certificate_expired = 7004,
  connect_failed = 7005,
  timed_out = 7006,
  server_untrusted = 7007,
  provisioning_failed = 7008,
  hub_refused = 7009,
  not_connected = 7010,
  cancelled = 7011,
  key_mismatch = 7012,
  key_uri_unsupported = 7013,
  option_unsupported = 7014,
  file_exists = 7015,
  service_unreachable = 7016,
  name_unresolved = 7017,
  service_error = 7018,
  own_certificate_not_yet_valid = 7019,
};

/// What is true of every occurrence of a code. The REST error body, the command line, `muster explain` and
/// docs/reference/errors.md all read this row.
struct ErrorInfo {
  ErrorCode code;
  std::string_view title;   ///< Noun phrase, sentence case, no full stop.
  std::string_view cause;   ///< One or two sentences: when this happens.
  std::string_view remedy;  ///< One imperative sentence: what to do next.
  std::uint16_t http_status;
};

/// The row of `code`; every code has one.
const ErrorInfo& error_info(ErrorCode code) noexcept;
/// All rows, ascending by code.
std::span<const ErrorInfo> all_errors() noexcept;
/// "MU-2101".
std::string error_id(ErrorCode code);
/// The code of "MU-2101", "mu-2101" or "2101"; nullopt when there is none.
std::optional<ErrorCode> parse_error_id(std::string_view text) noexcept;

/// A failure as a value: what kind (`code`), what happened this time (`reason`), what to do (`remedy`).
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string reason) : code_{code}, reason_{std::move(reason)} {}

  ErrorCode code() const noexcept { return code_; }
  const std::string& reason() const noexcept { return reason_; }
  std::string_view title() const noexcept { return error_info(code_).title; }
  /// The occurrence's own remedy if it was given one, else the code's.
  std::string_view remedy() const noexcept { return remedy_.empty() ? error_info(code_).remedy : remedy_; }

  /// Says where it happened, outermost first: "registering pump-07: leaf certificate ...".
  Error within(std::string_view doing) && {
    reason_.insert(0, ": ").insert(0, doing);
    return std::move(*this);
  }
  /// Replaces the code's general remedy by one filled with this case's names.
  Error with_remedy(std::string remedy) && {
    remedy_ = std::move(remedy);
    return std::move(*this);
  }

  friend bool operator==(const Error&, const Error&) = default;

 private:
  ErrorCode code_;
  std::string reason_;
  std::string remedy_;
};

}  // namespace muster
