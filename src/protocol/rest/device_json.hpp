#pragma once

#include "base/result.hpp"
#include "model/device.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Device identities and twins as IoT Hub's service API carries them. Source: protocol/service/04
/// sections 4.3 and 4.4.
namespace muster::rest {

/// What only the running service knows of a device.
struct Connectivity {
  bool connected = false;
  std::optional<WallTime> updated;  ///< nullopt: it never connected.
  std::optional<WallTime> last_activity;
};

/// Reads a device for a PUT to `id`. Fills what the client decides: status, reason, authentication, edge,
/// scope. With type sas and no keys (or no authentication at all) both keys stay empty: the caller makes
/// them. field_invalid naming the member; not_implemented for parentScopes.
Result<DeviceIdentity> parse_device(std::string_view body, const ServiceName& hub, const DeviceId& id);

/// Always with both `symmetricKey` and `x509Thumbprint`, null members included: the CLI's update indexes into
/// them.
std::string format_device(const DeviceIdentity& identity, const Connectivity& connectivity);

enum class TwinShape : std::uint8_t {
  twin,       ///< GET /twins/{id}.
  query_row,  ///< With `authentication.type` beside `authenticationType`: the tutorial's own query asks for
              ///< it (service/13).
};
std::string format_twin(const DeviceRecord& record, const Connectivity& connectivity, TwinShape shape);
/// A module's; its `deviceEtag` is that of the module's identity.
std::string format_module_twin(const ModuleRecord& record, const DeviceIdentity& device,
                               const Connectivity& connectivity, TwinShape shape);

/// The documents of a twin that a query looks at: the others need not be read.
struct RowParts {
  bool tags = true, desired = true, reported = true;
};
/// The row that a query is asked of, and shows for SELECT *: TwinShape::query_row before it is text.
nlohmann::ordered_json twin_row(const DeviceRecord& record, const Connectivity& connectivity, RowParts parts);
nlohmann::ordered_json module_twin_row(const ModuleRecord& record, const DeviceIdentity& device,
                                       const Connectivity& connectivity, RowParts parts);

/// GET /statistics/devices.
struct DeviceCounts {
  std::uint64_t total = 0, enabled = 0, disabled = 0;
};
std::string format_device_statistics(const DeviceCounts& counts);
/// GET /statistics/service.
std::string format_service_statistics(std::uint64_t connected);

/// The query text of `{"query":"..."}`; field_invalid when it is missing or longer than 8192 characters
/// (service/05).
Result<std::string> parse_query_body(std::string_view body);

/// "sas", "selfSigned", "certificateAuthority", "none".
std::string_view auth_type_name(DeviceAuthType type) noexcept;

}  // namespace muster::rest
