#pragma once

#include "base/result.hpp"
#include "model/device.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

/// Private to protocol/rest: what the identities of devices and modules have in common, alone and in bulk.
/// Source: service/04 section 4.3.
namespace muster::rest {

class Fields;

/// The member `name` must be there and be `wanted`, which the path says already. field_invalid.
Result<void> check_named(const Fields& fields, std::string_view name, std::string_view wanted);

/// What a client decides of a device. Members that only the service writes are ignored, but of the right
/// type. field_invalid naming the member.
Result<DeviceIdentity> read_device(const Fields& fields, const ServiceName& hub, const DeviceId& id);
/// The same of a module; `named` has its names.
Result<ModuleIdentity> read_module(const Fields& fields, ModuleIdentity named);

/// Both `symmetricKey` and `x509Thumbprint`, with null members where there is nothing.
nlohmann::ordered_json write_authentication(const DeviceAuth& auth);
nlohmann::ordered_json write_thumbprints(const DeviceAuth& auth);
nlohmann::ordered_json text_or_null(std::string_view text);
/// 0001-01-01T00:00:00 for never.
std::string time_or_never(const std::optional<WallTime>& time);

}  // namespace muster::rest
