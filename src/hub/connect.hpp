#pragma once

#include "base/clock.hpp"
#include "base/task.hpp"
#include "model/device.hpp"
#include "model/event.hpp"
#include "pki/presented_chain.hpp"
#include "registry/registry.hpp"
#include "trust/anchors.hpp"
#include "trust/judgement.hpp"
#include "trust/verdict_cache.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::hub {

/// A device or module that asks to connect, as the gateway has read it.
struct ConnectRequest {
  ServiceName hub;
  DeviceId device;
  std::string module = {};                                     ///< Empty for the device itself.
  std::shared_ptr<const pki::PresentedChain> chain = nullptr;  ///< Null when the client presented none.
  std::optional<std::string> password = {};                    ///< A SAS token; nullopt when none came.
  std::vector<std::string> hosts = {};                         ///< Names of the hub that a token may be for.
};

/// Who has been let in, and how. Held by the session: no message needs a look-up.
struct Connected {
  ServiceName hub;
  DeviceId device;
  std::string module;
  std::string generation_id;
  AuthMethod method = AuthMethod::none;
  std::optional<WallTime> expires = {};  ///< When the token ends, and the connection with it.
};

/// The outcome of authorising: what was checked, in order, and if all passed, who connected and how.
struct ConnectOutcome {
  trust::Judgement judgement;
  std::optional<Connected> connected;
};

/// What authorising stands on. Borrowed.
struct ConnectService {
  registry::Registry& registry;
  trust::AnchorCache& anchors;
  trust::VerdictCache& verdicts;
  Clock& clock;
  std::chrono::seconds sas_clock_skew{300};  ///< For so long an expired token is taken still.
};

/// Decides whether the device or module may connect: identity there and enabled, credential of the identity's
/// type, and by that type the thumbprint, the chain or the token. Reads the registry once. A failure of the
/// Result is the service's own.
Task<ConnectOutcome> authorize(ConnectService& service, ConnectRequest request);

}  // namespace muster::hub
