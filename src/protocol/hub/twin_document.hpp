#pragma once

#include "base/clock.hpp"
#include "model/device.hpp"
#include "muster/result.hpp"

#include <string>
#include <string_view>

/// Twins as JSON texts. Source: protocol/device/04 section 8 and protocol/service/04 section 4.4.
namespace muster::hub {

/// A new device's twin from an enrollment's initial twin: `{"tags":{...},"properties":{"desired":{...}}}`, or
/// empty for none. field_invalid when it is not of that form.
Result<Twin> make_initial_twin(const ServiceName& hub, const DeviceId& device,
                               std::string_view initial_twin_json, WallTime now);

/// What a device gets for a twin GET: `{"desired":{...,"$version":n},"reported":{...,"$version":m}}`, without
/// metadata or tags.
std::string format_device_view(const Twin& twin);

}  // namespace muster::hub
