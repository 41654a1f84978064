#include "cli/commands.hpp"
#include "cli/run.hpp"

namespace muster::cli {
namespace {

constexpr std::string_view kWorld = "WORLD";
constexpr std::string_view kServices = "SERVICES";
constexpr std::string_view kTools = "TOOLS";

void name_nouns(Commands& commands) {
  commands.noun("up", "", kWorld);
  commands.noun("run", "", kWorld);
  commands.noun("status", "", kWorld);
  commands.noun("down", "", kWorld);
  commands.noun("dps", "Provisioning services: certificates, enrollments, registrations", kServices);
  commands.noun("dps linked-hub", "Hubs that a DPS instance may assign devices to");
  commands.noun("dps certificate", "CA certificates of a DPS instance");
  commands.noun("dps enrollment", "Individual enrollments: one device that may register");
  commands.noun("dps enrollment registration", "The registration of a device with an enrollment of its own");
  commands.noun("dps enrollment-group", "Enrollment groups: which devices may register");
  commands.noun("dps enrollment-group registration", "Devices that registered through a group");
  commands.noun("dps connection-string", "How Azure's service SDKs reach a DPS instance");
  commands.noun("hub", "IoT hubs: devices, twins, telemetry", kServices);
  commands.noun("hub certificate", "CA certificates of a hub");
  commands.noun("hub connection-string", "How Azure's service SDKs reach a hub");
  commands.noun("hub device-identity", "Devices that may connect");
  commands.noun("hub device-identity connection-string", "How device SDKs reach the hub as a device");
  commands.noun("hub device-identity children", "Devices under an IoT Edge device");
  commands.noun("hub device-identity parent", "The IoT Edge device that a device is under");
  commands.noun("hub module-identity", "Modules of devices, which connect for themselves");
  commands.noun("hub module-identity connection-string", "How module SDKs reach the hub as a module");
  commands.noun("hub module-twin", "What a module and its operator know of each other");
  commands.noun("hub device-twin", "What a device and its operator know of each other");
  commands.noun("device", "The simulated device", kServices);
  commands.noun("pki", "Certificates for devices, made and judged without a service", kTools);
  commands.noun("config", "The configuration of a world", kTools);
  commands.noun("decode", "", kTools);
  commands.noun("log", "The event log on the disk, also while the service runs", kTools);
  commands.noun("explain", "", kTools);
  commands.noun("reference", "");
  commands.hide("reference");
}

}  // namespace

void add_all_commands(Commands& commands) {
  name_nouns(commands);
  add_up(commands);
  add_run(commands);
  add_status(commands);
  add_down(commands);
  add_service(commands);
  add_service_create(commands);
  add_dps_linked_hub(commands);
  add_dps_allocate(commands);
  add_service_certificate(commands);
  add_service_certificate_proof(commands);
  add_service_connection_string(commands);
  add_dps_enrollment(commands);
  add_dps_enrollment_create(commands);
  add_dps_enrollment_update(commands);
  add_dps_enrollment_registration(commands);
  add_dps_enrollment_group_compute_device_key(commands);
  add_hub_device_identity(commands);
  add_hub_device_identity_create(commands);
  add_hub_device_identity_update(commands);
  add_hub_device_identity_family(commands);
  add_hub_identity_connection_string(commands);
  add_hub_identity_renew_key(commands);
  add_hub_module_identity(commands);
  add_hub_device_twin(commands);
  add_hub_query(commands);
  add_hub_monitor_events(commands);
  add_pki_create(commands);
  add_pki_verify_proof(commands);
  add_pki_inspect(commands);
  add_pki_verify(commands);
  add_device_run(commands);
  add_config(commands);
  add_decode(commands);
  add_log_inspect(commands);
  add_log_verify(commands);
  add_log_export(commands);
  add_explain(commands);
  add_reference(commands);
}

}  // namespace muster::cli
