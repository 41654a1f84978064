#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/service.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

/// How often a service may be asked. Source: protocol/device/06 sections 1 and 3, one S1 unit.
namespace muster::throttle {

enum class Quota : std::uint8_t {
  registry_operations,  ///< Identities, over REST: 100 a minute.
  twin_reads,           ///< 100 a second.
  twin_updates,         ///< 50 a second.
  queries,              ///< 20 a minute.
  connects,             ///< New device connections: 100 a second.
  telemetry,            ///< Device-to-cloud sends: 100 a second.
  dps_operations,       ///< Of DPS's service API: 1,000 a minute.
  dps_registrations,    ///< 1,000 a minute.
  dps_polls,            ///< 5 in 10 seconds, for each device.
};

enum class Profile : std::uint8_t {
  none,      ///< Nothing is counted.
  azure_s1,  ///< Azure's rates.
};

/// One allowance for each service and quota (for polls, each device): what may come in the quota's time may
/// come at once, and then evenly. Counts what this process has seen. Threads: any.
class Throttles {
 public:
  Throttles(Clock& clock, Profile profile) : clock_{clock}, profile_{profile} {}

  /// Takes one. throttled, naming the quota and when there is another, when none is left.
  Result<void> take(const ServiceRef& service, Quota quota, std::string_view device = {});
  /// Until there is another one; 0 when there is one.
  std::chrono::nanoseconds wait_for(const ServiceRef& service, Quota quota);

 private:
  using Key = std::tuple<ServiceKind, std::string, Quota, std::string>;
  SteadyTime& due_of(const Key& key);
  void drop_past();

  Clock& clock_;
  const Profile profile_;
  std::mutex mutex_;
  /// When the next one would be due if they came evenly. At most kKeysMax: one in the past is as good as
  /// none, and is dropped.
  std::map<Key, SteadyTime> due_;
};

}  // namespace muster::throttle
