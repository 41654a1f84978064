#include "cli/commands.hpp"
#include "cli/hub_device_identity.hpp"

namespace muster::cli {
namespace {

Result<int> create(Invocation& invocation, const DeviceIdentityOptions& options) {
  // az's defaults (service/09): symmetric keys that the hub makes.
  Json device{{"deviceId", options.device},
              {"status", "enabled"},
              {"authentication", {{"type", "sas"}, {"symmetricKey", Json::object()}}},
              {"capabilities", {{"iotEdge", false}}}};
  MUSTER_CHECK(apply_device_identity_settings(options, device));
  // Without If-Match the hub creates and never replaces.
  MUSTER_TRY(Request request, device_request(invocation, options, "PUT"));
  request.body = dump(device);
  MUSTER_TRY(const Json answer, invocation.call(request));
  print_device_identity(invocation, answer);
  return 0;
}

}  // namespace

void add_hub_device_identity_create(Commands& commands) {
  commands.verb<DeviceIdentityOptions>(
      "hub device-identity create",
      {.line = "Create a device at a hub",
       .about = "The device may then connect without registering at DPS. x509_ca takes any certificate with "
                "the device "
                "id as its common name that chains to a verified CA of the hub; x509_thumbprint takes one "
                "certificate.",
       .examples = "$ muster hub device-identity create --device-id pump-07 --auth-method x509_ca -o table",
       .request = "PUT /devices/{id}"},
      [](Flags& flags, DeviceIdentityOptions& options) {
        add_device_id(flags, options);
        add_device_identity_settings(flags, options);
      },
      create);
}

}  // namespace muster::cli
