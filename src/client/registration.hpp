#pragma once

#include "client/link.hpp"
#include "muster/client.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace muster::client {

/// What one answer of DPS means for the device. Source: protocol/device/01 sections 6 and 7.
struct Verdict {
  std::optional<Assignment> assigned;
  std::optional<Error> refused;  ///< Final.
  std::optional<Error> busy;     ///< 429 or 5xx: the same request again, after the pause.
  std::chrono::seconds pause{0};
  std::string operation_id;  ///< To poll; empty: register (again).
};

/// `registration_id` and `host` are for the words of a refusal. Pure. service_error for an answer that DPS
/// does not give.
Result<Verdict> judge_answer(int status, std::optional<int> retry_after_s, std::string_view body,
                             const ProvisioningOptions& options);

/// Subscribes, registers, and polls until DPS has decided; waits as it says, with `busy` answers told to
/// `options.on_retry`. `deadline` ends the waiting: the last busy answer's error, else timed_out.
Task<Assignment> register_over(Engine& engine, Link& link, const ProvisioningOptions& options,
                               SteadyTime deadline);

}  // namespace muster::client
