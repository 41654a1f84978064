#pragma once

#include "base/result.hpp"
#include "model/device.hpp"
#include "protocol/hub/twin_document.hpp"
#include "protocol/rest/etag.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Many devices and modules in one request: `POST /devices` and `POST /devices/keys/regenerate`. Source:
/// protocol/service/04 sections 4.1 and 4.3.
namespace muster::rest {

/// Items of one request; Azure's number.
inline constexpr std::size_t kBulkDevicesMax = 100;

/// What is to become of one item. Azure's words, in any case of letters: Node sends `Update`.
enum class ImportMode : std::uint8_t {
  create,
  create_or_update,
  update,
  update_if_match,
  create_or_update_if_match,
  remove,
  remove_if_match,
  update_twin,
  update_twin_if_match,
};
std::string_view import_mode_name(ImportMode mode) noexcept;

/// One item as it was read. Where `fault` is set it cannot be carried out, and only the names, as far as they
/// could be read, are of use.
struct IdentityItem {
  std::string device_name, module_name;  ///< As written; the second is empty for a device.
  ImportMode mode = ImportMode::create_or_update;
  IfMatch etag, twin_etag;
  std::optional<DeviceIdentity> device;  ///< Exactly one of these two; only with its names where the mode
  std::optional<ModuleIdentity> module;  ///< removes it or touches the twin alone.
  std::string initial_twin_json;         ///< What a new identity's twin begins with; empty for an empty one.
  hub::TwinChange twin;                  ///< What is merged into the twin of one that is there.
  std::optional<Error> fault;
};

/// request_malformed when the body is no array; field_invalid when it has no items or too many.
Result<std::vector<IdentityItem>> parse_identity_items(std::string_view body, const ServiceName& hub);

/// Which of a device's two keys.
enum class PolicyKey : std::uint8_t { primary, secondary, both };
std::string_view policy_key_name(PolicyKey key) noexcept;

struct KeyOwner {
  std::string device, module;  ///< As written; the second is empty for the device's own key.
};
struct KeyRotation {
  PolicyKey key = PolicyKey::both;
  std::vector<KeyOwner> owners;
};
/// field_invalid naming the member.
Result<KeyRotation> parse_key_rotation(std::string_view body);

/// Why one item was not carried out. `code` is one of Azure's names (section 4.9).
struct ItemFault {
  std::string device, module;
  std::string_view code, operation;
  std::string status;
};
/// BulkRegistryOperationResult.
std::string format_identity_result(std::span<const ItemFault> faults);

struct RotatedKey {
  KeyOwner owner;
  std::string primary_key, secondary_key;
};
std::string format_key_rotation(PolicyKey key, std::span<const RotatedKey> rotated,
                                std::span<const ItemFault> faults);

}  // namespace muster::rest
