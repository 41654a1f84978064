#include "protocol/rest/twin_rules.hpp"

#include "protocol/rest/json_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

constexpr int kTwinDepthMax = 10;
constexpr std::size_t kTwinKeyBytesMax = 1024;
constexpr std::size_t kTwinStringBytesMax = 4096;
constexpr std::int64_t kTwinIntegerMax = (std::int64_t{1} << 52) - 1;

std::string_view fault_of_key(std::string_view key) {
  if (key.empty()) return "an empty key is not allowed";
  if (key.size() > kTwinKeyBytesMax) return "the key is longer than 1024 bytes";
  for (const char c : key) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return "the key holds a control character";
    if (std::string_view{".$# "}.find(c) != std::string_view::npos)
      return "the key holds one of . $ # or a space";
  }
  return {};
}

std::string_view fault_of_value(const nlohmann::json& value) {
  if (value.is_string() && value.get_ref<const std::string&>().size() > kTwinStringBytesMax) {
    return "the string is longer than 4096 bytes";
  }
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(kTwinIntegerMax)) {
    return "the integer is beyond 2^52-1";
  }
  if (value.is_number_integer() && !value.is_number_unsigned() &&
      value.get<std::int64_t>() < -kTwinIntegerMax) {
    return "the integer is beyond -(2^52-1)";
  }
  return {};
}

struct Place {
  const Fields& owner;
  std::string path;
  int depth;
};

/// Null members are what a client writes for "not there": they are dropped, as in a patch against nothing.
Result<nlohmann::json> checked(const nlohmann::json& value, const Place& place) {
  if (place.depth > kTwinDepthMax)
    return failure(place.owner.invalid(place.path, "is nested deeper than 10 levels"));
  if (value.is_array()) {
    auto kept = nlohmann::json::array();
    for (const auto& item : value) {
      MUSTER_TRY(auto checked_item, checked(item, {place.owner, place.path + "[]", place.depth + 1}));
      kept.push_back(std::move(checked_item));
    }
    return kept;
  }
  if (!value.is_object()) {
    if (const auto fault = fault_of_value(value); !fault.empty())
      return failure(place.owner.invalid(place.path, fault));
    return value;
  }
  auto kept = nlohmann::json::object();
  for (const auto& [key, member] : value.items()) {
    if (place.depth == 1 && (key == "$metadata" || key == "$version")) continue;
    if (member.is_null()) continue;
    const std::string path = fmt::format("{}.{}", place.path, key);
    if (const auto fault = fault_of_key(key); !fault.empty())
      return failure(place.owner.invalid(path, fault));
    MUSTER_TRY(kept[key], checked(member, {place.owner, path, place.depth + 1}));
  }
  return kept;
}

}  // namespace

Result<std::string> read_twin_section(const Fields& owner, std::string_view name) {
  const auto* value = owner.find(name);
  if (!value) return std::string{"{}"};
  if (!value->is_object()) return failure(owner.invalid(name, "an object is wanted"));
  MUSTER_TRY(auto kept, checked(*value, {owner, std::string{name}, 1}));
  return kept.dump();
}

}  // namespace muster::rest
