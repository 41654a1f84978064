#include "cli/commands.hpp"
#include "cli/hub_device_identity.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Result<int> show(Invocation& invocation, const DeviceIdentityOptions& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  MUSTER_TRY(const Json twin,
             invocation.call(
                 {.host = host,
                  .target = fmt::format("/twins/{}?{}", percent_encoded(options.device), kHubApiVersion)}));
  invocation.print(twin, {{"DeviceID", "deviceId"},
                          {"Auth", "authenticationType"},
                          {"Status", "status"},
                          {"Connection", "connectionState"},
                          {"Desired", "properties.desired.$version"},
                          {"Reported", "properties.reported.$version"},
                          {"Version", "version"}});
  return 0;
}

}  // namespace

void add_hub_device_twin(Commands& commands) {
  commands.verb<DeviceIdentityOptions>("hub device-twin show",
                                       {.line = "Show a device's twin",
                                        .about = "Prints tags, desired and reported properties with their "
                                                 "versions and times. The table has the versions "
                                                 "alone.",
                                        .examples = "$ muster hub device-twin show --device-id my-device-001",
                                        .request = "GET /twins/{id}"},
                                       add_device_id, show);
}

}  // namespace muster::cli
