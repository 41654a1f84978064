#include "protocol/hub/topic.hpp"

#include <algorithm>
#include <array>

namespace muster::hub {
namespace {

struct SystemProperty {
  std::string_view wire_name;
  std::string_view name;
};

// The wire names: protocol/device/04 section 5. Their names as consumers see them: AMQP's own properties and
// the annotations dt-subject and iothub-connection-* in service/07 section 7.6, iothub-message-schema in
// service/10 section 10.1, the rest as the C# SDK's MessageSystemPropertyNames has them for AMQP.
constexpr std::array kSystemProperties{
    SystemProperty{"$.mid", "message-id"},
    SystemProperty{"$.cid", "correlation-id"},
    SystemProperty{"$.uid", "user-id"},
    SystemProperty{"$.to", "to"},
    SystemProperty{"$.ct", "content-type"},
    SystemProperty{"$.ce", "content-encoding"},
    SystemProperty{"$.exp", "absolute-expiry-time"},
    SystemProperty{"$.ctime", "creation-time"},
    SystemProperty{"$.cdid", "iothub-connection-device-id"},
    SystemProperty{"$.cmid", "iothub-connection-module-id"},
    SystemProperty{"$.ifid", "iothub-interface-id"},
    SystemProperty{"$.sub", "dt-subject"},
    SystemProperty{"$.schema", "iothub-message-schema"},
    SystemProperty{"$.on", "iothub-outputname"},
    SystemProperty{"$.diagid", "Diagnostic-Id"},
    SystemProperty{"$.diagctx", "Correlation-Context"},
};

}  // namespace

std::optional<std::string_view> system_property_name(std::string_view wire_name) noexcept {
  const auto found = std::ranges::find(kSystemProperties, wire_name, &SystemProperty::wire_name);
  return found == kSystemProperties.end() ? std::nullopt : std::optional{found->name};
}

}  // namespace muster::hub
