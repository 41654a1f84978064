#pragma once

#include "model/event.hpp"

#include <string>

namespace muster::hub {

/// What to show beside an event's origin and payload: `az iot hub monitor-events --properties
/// sys|app|anno|all`.
struct EventJsonOptions {
  bool system = false;
  bool application = false;
  bool annotations = false;
  /// Adds `sequenceNumber`, `offset`, `partition` and `enqueuedTimeUtc` beside `event`: the event stream of
  /// contract section 7. The offset is a string, as x-opt-offset is (service/07 section 7.6).
  bool position = false;
};

/// One event as `az iot hub monitor-events` shows it, on one line of UTF-8:
/// an object `event` of origin, module, interface, component, properties (system, application), annotations
/// and payload. module, interface and component are left out where az prints them empty, since the tutorial's
/// page shows origin and payload alone (tutorial-07b). The payload is the body's JSON as it was sent where
/// the body is JSON (whatever its content type says: contract section 4), else text where it is UTF-8; else
/// there is none, and `bodyBase64` stands beside `event`.
std::string format_event_json(const StoredEvent& stored, const EventJsonOptions& options);

/// The text of `iothub-connection-auth-method`; empty for AuthMethod::none.
std::string_view auth_method_json(AuthMethod method, bool of_module = false) noexcept;

}  // namespace muster::hub
