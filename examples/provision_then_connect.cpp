// Asks DPS which hub a device belongs to, then connects there with the same certificate.
//
//   provision_then_connect ID_SCOPE REGISTRATION_ID CERT.pem KEY.pem [CA.pem [ADDRESS:PORT]]

#include "muster/client.hpp"

#include <cstdio>
#include <string>

namespace {

struct Device {
  muster::Runtime& runtime;
  std::shared_ptr<muster::Credentials> credentials;
  muster::ProvisioningOptions provisioning;
};

boost::asio::awaitable<muster::Result<std::string>> provision_then_connect(Device& device) {
  muster::ProvisioningOptions provisioning = device.provisioning;
  MUSTER_CO_TRY(const muster::Assignment assignment,
                co_await muster::provision(device.runtime, device.credentials, std::move(provisioning)));
  muster::ClientOptions options;
  options.host = assignment.assigned_hub;
  options.device_id = assignment.device_id;
  options.transport = device.provisioning.transport;
  muster::Client client{device.runtime, device.credentials, std::move(options)};
  MUSTER_CO_CHECK(co_await client.connect());
  MUSTER_CO_CHECK(co_await client.disconnect());
  co_return assignment.assigned_hub;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs(
        "usage: provision_then_connect ID_SCOPE REGISTRATION_ID CERT.pem KEY.pem [CA.pem [ADDRESS:PORT]]\n",
        stderr);
    return 2;
  }
  muster::Runtime runtime;
  Device device{runtime, muster::pem_file_credentials(argv[3], argv[4]), {}};
  device.provisioning.id_scope = argv[1];
  device.provisioning.registration_id = argv[2];
  if (argc > 5) device.provisioning.transport.ca_file = argv[5];
  if (argc > 6) device.provisioning.transport.connect_to = argv[6];
  const muster::Result<std::string> hub = runtime.run(provision_then_connect(device));
  if (!hub) {
    std::fprintf(stderr, "%s\ndo: %s\n", hub.error().reason().c_str(),
                 std::string{hub.error().remedy()}.c_str());
    return 1;
  }
  std::printf("connected to %s\n", hub->c_str());
  return 0;
}
