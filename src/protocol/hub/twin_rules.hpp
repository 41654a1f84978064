#pragma once

#include "muster/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

/// What may stand in a twin's tags and properties, for every face that takes them: PATCH and PUT of the
/// service API, a device's reported properties, an enrollment's initial twin. Source: protocol/service/04
/// section 4.4, device/06 section 2; the depth and the integers by the example and numbers of Azure's page on
/// device twins.
namespace muster::hub {

inline constexpr int kTwinDepthMax =
    10;  ///< Objects and arrays inside each other, the section itself not counted.
inline constexpr std::size_t kTwinKeyBytesMax = 1024;
inline constexpr std::size_t kTwinStringBytesMax = 4096;
inline constexpr std::int64_t kTwinIntegerMax = (std::int64_t{1} << 52) - 1;
inline constexpr std::int64_t kTwinIntegerMin = -(std::int64_t{1} << 52);
inline constexpr std::size_t kTagsBytesMax = 8 * 1024;
inline constexpr std::size_t kPropertiesBytesMax = 32 * 1024;  ///< Desired and reported, each.

enum class TwinSection : std::uint8_t { tags, desired, reported };
std::string_view section_name(TwinSection section) noexcept;

/// What a null member means.
enum class TwinForm : std::uint8_t {
  merge,  ///< "Delete this": it is kept.
  whole,  ///< What a client writes for "not there": it is dropped.
};

/// `value`, an object, without the `$metadata` and `$version` of its top level, which clients send back as
/// they read them. field_invalid that begins with the path of what breaks a rule: nesting, keys, strings,
/// integers, null in an array.
Result<nlohmann::json> check_twin_section(const nlohmann::json& value, std::string_view path, TwinForm form);

/// As Azure counts: keys and strings by their UTF-8 bytes, a number 8, a boolean 4.
std::size_t counted_size(const nlohmann::json& value);
/// message_too_large when the section counts more than it may.
Result<void> check_twin_size(const nlohmann::json& value, TwinSection section);

}  // namespace muster::hub
