#pragma once

#include "hub/session_directory.hpp"
#include "model/device.hpp"

#include <unordered_set>
#include <vector>

namespace muster::rest {

/// What changed identities mean to who is connected: sessions of the disabled, the deleted and the re-keyed
/// end, and who is just being judged is judged again. Filled on the registry's writer, which may carry its
/// work out again: begin with an empty one each time. Settled once the change is durable. One walk over the
/// sessions a kind of end, however many devices there are.
class Aftermath {
 public:
  void changed(const DeviceIdentity& before, const DeviceIdentity& after);
  void changed(const ModuleIdentity& before, const ModuleIdentity& after);
  /// With the modules that go with it.
  void removed(const DeviceIdentity& device, const std::vector<ModuleRecord>& modules);
  void removed(const ModuleIdentity& module);
  /// Takes over what the other has: one item's, once all of it has succeeded.
  void add(Aftermath other);

  /// Any thread.
  void settle(hub::SessionDirectory& sessions, const ServiceName& hub) const;

 private:
  std::unordered_set<DeviceId> disabled_, removed_;
  std::unordered_set<hub::SessionKey> removed_modules_, rekeyed_, changed_;
  std::vector<hub::SessionKey> forgotten_;
};

/// Whether who has connected with what `before` holds could do so with `after`: no key or thumbprint is gone.
bool still_holds(const DeviceAuth& before, const DeviceAuth& after);

}  // namespace muster::rest
