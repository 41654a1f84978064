#pragma once

#include "cli/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// What `monitor-events --properties` asks for beside origin and payload.
struct EventParts {
  bool system = false;
  bool application = false;
  bool annotations = false;
};

/// Words of az: sys, app, anno, all. usage for any other.
Result<EventParts> parse_event_parts(const std::vector<std::string>& words);

/// The event as the operator is shown it: {"event": {"origin", "payload", ...}}. `sent` is what the service's
/// event stream carries, its payload taken apart where it is JSON; with a `content_type` that is not JSON's
/// it is shown as text; a body that is not UTF-8 is `bodyBase64` in place of `payload`.
Json event_view(const Json& sent, const EventParts& parts, std::string_view content_type);

/// az's -d: equal, or with * and ? as wildcards.
bool matches_device(std::string_view pattern, std::string_view device_id);

}  // namespace muster::cli
