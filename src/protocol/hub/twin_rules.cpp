#include "protocol/hub/twin_rules.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::hub {
namespace {

using Json = nlohmann::json;

/// Where in the section something stands; made into text only when it has to be told.
struct Place {
  const Place* parent;
  std::string_view name;
  int depth;  ///< The section's own is 0.
};

std::string path_of(const Place& place) {
  if (place.parent == nullptr) return std::string{place.name};
  return fmt::format("{}{}{}", path_of(*place.parent), place.name == "[]" ? "" : ".", place.name);
}

tl::unexpected<Error> invalid(const Place& place, std::string_view why) {
  return failure(ErrorCode::field_invalid, fmt::format("{}: {}", path_of(place), why));
}

std::string_view fault_of_key(std::string_view key) {
  if (key.empty()) return "an empty key is not allowed";
  if (key.size() > kTwinKeyBytesMax) return "the key is longer than 1024 bytes";
  for (std::size_t i = 0; i < key.size(); ++i) {
    const auto c = static_cast<unsigned char>(key[i]);
    // C0, DEL and C1, which in UTF-8 is C2 80 to C2 9F.
    const bool c1 = c == 0xC2 && i + 1 < key.size() && static_cast<unsigned char>(key[i + 1]) < 0xA0;
    if (c < 0x20 || c == 0x7F || c1) return "the key holds a control character";
    if (std::string_view{".$# "}.find(key[i]) != std::string_view::npos)
      return "the key holds one of . $ # or a space";
  }
  return {};
}

std::string_view fault_of_value(const Json& value) {
  if (value.is_string() && value.get_ref<const std::string&>().size() > kTwinStringBytesMax)
    return "the string is longer than 4096 bytes";
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(kTwinIntegerMax))
    return "the integer is beyond 2^52-1";
  if (value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() < kTwinIntegerMin)
    return "the integer is beyond -2^52";
  return {};
}

Result<Json> checked(const Json& value, const Place& place, TwinForm form);

Result<Json> checked_array(const Json& value, const Place& place) {
  Json kept = Json::array();
  for (const Json& item : value) {
    const Place inside{&place, "[]", place.depth + 1};
    if (item.is_null()) return invalid(inside, "null is not allowed in an array");
    // An array is replaced as a whole: there is nothing in it that a null could delete.
    MUSTER_TRY(Json kept_item, checked(item, inside, TwinForm::whole));
    kept.push_back(std::move(kept_item));
  }
  return kept;
}

Result<Json> checked(const Json& value, const Place& place, TwinForm form) {
  if (value.is_structured() && place.depth > kTwinDepthMax)
    return invalid(place, fmt::format("is nested deeper than {} levels", kTwinDepthMax));
  if (value.is_array()) return checked_array(value, place);
  if (!value.is_object()) {
    if (const auto fault = fault_of_value(value); !fault.empty()) return invalid(place, fault);
    return value;
  }
  Json kept = Json::object();
  for (const auto& [key, member] : value.items()) {
    if (place.depth == 0 && (key == "$metadata" || key == "$version")) continue;
    const Place inside{&place, key, place.depth + 1};
    if (const auto fault = fault_of_key(key); !fault.empty()) return invalid(inside, fault);
    if (member.is_null()) {
      if (form == TwinForm::merge) kept[key] = nullptr;
      continue;
    }
    MUSTER_TRY(kept[key], checked(member, inside, form));
  }
  return kept;
}

}  // namespace

std::string_view section_name(TwinSection section) noexcept {
  switch (section) {
    case TwinSection::tags:
      return "tags";
    case TwinSection::desired:
      return "properties.desired";
    case TwinSection::reported:
      return "properties.reported";
  }
  return "tags";
}

Result<nlohmann::json> check_twin_section(const nlohmann::json& value, std::string_view path, TwinForm form) {
  const Place section{nullptr, path, 0};
  if (!value.is_object()) return invalid(section, "an object is wanted");
  return checked(value, section, form);
}

std::size_t counted_size(const nlohmann::json& value) {
  constexpr std::size_t kNumberBytes = 8, kBooleanBytes = 4;
  if (value.is_number()) return kNumberBytes;
  if (value.is_boolean()) return kBooleanBytes;
  if (value.is_string()) return value.get_ref<const std::string&>().size();
  std::size_t size = 0;
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) size += key.size() + counted_size(member);
  } else {
    for (const Json& item : value) size += counted_size(item);  // Nothing for null.
  }
  return size;
}

Result<void> check_twin_size(const nlohmann::json& value, TwinSection section) {
  const std::size_t size = counted_size(value);
  const std::size_t size_max = section == TwinSection::tags ? kTagsBytesMax : kPropertiesBytesMax;
  if (size <= size_max) return {};
  return failure(ErrorCode::message_too_large,
                 fmt::format("{} would count {} bytes, {} allowed", section_name(section), size, size_max));
}

}  // namespace muster::hub
