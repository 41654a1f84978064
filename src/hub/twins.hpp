#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "hub/desired_feed.hpp"
#include "hub/session_directory.hpp"
#include "model/device.hpp"
#include "protocol/hub/twin_document.hpp"
#include "registry/registry.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace muster::hub {

/// A twin and whose it is.
struct TwinRecord {
  DeviceIdentity device;
  std::optional<ModuleIdentity> module;  ///< The module whose twin this is; none for the device's own.
  Twin twin;
};

/// Looks whether a write may go on from the twin that it found: If-Match. Runs on the registry's writer.
using TwinCondition = std::function<Result<void>(const Twin&)>;

/// The twins of devices and modules: read, changed, and connected devices told. A change is one write of the
/// registry, which reads the twin it changes, so two at once both count. Threads: any, resumes where it was
/// awaited. Borrows; outlives the calls.
class Twins {
 public:
  Twins(registry::Registry& registry, SessionDirectory& sessions, Clock& clock)
      : registry_{registry}, clock_{clock}, desired_{sessions} {}

  /// device_not_found, for modules too (service/04 section 4.9); those of the registry.
  Task<TwinRecord> read(SessionKey key);
  /// What a device reports. Returns the new version of its reported properties; durable.
  Task<std::int64_t> patch_reported(SessionKey key, TwinChange change);
  /// What a service wants. Once it is durable, a connected device is told of new desired properties, in the
  /// order of their versions. The condition's error; message_too_large; as read().
  Task<TwinRecord> change(SessionKey key, TwinChange change, TwinCondition condition);

 private:
  registry::Registry& registry_;
  Clock& clock_;
  DesiredFeed desired_;
};

/// One read of the registry; for callers that are on its threads already.
Result<TwinRecord> find_twin(registry::Store& store, const SessionKey& key);

}  // namespace muster::hub
