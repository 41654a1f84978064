#pragma once

#include "base/random.hpp"
#include "muster/client.hpp"

#include <chrono>

namespace muster::client {

/// Whether trying again can help: networks, timeouts and busy services pass; refusals, distrust and what is
/// wrong on the device's own side do not.
bool is_transient(ErrorCode code) noexcept;

/// How long to wait before the attempt after `failed` failed ones: uniform in [0, min(pause_max, pause_first
/// x 2^(failed-1))], so that a thousand devices that lost one hub do not come back at once.
std::chrono::milliseconds pause_before_retry(const RetryPolicy& policy, unsigned failed, Random& random);

/// The error with which somebody gives up: the last attempt's own, with how long it was tried.
Error gave_up(Error last, unsigned attempts, std::chrono::nanoseconds after);

}  // namespace muster::client
