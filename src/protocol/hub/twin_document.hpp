#pragma once

#include "base/clock.hpp"
#include "model/device.hpp"
#include "muster/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Twins as JSON texts: what changes them, and what devices see of them. Sources: protocol/device/04 section
/// 8, protocol/service/04 section 4.4. What may stand in one is twin_rules.hpp's.
namespace muster::hub {

/// A new device's twin from an enrollment's initial twin: `{"tags":{...},"properties":{"desired":{...}}}`, or
/// empty for none. field_invalid when it is not of that form.
Result<Twin> make_initial_twin(const ServiceName& hub, const DeviceId& device,
                               std::string_view initial_twin_json, WallTime now);

/// What becomes of one section: a JSON object that was read and keeps the rules.
struct SectionChange {
  std::string json;
  /// It takes the place of what is there. Else it is merged into it: objects merge, null deletes, arrays and
  /// everything else replace.
  bool replace = false;
};
/// The sections that a change touches.
struct TwinChange {
  std::optional<SectionChange> tags, desired, reported;
};

/// A device's PATCH of reported properties. request_malformed when it is no JSON object; field_invalid naming
/// what breaks a rule.
Result<TwinChange> parse_reported_patch(std::string_view body);
/// A service's PATCH: `tags` and `properties.desired` of the body, each if it is there, null clearing it.
/// Everything else of it is not the service's to write, and is not looked at: SDKs send whole twins.
Result<TwinChange> parse_twin_patch(std::string_view body);
/// A service's PUT: tags and desired properties anew, empty where the body has none.
Result<TwinChange> parse_twin_replacement(std::string_view body);

/// A twin after a change.
struct ChangedTwin {
  Twin twin;
  /// What a connected device has to be told: a merge patch with `$version`. Empty when the desired properties
  /// were not touched. After a replacement too it is a patch, with null for each member that is gone, so that
  /// a device that merges arrives at the new properties.
  std::string desired_patch;
};
/// Versions move with every accepted change, also when it changes no value; the etag with tags and desired;
/// `version` is the registry's to move. message_too_large.
Result<ChangedTwin> apply(Twin before, const TwinChange& change, WallTime now);

/// What a device gets for a twin GET: `{"desired":{...,"$version":n},"reported":{...,"$version":m}}`, without
/// metadata or tags.
std::string format_device_view(const Twin& twin);
/// The body of a refused twin request. Node looks at `errorCode` in it, not at the topic's status (device/07
/// N7).
std::string format_twin_error(std::int32_t error_code, std::string_view message, std::string_view tracking_id,
                              WallTime now);

/// The device's end of the same: what came for a twin GET, or as a desired change; without `$version` in the
/// objects. nullopt when it is not of that form.
struct DeviceView {
  std::string desired_json, reported_json;
  std::int64_t desired_version = 0, reported_version = 0;
};
std::optional<DeviceView> parse_device_view(std::string_view body);
struct DesiredPatch {
  std::string json;
  std::int64_t version = 0;
};
std::optional<DesiredPatch> parse_desired_patch(std::string_view body);
/// `message` and `errorCode` of a refusal's body, as far as it has them.
std::string describe_twin_error(std::string_view body);

}  // namespace muster::hub
