#include "throttle/throttles.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::throttle {
namespace {

constexpr std::size_t kKeysMax = 100'000;

/// So many in so many seconds, all of which may come at once.
struct Rate {
  int count;
  std::chrono::seconds time;
  std::string_view name;
  std::chrono::nanoseconds interval() const { return std::chrono::nanoseconds{time} / count; }
};

Rate rate_of(Quota quota) {
  switch (quota) {
    case Quota::registry_operations:
      return {100, std::chrono::seconds{60}, "identity registry operations"};
    case Quota::twin_reads:
      return {100, std::chrono::seconds{1}, "twin reads"};
    case Quota::twin_updates:
      return {50, std::chrono::seconds{1}, "twin updates"};
    case Quota::queries:
      return {20, std::chrono::seconds{60}, "queries"};
    case Quota::connects:
      return {100, std::chrono::seconds{1}, "new device connections"};
    case Quota::telemetry:
      return {100, std::chrono::seconds{1}, "device-to-cloud messages"};
    case Quota::dps_operations:
      return {1'000, std::chrono::seconds{60}, "DPS operations"};
    case Quota::dps_registrations:
      return {1'000, std::chrono::seconds{60}, "device registrations"};
    case Quota::dps_polls:
      return {5, std::chrono::seconds{10}, "polls of one device"};
  }
  return {1, std::chrono::seconds{1}, "operations"};
}

/// Until the next one may come (the generic cell rate algorithm, in whole nanoseconds).
std::chrono::nanoseconds until_next(SteadyTime due, SteadyTime now, const Rate& rate) {
  const auto ahead = rate.interval() * (rate.count - 1);
  return std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{due - now} - ahead);
}

}  // namespace

/// Not before now. With the mutex held.
SteadyTime& Throttles::due_of(const Key& key) {
  const SteadyTime now = clock_.steady();
  if (!due_.contains(key) && due_.size() >= kKeysMax) drop_past();
  SteadyTime& due = due_.try_emplace(key, now).first->second;
  due = std::max(due, now);
  return due;
}

void Throttles::drop_past() {
  const SteadyTime now = clock_.steady();
  std::erase_if(due_, [now](const auto& entry) { return entry.second <= now; });
  // All in use at once: the polls of a hundred thousand devices within ten seconds. Counting begins anew.
  if (due_.size() >= kKeysMax) due_.clear();
}

Result<void> Throttles::take(const ServiceRef& service, Quota quota, std::string_view device) {
  if (profile_ == Profile::none) return {};
  const Rate rate = rate_of(quota);
  const std::lock_guard lock{mutex_};
  SteadyTime& due = due_of({service.kind, service.name.key(), quota, std::string{device}});
  const auto wait = until_next(due, clock_.steady(), rate);
  if (wait.count() == 0) {
    due += rate.interval();
    return {};
  }
  return failure(Error{
      ErrorCode::throttled,
      fmt::format("{} at {}: {} in {} s are allowed, the next in {} ms", rate.name, service.name.str(),
                  rate.count, rate.time.count(), std::chrono::ceil<std::chrono::milliseconds>(wait).count())}
                     .with_remedy("Ask less often, or start `muster up` with --set limits.profile=none."));
}

std::chrono::nanoseconds Throttles::wait_for(const ServiceRef& service, Quota quota) {
  if (profile_ == Profile::none) return std::chrono::nanoseconds{0};
  const std::lock_guard lock{mutex_};
  const SteadyTime due = due_of({service.kind, service.name.key(), quota, {}});
  return until_next(due, clock_.steady(), rate_of(quota));
}

}  // namespace muster::throttle
