#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "model/device.hpp"
#include "model/event.hpp"
#include "pki/certificate.hpp"
#include "registry/registry.hpp"
#include "trust/anchors.hpp"
#include "trust/judgement.hpp"
#include "trust/verdict_cache.hpp"

#include <memory>
#include <optional>
#include <string>

namespace muster::hub {

/// A device that asks to connect, as the gateway has read it.
struct ConnectRequest {
  ServiceName hub;
  DeviceId device;
  std::shared_ptr<const pki::Chain> chain;  ///< Null when the client presented none.
  bool has_password = false;
};

/// The outcome of authorising: what was checked, in order, and if all passed, who connected and how.
struct ConnectOutcome {
  trust::Judgement judgement;
  std::optional<DeviceIdentity> identity;
  AuthMethod method = AuthMethod::none;
};

/// What authorising stands on. Borrowed.
struct ConnectService {
  registry::Registry& registry;
  trust::AnchorCache& anchors;
  trust::VerdictCache& verdicts;
  Clock& clock;
};

/// Decides whether the device may connect: identity there and enabled, credential of the identity's type, and
/// by that type the thumbprint or the chain. Reads the registry once. A failure of the Result is the
/// service's own.
Task<ConnectOutcome> authorize(ConnectService& service, ConnectRequest request);

}  // namespace muster::hub
