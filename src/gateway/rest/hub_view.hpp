#pragma once

#include "gateway/rest/router.hpp"
#include "protocol/rest/device_json.hpp"

namespace muster::rest {

/// What the session directory knows of a device, as the codecs want it.
Connectivity connectivity_of(const hub::SessionDirectory& sessions, const ServiceName& hub,
                             const DeviceId& id);
/// The same of a device or a module.
Connectivity connectivity_of(const hub::SessionDirectory& sessions, const hub::SessionKey& key);
/// The device id in a path. device_id_invalid; Azure answers 400 to an id that cannot exist.
Result<DeviceId> device_id_of(std::string_view text);

}  // namespace muster::rest
