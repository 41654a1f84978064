#include "cli/rest_error.hpp"

#include "cli/json.hpp"

#include <fmt/format.h>

#include <array>

namespace muster::cli {
namespace {

ErrorCode code_of_status(unsigned status) noexcept {
  using enum ErrorCode;
  switch (status) {
    case 400:
      return request_malformed;
    case 401:
    case 403:
      return unauthorized;
    case 404:
      return resource_not_found;
    case 405:
      return method_not_allowed;
    case 409:
      return resource_exists;
    case 412:
      return precondition_failed;
    case 413:
      return request_too_large;
    case 429:
      return throttled;
    case 501:
      return not_implemented;
    case 503:
      return service_unreachable;
    default:
      return service_error;
  }
}

/// DPS says message, the hub Message, ARM both inside "error".
std::string first_text(const Json& body, std::initializer_list<std::string_view> paths) {
  for (const std::string_view path : paths) {
    std::string text = text_at(body, path);
    if (!text.empty()) return text;
  }
  return {};
}

}  // namespace

Error error_of(const Response& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  const auto code = parse_error_id(first_text(body, {"musterCode", "error.musterCode"}));
  std::string reason = first_text(body, {"reason", "error.reason", "message", "Message", "error.message"});
  // A bulk request of which everything failed: its first item speaks for it.
  if (const Json errors = at_path(body, "errors"); reason.empty() && errors.is_array() && !errors.empty())
    reason = first_text(errors.front(), {"errorStatus"});
  if (reason.empty()) reason = fmt::format("the service answered {} without a reason", response.status);
  Error error{code.value_or(code_of_status(response.status)), std::move(reason)};
  std::string remedy = first_text(body, {"remedy", "error.remedy"});
  if (remedy.empty()) return error;
  return std::move(error).with_remedy(std::move(remedy));
}

}  // namespace muster::cli
