#pragma once

#include "registry/repositories.hpp"
#include "verdict.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace muster::simulation {

inline constexpr std::size_t kDevices = 4;
std::string device_name(std::size_t device);

/// What message `serial` of a device says: its name and number, and bytes that follow from both, so that
/// nothing else can pass for it.
std::string body_of(std::size_t device, std::uint64_t serial);

/// What devices and operators were told, from the moment at which the service wrote it, and what must
/// therefore be found from then on.
class Ledger {
 public:
  explicit Ledger(Verdict& verdict) : verdict_{verdict}, devices_(kDevices) {}

  // Telemetry. Each PUBLISH has a number of its own, which grows with the device.
  std::uint64_t send(std::size_t device, std::size_t hub);
  void acknowledge(std::size_t device, std::uint64_t serial);
  /// A consumer was given it for the first time, in the order of the log.
  void see(std::size_t hub, std::string_view device_id, std::string_view body);
  /// All that is durable has been seen: what was acknowledged is among it.
  void check_events();
  /// Retention has deleted events that nobody had seen yet.
  void forgive_unseen() { forgiven_ = true; }
  std::size_t acknowledged_count() const noexcept { return acknowledged_; }
  std::size_t seen_count() const noexcept { return seen_; }

  // Registrations, twins, and what an operator writes.
  void assigned(std::size_t device, registry::Store& stored);
  void reported(std::size_t device, std::uint64_t value);
  void operator_wrote(std::int64_t version);
  /// Holds the store against what was told.
  void check_stored(registry::Store& stored);

 private:
  struct Device {
    std::vector<std::size_t> sent_to;                ///< The hub, by number.
    std::set<std::uint64_t> unconfirmed;             ///< Acknowledged, and not seen yet.
    std::map<std::size_t, std::uint64_t> seen_last;  ///< By hub: the number after the last that was seen.
    std::set<std::uint64_t> seen;
    std::int64_t registration_version = 0;
    std::uint64_t reported = 0;
  };
  void check_device(std::size_t device, registry::Store& stored);

  Verdict& verdict_;
  std::vector<Device> devices_;
  std::int64_t operator_version_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t seen_ = 0;
  bool forgiven_ = false;
};

}  // namespace muster::simulation
