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
  DeviceIdentityOptions settled = options;
  MUSTER_CHECK(make_own_certificate(invocation, options.device, settled.auth));
  MUSTER_CHECK(apply_device_identity_settings(settled, device));
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
       .about =
           "The device may then connect without registering at DPS. x509_ca takes any certificate with "
           "the device id as its common name that chains to a verified CA of the hub; x509_thumbprint "
           "takes one certificate, which --output-dir makes; shared_private_key, the default, takes keys "
           "that the hub makes where none are given.",
       .examples = "$ muster hub device-identity create --device-id pump-07 --auth-method x509_ca -o table\n"
                   "$ muster hub device-identity create -d pump-08 --am x509_thumbprint --od certs --vd 90\n"
                   "$ muster hub device-identity create -d gateway-1 --edge-enabled",
       .request = "PUT /devices/{id}"},
      [](Flags& flags, DeviceIdentityOptions& options) {
        add_device_id(flags, options);
        add_device_identity_settings(flags, options);
        add_own_certificate(flags, options.auth);
      },
      create);
}

}  // namespace muster::cli
