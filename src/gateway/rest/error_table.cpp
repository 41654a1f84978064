#include "gateway/rest/error_table.hpp"

#include <algorithm>
#include <array>

namespace muster::rest {
namespace {

using enum ErrorCode;

/// What a status is called where a code has no name of its own. Hub names: service/04 section 4.9, so that
/// SDKs which compare header and body with their enum know them.
struct StatusNames {
  std::uint16_t status;
  std::int32_t dps_code;
  std::string_view hub_name, arm_code;
};
constexpr std::array kStatuses{
    StatusNames{400, 400004, "ArgumentInvalid", "BadRequest"},
    StatusNames{401, 401002, "IotHubUnauthorizedAccess", "AuthenticationFailed"},
    StatusNames{403, 403000, "InvalidOperation", "Forbidden"},
    StatusNames{404, 404204, "DeviceNotFound", "ResourceNotFound"},
    StatusNames{405, 405000, "InvalidOperation", "MethodNotAllowed"},
    StatusNames{408, 408000, "RequestTimeout", "RequestTimeout"},
    StatusNames{409, 409000, "DeviceAlreadyExists", "Conflict"},
    StatusNames{410, 410000, "InvalidOperation", "Gone"},
    StatusNames{412, 412000, "PreconditionFailed", "PreconditionFailed"},
    StatusNames{413, 413001, "MessageTooLarge", "RequestTooLarge"},
    StatusNames{429, 429001, "ThrottlingException", "TooManyRequests"},
    StatusNames{499, 499000, "OperationCancelled", "Cancelled"},
    StatusNames{500, 500001, "ServerError", "InternalServerError"},
    StatusNames{501, 501000, "NotImplemented", "NotImplemented"},
    StatusNames{502, 502000, "ServerError", "BadGateway"},
    StatusNames{503, 503001, "ServiceUnavailable", "ServiceUnavailable"},
    StatusNames{504, 504000, "GatewayTimeout", "GatewayTimeout"},
};

/// Codes that say more than their status, or that mean something else to an operator than to a device: a CA
/// that is not verified is a device's 401, but the operator who names it in an enrollment has made a bad
/// request.
constexpr std::array kRows{
    ErrorRow{ca_not_verified, 400, 400207, "ArgumentInvalid", "CertificateNotVerified"},
    ErrorRow{ca_unknown, 400, 400208, "ArgumentInvalid", "CertificateNotFound"},
    ErrorRow{certificate_unreadable, 400, 400209, "ArgumentInvalid", "InvalidCertificate"},
    ErrorRow{registration_id_invalid, 400, 400210, "ArgumentInvalid", "InvalidRegistrationId"},
    ErrorRow{attestation_unsupported, 400, 400211, "ArgumentInvalid", "AttestationNotSupported"},
    ErrorRow{allocation_unsupported, 400, 400212, "ArgumentInvalid", "AllocationNotSupported"},
    ErrorRow{proof_of_possession_failed, 400, 400213, "ArgumentInvalid", "ProofOfPossessionFailed"},
    ErrorRow{certificate_not_ca_upload, 400, 400214, "ArgumentInvalid", "InvalidCertificate"},
    ErrorRow{device_not_found, 404, 404201, "DeviceNotFound", "DeviceNotFound"},
    ErrorRow{hub_unknown, 404, 404205, "IotHubNotFound", "ResourceNotFound"},
    ErrorRow{request_malformed, 400, 400004, "IotHubFormatError", "InvalidRequestContent"},
    ErrorRow{query_invalid, 400, 400004, "ArgumentInvalid", "InvalidQuery"},
    ErrorRow{field_invalid, 400, 400004, "ArgumentInvalid", "InvalidRequestContent"},
    ErrorRow{precondition_failed, 412, 412001, "PreconditionFailed", "PreconditionFailed"},
    ErrorRow{precondition_missing, 412, 412002, "PreconditionFailed", "PreconditionMissing"},
    ErrorRow{resource_exists, 409, 409201, "DeviceAlreadyExists", "Conflict"},
    ErrorRow{resource_in_use, 409, 409202, "InvalidOperation", "ResourceInUse"},
};

/// service/04 section 4.9; PreconditionFailed's is .NET's.
struct HubNumber {
  std::string_view name;
  std::int32_t number;
};
constexpr std::array kHubNumbers{
    HubNumber{"ArgumentInvalid", 400004},
    HubNumber{"IotHubFormatError", 400006},
    HubNumber{"IotHubUnauthorizedAccess", 401002},
    HubNumber{"InvalidOperation", 400003},
    HubNumber{"DeviceNotFound", 404001},
    HubNumber{"ModuleNotFound", 404010},
    HubNumber{"DeviceAlreadyExists", 409001},
    HubNumber{"ModuleAlreadyExistsOnDevice", 409301},
    HubNumber{"PreconditionFailed", 412001},
    HubNumber{"MessageTooLarge", 413001},
    HubNumber{"TooManyModulesOnDevice", 413003},
    HubNumber{"ThrottlingException", 429001},
    HubNumber{"ServerError", 500001},
    HubNumber{"ServiceUnavailable", 503001},
};

/// What the same failures are called of a module.
struct ModuleName {
  ErrorCode code;
  std::string_view hub_name;
};
constexpr std::array kModuleNames{
    ModuleName{resource_not_found, "ModuleNotFound"},
    ModuleName{resource_exists, "ModuleAlreadyExistsOnDevice"},
    ModuleName{request_too_large, "TooManyModulesOnDevice"},
};

}  // namespace

ErrorRow module_error_row(ErrorCode code) {
  ErrorRow row = error_row(code);
  const auto* name = std::ranges::find(kModuleNames, code, &ModuleName::code);
  if (name != kModuleNames.end()) row.hub_name = name->hub_name;
  return row;
}

std::int32_t hub_error_number(std::string_view hub_name) {
  if (const auto* row = std::ranges::find(kHubNumbers, hub_name, &HubNumber::name); row != kHubNumbers.end())
    return row->number;
  const auto* status = std::ranges::find(kStatuses, hub_name, &StatusNames::hub_name);
  return status == kStatuses.end() ? 500000 : std::int32_t{status->status} * 1000;
}

ErrorRow error_row(ErrorCode code) {
  if (const auto* row = std::ranges::find(kRows, code, &ErrorRow::code); row != kRows.end()) return *row;
  const std::uint16_t status = error_info(code).http_status;
  const auto* names = std::ranges::find(kStatuses, status, &StatusNames::status);
  // Nothing but a status that no row of error.cpp has; the test of this table goes through all of them.
  if (names == kStatuses.end())
    names = std::ranges::find(kStatuses, std::uint16_t{500}, &StatusNames::status);
  return {code, names->status, names->dps_code, names->hub_name, names->arm_code};
}

}  // namespace muster::rest
