#include "protocol/hub/twin_document.hpp"

#include "protocol/hub/twin_rules.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::hub {
namespace {

// Sorted by name: with members in the order of arrival a look-up would walk them all, and a body of a quarter
// of a megabyte holds many.
using Json = nlohmann::json;

/// What `$metadata` says of a node: when, and for desired properties in which version, it was last written.
Json stamp(const std::string& when, std::optional<std::int64_t> version) {
  Json node{{"$lastUpdated", when}};
  if (version) node["$lastUpdatedVersion"] = *version;
  return node;
}

Json metadata_of(const Json& value, const Json& mark) {
  Json node = mark;
  if (value.is_object()) {
    for (const auto& [name, child] : value.items()) node[name] = metadata_of(child, mark);
  }
  return node;
}

/// Merges `patch` into `value`, and its marks into the tree beside it. Every node on the way to a change is
/// marked, as Azure does; what the patch does not name keeps its mark.
void merge(Json& value, Json& metadata, const Json& patch, const Json& mark) {
  metadata.update(mark);
  for (const auto& [name, change] : patch.items()) {
    if (change.is_null()) {
      value.erase(name);
      metadata.erase(name);
      continue;
    }
    if (!change.is_object()) {
      value[name] = change;
      metadata[name] = mark;
      continue;
    }
    Json& child = value[name];
    if (!child.is_object()) {
      child = Json::object();
      metadata[name] = Json::object();
    }
    merge(child, metadata[name], change, mark);
  }
}

/// The merge patch that turns `before` into `after` and names all of `after`.
Json patch_between(const Json& before, const Json& after) {
  Json patch = after;
  for (const auto& [name, old] : before.items()) {
    const auto now = after.find(name);
    if (now == after.end()) {
      patch[name] = nullptr;
    } else if (old.is_object() && now->is_object()) {
      patch[name] = patch_between(old, *now);
    }
  }
  return patch;
}

Json parse_or_empty(std::string_view text) {
  Json parsed = Json::parse(text, nullptr, false);
  return parsed.is_object() ? parsed : Json::object();
}

Result<Json> parse_object(std::string_view body) {
  Json parsed = Json::parse(body, nullptr, false);
  if (parsed.is_discarded()) return failure(ErrorCode::request_malformed, "the body is not JSON");
  if (!parsed.is_object()) {
    return failure(ErrorCode::request_malformed,
                   fmt::format("the body is {}, an object is wanted", parsed.type_name()));
  }
  return parsed;
}

/// A section that has been changed, ready to be stored.
struct Changed {
  std::string json, metadata_json;
  Json patch;
};

Result<Changed> change_section(TwinSection section, const SectionChange& change, std::string_view stored,
                               std::string_view stored_metadata, const Json& mark) {
  Json value = parse_or_empty(stored);
  Json metadata = parse_or_empty(stored_metadata);
  Json wanted = parse_or_empty(change.json);
  Json patch = wanted;
  if (change.replace) {
    patch = patch_between(value, wanted);
    metadata = metadata_of(wanted, mark);
    value = std::move(wanted);
  } else {
    merge(value, metadata, wanted, mark);
  }
  MUSTER_CHECK(check_twin_size(value, section));
  return Changed{value.dump(), metadata.dump(), std::move(patch)};
}

/// The section `name` of a PATCH's object. Null clears it, as null deletes anything else.
Result<std::optional<SectionChange>> read_patch(const Json& parent, const char* name, TwinSection section) {
  const auto member = parent.find(name);
  if (member == parent.end()) return std::optional<SectionChange>{};
  if (member->is_null()) return std::optional{SectionChange{"{}", true}};
  MUSTER_TRY(const Json kept, check_twin_section(*member, section_name(section), TwinForm::merge));
  return std::optional{SectionChange{kept.dump(), false}};
}

Result<SectionChange> read_whole(const Json& parent, const char* name, TwinSection section) {
  const auto member = parent.find(name);
  if (member == parent.end() || member->is_null()) return SectionChange{"{}", true};
  MUSTER_TRY(const Json kept, check_twin_section(*member, section_name(section), TwinForm::whole));
  return SectionChange{kept.dump(), true};
}

Result<Json> properties_of(const Json& whole) {
  const auto properties = whole.find("properties");
  if (properties == whole.end() || properties->is_null()) return Json::object();
  if (!properties->is_object()) return failure(ErrorCode::field_invalid, "properties: an object is wanted");
  return *properties;
}

/// Takes `$version` out of an object that a hub sent.
std::optional<std::int64_t> take_version(Json& section) {
  const auto version = section.find("$version");
  if (version == section.end() || !version->is_number_integer()) return std::nullopt;
  const auto value = version->get<std::int64_t>();
  section.erase(version);
  section.erase("$metadata");
  return value;
}

}  // namespace

Result<Twin> make_initial_twin(const ServiceName& hub, const DeviceId& device,
                               std::string_view initial_twin_json, WallTime now) {
  TwinChange change;
  change.tags = change.desired = SectionChange{"{}", true};
  if (!initial_twin_json.empty()) {
    const Json whole = Json::parse(initial_twin_json, nullptr, false);
    if (!whole.is_object()) return failure(ErrorCode::field_invalid, "initialTwin: not a JSON object");
    MUSTER_TRY(change.tags, read_whole(whole, "tags", TwinSection::tags));
    MUSTER_TRY(const Json properties, properties_of(whole));
    MUSTER_TRY(change.desired, read_whole(properties, "desired", TwinSection::desired));
  }
  const std::string when = format_utc_7(now);
  Twin twin{.hub = hub, .device = device};
  const Json mark = stamp(when, twin.desired_version);
  MUSTER_TRY(const Changed tags, change_section(TwinSection::tags, *change.tags, "", "", mark));
  MUSTER_TRY(const Changed desired, change_section(TwinSection::desired, *change.desired, "", "", mark));
  twin.tags_json = tags.json;
  twin.desired_json = desired.json;
  twin.desired_metadata_json = desired.metadata_json;
  twin.reported_metadata_json = stamp(when, std::nullopt).dump();
  return twin;
}

Result<TwinChange> parse_reported_patch(std::string_view body) {
  MUSTER_TRY(const Json whole, parse_object(body));
  MUSTER_TRY(const Json kept,
             check_twin_section(whole, section_name(TwinSection::reported), TwinForm::merge));
  TwinChange change;
  change.reported = SectionChange{kept.dump(), false};
  return change;
}

Result<TwinChange> parse_twin_patch(std::string_view body) {
  MUSTER_TRY(const Json whole, parse_object(body));
  MUSTER_TRY(const Json properties, properties_of(whole));
  TwinChange change;
  MUSTER_TRY(change.tags, read_patch(whole, "tags", TwinSection::tags));
  MUSTER_TRY(change.desired, read_patch(properties, "desired", TwinSection::desired));
  return change;
}

Result<TwinChange> parse_twin_replacement(std::string_view body) {
  MUSTER_TRY(const Json whole, parse_object(body));
  MUSTER_TRY(const Json properties, properties_of(whole));
  TwinChange change;
  MUSTER_TRY(change.tags, read_whole(whole, "tags", TwinSection::tags));
  MUSTER_TRY(change.desired, read_whole(properties, "desired", TwinSection::desired));
  return change;
}

Result<ChangedTwin> apply(Twin before, const TwinChange& change, WallTime now) {
  const std::string when = format_utc_7(now);
  ChangedTwin changed{std::move(before), {}};
  Twin& twin = changed.twin;
  if (change.tags) {
    MUSTER_TRY(Changed tags,
               change_section(TwinSection::tags, *change.tags, twin.tags_json, "", Json::object()));
    twin.tags_json = std::move(tags.json);
  }
  if (change.desired) {
    const Json mark = stamp(when, ++twin.desired_version);
    MUSTER_TRY(Changed desired, change_section(TwinSection::desired, *change.desired, twin.desired_json,
                                               twin.desired_metadata_json, mark));
    twin.desired_json = std::move(desired.json);
    twin.desired_metadata_json = std::move(desired.metadata_json);
    desired.patch["$version"] = twin.desired_version;
    changed.desired_patch = desired.patch.dump();
  }
  if (change.reported) {
    const Json mark = stamp(when, std::nullopt);
    MUSTER_TRY(Changed reported, change_section(TwinSection::reported, *change.reported, twin.reported_json,
                                                twin.reported_metadata_json, mark));
    twin.reported_json = std::move(reported.json);
    twin.reported_metadata_json = std::move(reported.metadata_json);
    ++twin.reported_version;
  }
  if (change.tags || change.desired) ++twin.etag;
  return changed;
}

std::string format_device_view(const Twin& twin) {
  Json desired = parse_or_empty(twin.desired_json);
  desired["$version"] = twin.desired_version;
  Json reported = parse_or_empty(twin.reported_json);
  reported["$version"] = twin.reported_version;
  return Json{{"desired", std::move(desired)}, {"reported", std::move(reported)}}.dump();
}

std::string format_twin_error(std::int32_t error_code, std::string_view message, std::string_view tracking_id,
                              WallTime now) {
  const nlohmann::ordered_json body{{"errorCode", error_code},
                                    {"trackingId", std::string{tracking_id}},
                                    {"message", std::string{message}},
                                    {"timestampUtc", format_utc_7(now)}};
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::optional<DeviceView> parse_device_view(std::string_view body) {
  Json whole = Json::parse(body, nullptr, false);
  if (!whole.is_object()) return std::nullopt;
  Json& desired = whole["desired"];
  Json& reported = whole["reported"];
  if (!desired.is_object() || !reported.is_object()) return std::nullopt;
  const auto desired_version = take_version(desired);
  const auto reported_version = take_version(reported);
  if (!desired_version || !reported_version) return std::nullopt;
  return DeviceView{desired.dump(), reported.dump(), *desired_version, *reported_version};
}

std::optional<DesiredPatch> parse_desired_patch(std::string_view body) {
  Json patch = Json::parse(body, nullptr, false);
  if (!patch.is_object()) return std::nullopt;
  const auto version = take_version(patch);
  if (!version) return std::nullopt;
  return DesiredPatch{patch.dump(), *version};
}

std::string describe_twin_error(std::string_view body) {
  const Json whole = Json::parse(body, nullptr, false);
  if (!whole.is_object()) return "the service said no more";
  std::string text;
  if (const auto code = whole.find("errorCode"); code != whole.end() && code->is_number_integer())
    text = fmt::format("errorCode {}", code->get<std::int64_t>());
  if (const auto message = whole.find("message"); message != whole.end() && message->is_string())
    text += (text.empty() ? "" : ", ") + message->get<std::string>();
  return text.empty() ? "the service said no more" : text;
}

}  // namespace muster::hub
