#pragma once

#include "base/clock.hpp"
#include "model/enrollment.hpp"
#include "muster/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The JSON bodies of DPS's device API. Source: protocol/device/01 sections 5 and 6. Everything written is
/// ASCII: other characters are escaped, since Node decodes bodies as ASCII.
namespace muster::dps {

inline constexpr int kBodyDepthMax = 32;

/// What a register body may hold. Unknown members are ignored; an empty body, or white space only, is a
/// request without any.
struct RegisterBody {
  std::string registration_id;  ///< Empty when absent.
  std::string payload_json;     ///< Empty when absent or null.
  bool has_tpm = false;
  bool has_csr = false;
};
/// registration_body_invalid naming the field (not JSON, not an object, registrationId not a string, ...).
/// Nesting deeper than kBodyDepthMax is refused.
Result<RegisterBody> parse_register_body(std::string_view body);

/// The string `member` of what a device sent as payload; empty when there is none.
std::string payload_text(std::string_view payload_json, std::string_view member_name);

/// {"operationId":...,"status":"assigning"}, with the stub state while polling.
std::string format_assigning(std::string_view operation_id, std::optional<std::string_view> registration_id);
/// The final 200: operation id, status and the whole registration state. `answer_hub` is the host name to
/// answer with.
std::string format_final(const Registration& registration, std::string_view answer_hub);
/// {"errorCode","trackingId","message","timestampUtc"}: never operationId or status.
struct ErrorBody {
  std::int32_t error_code = 0;
  std::string tracking_id;
  std::string message;
  WallTime timestamp;
};
std::string format_error(const ErrorBody& body);

/// What tells one state of a registration from another: base64 of a quoted string, as the service writes it.
std::string registration_etag(const Registration& registration);
/// The device registration state as the service API shows it (service/02 section 2.3); also used inside
/// format_final.
std::string format_registration_state(const Registration& registration, std::string_view answer_hub);

/// The client's half: a response body from any DPS.
struct ResponseBody {
  std::string operation_id, status;  ///< Empty when absent.
  std::string assigned_hub, device_id, substatus;
  std::int32_t error_code = 0;
  std::string message;  ///< `message` or the state's `errorMessage`.
  std::string tracking_id;
};
/// service_error when it is not a JSON object.
Result<ResponseBody> parse_response_body(std::string_view body);
std::string format_register_body(std::string_view registration_id, std::string_view payload_json);

/// "initialAssignment" and so on, as the wire spells them.
std::string_view substatus_name(RegistrationSubstatus substatus) noexcept;
std::string_view status_name(RegistrationStatus status) noexcept;

}  // namespace muster::dps
