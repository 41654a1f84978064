#include "cli/commands.hpp"
#include "cli/hub_device_identity.hpp"

namespace muster::cli {
namespace {

Result<int> update(Invocation& invocation, const DeviceIdentityOptions& options) {
  MUSTER_TRY(const Request read, device_request(invocation, options, "GET"));
  MUSTER_TRY(Json device, invocation.call(read));
  MUSTER_CHECK(apply_device_identity_settings(options, device));
  MUSTER_TRY(Request write, device_request(invocation, options, "PUT"));
  write.body = dump(device);
  write.headers.emplace_back("If-Match", quoted_etag(options.etag));
  MUSTER_TRY(const Json answer, invocation.call(write));
  print_device_identity(invocation, answer);
  return 0;
}

}  // namespace

void add_hub_device_identity_update(Commands& commands) {
  commands.verb<DeviceIdentityOptions>(
      "hub device-identity update",
      {.line = "Change a device",
       .about = "Reads the identity, changes what the flags name, and writes it back. A device that is "
                "disabled, or whose key or thumbprint is replaced, is disconnected at once.",
       .examples = "$ muster hub device-identity update --device-id my-device-001 --status disabled\n"
                   "$ muster hub device-identity update -d pump-07 --am shared_private_key",
       .request = "GET /devices/{id}\nPUT /devices/{id}   If-Match: \"*\" or the etag"},
      [](Flags& flags, DeviceIdentityOptions& options) {
        add_device_id(flags, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
        add_device_identity_settings(flags, options);
      },
      update);
}

}  // namespace muster::cli
