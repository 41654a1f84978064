#include "protocol/hub/twin_document.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::hub {
namespace {

using Json = nlohmann::ordered_json;

/// `$metadata` mirrors the tree: each node has when, and for desired properties in which version, it was last
/// written.
Json metadata_of(const Json& node, const std::string& when) {
  Json metadata{{"$lastUpdated", when}, {"$lastUpdatedVersion", 1}};
  if (node.is_object()) {
    for (const auto& [name, child] : node.items()) metadata[name] = metadata_of(child, when);
  }
  return metadata;
}

Result<Json> object_member(const Json& parent, const char* name, std::string_view path) {
  const auto member = parent.find(name);
  if (member == parent.end() || member->is_null()) return Json::object();
  if (!member->is_object()) return failure(ErrorCode::field_invalid, fmt::format("{}: not an object", path));
  return *member;
}

Json parse_or_empty(const std::string& text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : Json::object();
}

}  // namespace

Result<Twin> make_initial_twin(const ServiceName& hub, const DeviceId& device,
                               std::string_view initial_twin_json, WallTime now) {
  Json tags = Json::object();
  Json desired = Json::object();
  if (!initial_twin_json.empty()) {
    const Json whole = Json::parse(initial_twin_json, nullptr, false);
    if (!whole.is_object()) return failure(ErrorCode::field_invalid, "initialTwin: not a JSON object");
    MUSTER_TRY(tags, object_member(whole, "tags", "initialTwin.tags"));
    MUSTER_TRY(const Json properties, object_member(whole, "properties", "initialTwin.properties"));
    MUSTER_TRY(desired, object_member(properties, "desired", "initialTwin.properties.desired"));
  }
  const std::string when = format_utc_7(now);
  Twin twin{.hub = hub, .device = device};
  twin.tags_json = tags.dump();
  twin.desired_json = desired.dump();
  twin.desired_metadata_json = metadata_of(desired, when).dump();
  twin.reported_metadata_json = Json{{"$lastUpdated", when}}.dump();
  return twin;
}

std::string format_device_view(const Twin& twin) {
  Json desired = parse_or_empty(twin.desired_json);
  desired["$version"] = twin.desired_version;
  Json reported = parse_or_empty(twin.reported_json);
  reported["$version"] = twin.reported_version;
  return Json{{"desired", std::move(desired)}, {"reported", std::move(reported)}}.dump();
}

}  // namespace muster::hub
