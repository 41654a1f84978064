#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace muster::hub {

/// A change of a device's desired properties, as the device is told of it.
struct DesiredChange {
  std::int64_t version = 0;
  std::string patch;  ///< JSON, with `$version`.
};

/// What the service has for one session, in order, until the session takes it: the one way up to a device.
/// Threads: offer() from any, take() on the session's shard.
class Outbox {
 public:
  explicit Outbox(std::size_t items_max) : items_max_{items_max} {}

  enum class Offer : std::uint8_t {
    taken,
    first,  ///< Taken, and nothing was waiting before: the session has to be woken.
    full,   ///< Not taken: the session is to end, for a change that a device misses it would never learn of.
  };
  Offer offer(std::shared_ptr<const DesiredChange> item);
  /// The oldest; null when there is none.
  std::shared_ptr<const DesiredChange> take();
  std::size_t size() const;

 private:
  std::size_t items_max_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const DesiredChange>> items_;  ///< Most sessions never have one.
};

}  // namespace muster::hub
