#include "protocol/rest/identity_bulk_json.hpp"

#include "protocol/rest/identity_json.hpp"
#include "protocol/rest/json_fields.hpp"
#include "protocol/rest/twin_rules.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace muster::rest {
namespace {

constexpr std::array<std::pair<ImportMode, std::string_view>, 9> kModes{{
    {ImportMode::create, "create"},
    {ImportMode::create_or_update, "createOrUpdate"},
    {ImportMode::update, "update"},
    {ImportMode::update_if_match, "updateIfMatchETag"},
    {ImportMode::create_or_update_if_match, "createOrUpdateIfMatchETag"},
    {ImportMode::remove, "delete"},
    {ImportMode::remove_if_match, "deleteIfMatchETag"},
    {ImportMode::update_twin, "updateTwin"},
    {ImportMode::update_twin_if_match, "updateTwinIfMatchETag"},
}};

constexpr std::array<std::pair<PolicyKey, std::string_view>, 3> kPolicyKeys{{
    {PolicyKey::primary, "primaryKey"},
    {PolicyKey::secondary, "secondaryKey"},
    {PolicyKey::both, "both"},
}};

template <typename Rows, typename Value>
std::string_view name_in(const Rows& rows, Value value) noexcept {
  for (const auto& [candidate, name] : rows) {
    if (candidate == value) return name;
  }
  return {};
}

/// The value of a word in any case of letters; field_invalid with the words there are.
template <typename Value, std::size_t N>
Result<Value> value_of(const std::array<std::pair<Value, std::string_view>, N>& rows, const Fields& fields,
                       std::string_view name, std::string_view text) {
  std::string words;
  for (const auto& [value, word] : rows) {
    if (equals_ignoring_case(text, word)) return value;
    words += (words.empty() ? "" : ", ") + std::string{word};
  }
  return failure(fields.invalid(name, fmt::format("\"{}\" found, one of {} wanted", text, words)));
}

bool touches_identity(ImportMode mode) {
  return mode != ImportMode::remove && mode != ImportMode::remove_if_match &&
         mode != ImportMode::update_twin && mode != ImportMode::update_twin_if_match;
}
bool removes(ImportMode mode) { return mode == ImportMode::remove || mode == ImportMode::remove_if_match; }
bool needs_etag(ImportMode mode) {
  return mode == ImportMode::update_if_match || mode == ImportMode::create_or_update_if_match ||
         mode == ImportMode::remove_if_match;
}

IfMatch etag_of(const std::optional<std::string>& text) {
  return text ? parse_if_match(std::string_view{*text}) : IfMatch{};
}

/// Etags; and that the modes which compare one have it.
Result<void> read_etags(const Fields& fields, IdentityItem& item) {
  MUSTER_TRY(const auto etag, fields.text("eTag"));
  MUSTER_TRY(const auto twin_etag, fields.text("twinETag"));
  item.etag = etag_of(etag);
  item.twin_etag = etag_of(twin_etag);
  const auto missing = [&](std::string_view name) {
    return failure(fields.refused(
        ErrorCode::precondition_missing, name,
        fmt::format("is missing, and importMode {} compares it", import_mode_name(item.mode))));
  };
  if (needs_etag(item.mode) && item.etag.kind == IfMatch::Kind::absent) return missing("eTag");
  if (item.mode == ImportMode::update_twin_if_match && item.twin_etag.kind == IfMatch::Kind::absent)
    return missing("twinETag");
  return {};
}

/// Tags and desired properties, where the item has them: for a twin that begins with them, and for one that
/// they are merged into. Reported properties are the device's to write and are not looked at.
Result<void> read_twin(const Fields& fields, const nlohmann::json& json, IdentityItem& item) {
  MUSTER_TRY(const auto tags, fields.object("tags"));
  MUSTER_TRY(const auto properties, fields.object("properties"));
  if (!tags && !(properties && properties->has("desired"))) return {};
  nlohmann::ordered_json initial = nlohmann::ordered_json::object();
  MUSTER_TRY(const std::string tags_text, read_twin_section(fields, "tags", hub::TwinSection::tags));
  initial["tags"] = stored_json(tags_text);
  if (properties) {
    MUSTER_TRY(const std::string text, read_twin_section(*properties, "desired", hub::TwinSection::desired));
    initial["properties"]["desired"] = stored_json(text);
  }
  item.initial_twin_json = write_json(initial);
  nlohmann::json patch = nlohmann::json::object();
  if (tags) patch["tags"] = json["tags"];
  if (properties && properties->has("desired"))
    patch["properties"]["desired"] = json["properties"]["desired"];
  MUSTER_TRY(item.twin, hub::parse_twin_patch(patch.dump()));
  return {};
}

Result<void> read_identity(const Fields& fields, const ServiceName& hub, IdentityItem& item) {
  const auto device = DeviceId::parse(item.device_name);
  if (!device) return failure(fields.refused(ErrorCode::device_id_invalid, "id", device.error()));
  if (item.module_name.empty()) {
    item.device = DeviceIdentity{.hub = hub, .id = *device};
    if (!touches_identity(item.mode)) return {};
    MUSTER_TRY(item.device, read_device(fields, hub, *device));
    return {};
  }
  const auto module = ModuleId::parse(item.module_name);
  if (!module) return failure(fields.refused(ErrorCode::device_id_invalid, "moduleId", module.error()));
  ModuleIdentity named{.hub = hub, .device = *device, .id = *module};
  if (touches_identity(item.mode)) {
    MUSTER_TRY(named, read_module(fields, std::move(named)));
  }
  item.module = std::move(named);
  return {};
}

Result<void> read_item(const Fields& fields, const nlohmann::json& json, const ServiceName& hub,
                       IdentityItem& item) {
  MUSTER_TRY(item.device_name, fields.required_text("id"));
  MUSTER_TRY(auto module, fields.text("moduleId"));
  item.module_name = module.value_or("");
  MUSTER_TRY(const auto mode, fields.text("importMode"));
  if (mode) {
    MUSTER_TRY(item.mode, value_of(kModes, fields, "importMode", *mode));
  }
  MUSTER_CHECK(read_etags(fields, item));
  MUSTER_CHECK(read_identity(fields, hub, item));
  if (removes(item.mode)) return {};
  return read_twin(fields, json, item);
}

/// At least one and at most kBulkDevicesMax; `what` begins the reason.
Result<void> check_count(const nlohmann::json& list, std::string_view what) {
  if (!list.empty() && list.size() <= kBulkDevicesMax) return {};
  return failure(ErrorCode::field_invalid,
                 fmt::format("{}: {} items found, 1 to {} wanted", what, list.size(), kBulkDevicesMax));
}

}  // namespace

std::string_view import_mode_name(ImportMode mode) noexcept { return name_in(kModes, mode); }
std::string_view policy_key_name(PolicyKey key) noexcept { return name_in(kPolicyKeys, key); }

Result<std::vector<IdentityItem>> parse_identity_items(std::string_view body, const ServiceName& hub) {
  MUSTER_TRY(const nlohmann::json list, parse_json(body));
  if (!list.is_array()) {
    return failure(ErrorCode::request_malformed,
                   fmt::format("the body is {}, an array is wanted", list.type_name()));
  }
  MUSTER_CHECK(check_count(list, "the body"));
  std::vector<IdentityItem> items(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("[{}]", i);
    if (!list[i].is_object()) {
      items[i].fault = Error{ErrorCode::field_invalid, path + ": an object is wanted"};
      continue;
    }
    const Fields fields{list[i], path};
    if (const auto read = read_item(fields, list[i], hub, items[i]); !read) items[i].fault = read.error();
  }
  return items;
}

Result<KeyRotation> parse_key_rotation(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  KeyRotation rotation;
  MUSTER_TRY(const std::string key, fields.required_text("policyKey"));
  MUSTER_TRY(rotation.key, value_of(kPolicyKeys, fields, "policyKey", key));
  const auto* devices = fields.find("devices");
  if (!devices) return failure(fields.invalid("devices", "is missing"));
  if (!devices->is_array()) return failure(fields.invalid("devices", "an array is wanted"));
  MUSTER_CHECK(check_count(*devices, "devices"));
  for (std::size_t i = 0; i < devices->size(); ++i) {
    const std::string path = fmt::format("devices[{}]", i);
    if (!(*devices)[i].is_object()) return failure(fields.invalid(path, "an object is wanted"));
    const Fields owner{(*devices)[i], path};
    MUSTER_TRY(std::string device, owner.required_text("id"));
    MUSTER_TRY(auto module, owner.text("moduleId"));
    rotation.owners.push_back({std::move(device), module.value_or("")});
  }
  return rotation;
}

std::string format_identity_result(std::span<const ItemFault> faults) {
  auto errors = nlohmann::ordered_json::array();
  for (const ItemFault& fault : faults) {
    errors.push_back({{"deviceId", text_or_null(fault.device)},
                      {"errorCode", fault.code},
                      {"errorStatus", fault.status},
                      {"moduleId", text_or_null(fault.module)},
                      {"operation", fault.operation}});
  }
  // A device and its twin are made in one transaction: there is nothing to warn of.
  return write_json({{"isSuccessful", faults.empty()},
                     {"errors", std::move(errors)},
                     {"warnings", nlohmann::ordered_json::array()}});
}

std::string format_key_rotation(PolicyKey key, std::span<const RotatedKey> rotated,
                                std::span<const ItemFault> faults) {
  auto keys = nlohmann::ordered_json::array();
  for (const RotatedKey& one : rotated) {
    keys.push_back({{"id", one.owner.device},
                    {"moduleId", text_or_null(one.owner.module)},
                    {"primaryKey", one.primary_key},
                    {"secondaryKey", one.secondary_key}});
  }
  auto errors = nlohmann::ordered_json::array();
  for (const ItemFault& fault : faults) {
    errors.push_back({{"id", fault.device},
                      {"moduleId", text_or_null(fault.module)},
                      {"errorCode", fault.code},
                      {"errorStatus", fault.status}});
  }
  return write_json(
      {{"policyKey", policy_key_name(key)}, {"rotatedKeys", std::move(keys)}, {"errors", std::move(errors)}});
}

}  // namespace muster::rest
