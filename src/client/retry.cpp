#include "client/retry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::client {

bool is_transient(ErrorCode code) noexcept {
  using enum ErrorCode;
  switch (code) {
    case connect_failed:
    case name_unresolved:
    case timed_out:
    case connection_lost:
    case tls_failure:
    case malformed_packet:
      return true;
    default:
      return false;
  }
}

std::chrono::milliseconds pause_before_retry(const RetryPolicy& policy, unsigned failed, Random& random) {
  constexpr unsigned kDoublingsMax = 20;  // Beyond that every sensible pause_max is reached.
  const auto first = static_cast<std::uint64_t>(std::max<std::int64_t>(policy.pause_first.count(), 1));
  const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(policy.pause_max.count(), 1));
  const unsigned doublings = std::min(failed > 0 ? failed - 1 : 0, kDoublingsMax);
  const std::uint64_t ceiling = std::min(most, first << doublings);
  return std::chrono::milliseconds{random.below(ceiling + 1)};
}

Error gave_up(Error last, unsigned attempts, std::chrono::nanoseconds after) {
  const auto seconds = std::chrono::duration<double>{after}.count();
  Error error{last.code(), fmt::format("{}; gave up after {} attempt{} in {:.0f} s", last.reason(), attempts,
                                       attempts == 1 ? "" : "s", seconds)};
  return std::move(error).with_remedy(std::string{last.remedy()});
}

}  // namespace muster::client
