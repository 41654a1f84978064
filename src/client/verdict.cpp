#include "client/registration.hpp"
#include "protocol/dps/registration.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::client {
namespace {

// C waits between 1 and 300 s, Java between 2 and 5 (protocol/device/01 section 7).
constexpr int kPauseMin_s = 1, kPauseMax_s = 30, kPauseDefault_s = 2;

std::chrono::seconds pause_of(std::optional<int> retry_after_s) {
  return std::chrono::seconds{std::clamp(retry_after_s.value_or(kPauseDefault_s), kPauseMin_s, kPauseMax_s)};
}

/// The first "MU-nnnn" in the service's words that is a code: a muster says which of its checks failed.
std::optional<ErrorCode> named_code(std::string_view message) {
  constexpr std::size_t kIdSize = 7;
  for (std::size_t at = message.find("MU-"); at != std::string_view::npos; at = message.find("MU-", at + 1)) {
    if (const auto code = parse_error_id(message.substr(at, kIdSize))) return code;
  }
  return std::nullopt;
}

Error refusal(const dps::ResponseBody& body, std::string_view what, const ProvisioningOptions& options) {
  std::string reason = fmt::format("registering {} at {}: {}", options.registration_id, options.host, what);
  if (body.error_code != 0) reason += fmt::format(", error code {}", body.error_code);
  if (!body.message.empty()) reason += fmt::format(": {}", body.message);
  if (!body.tracking_id.empty()) reason += fmt::format("; tracking id {}", body.tracking_id);
  Error error{ErrorCode::provisioning_failed, std::move(reason)};
  const auto code = named_code(body.message);
  if (!code) return error;
  return std::move(error).with_remedy(std::string{error_info(*code).remedy});
}

}  // namespace

Result<Verdict> judge_answer(int status, std::optional<int> retry_after_s, std::string_view text,
                             const ProvisioningOptions& options) {
  Verdict verdict;
  Result<dps::ResponseBody> parsed = dps::parse_response_body(text);
  const dps::ResponseBody body = parsed ? *parsed : dps::ResponseBody{};
  if (status == 429 || (status >= 500 && status < 600)) {
    verdict.busy = refusal(body, fmt::format("status {}", status), options);
    verdict.pause = pause_of(retry_after_s);
    verdict.operation_id = body.operation_id;
    return verdict;
  }
  if (status >= 300) {
    verdict.refused = refusal(body, fmt::format("status {}", status), options);
    return verdict;
  }
  if (!parsed) return failure(Error{parsed.error()}.within(options.host));
  if (body.status == "assigned") {
    if (body.assigned_hub.empty() || body.device_id.empty()) {
      return failure(ErrorCode::service_error,
                     fmt::format("{} says assigned and names no hub or device", options.host));
    }
    verdict.assigned =
        Assignment{body.status, body.substatus, body.assigned_hub, body.device_id, body.operation_id};
    return verdict;
  }
  if (body.status == "assigning" || body.status == "unassigned") {
    verdict.pause = pause_of(retry_after_s);
    verdict.operation_id = body.operation_id;
    return verdict;
  }
  if (body.status == "failed" || body.status == "disabled") {
    verdict.refused = refusal(body, fmt::format("status {}", body.status), options);
    return verdict;
  }
  return failure(ErrorCode::service_error,
                 fmt::format("{} answered with the status \"{}\"", options.host, body.status));
}

}  // namespace muster::client
