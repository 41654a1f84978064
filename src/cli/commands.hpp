#pragma once

#include "cli/command.hpp"

namespace muster::cli {

// One function a command or noun; each is in the file of its name. In the order of `muster --help`.
void add_up(Commands& commands);
void add_run(Commands& commands);
void add_status(Commands& commands);
void add_down(Commands& commands);
void add_service(Commands& commands);
void add_service_create(Commands& commands);
void add_dps_linked_hub(Commands& commands);
void add_dps_allocate(Commands& commands);
void add_service_connection_string(Commands& commands);
void add_service_certificate(Commands& commands);
void add_service_certificate_proof(Commands& commands);
void add_dps_enrollment(Commands& commands);
void add_dps_enrollment_create(Commands& commands);
void add_dps_enrollment_update(Commands& commands);
void add_dps_enrollment_registration(Commands& commands);
void add_dps_enrollment_group_compute_device_key(Commands& commands);
void add_hub_device_identity(Commands& commands);
void add_hub_device_identity_create(Commands& commands);
void add_hub_device_identity_update(Commands& commands);
void add_hub_device_identity_family(Commands& commands);
void add_hub_identity_connection_string(Commands& commands);
void add_hub_identity_renew_key(Commands& commands);
void add_hub_module_identity(Commands& commands);
void add_hub_device_twin(Commands& commands);
void add_hub_query(Commands& commands);
void add_hub_monitor_events(Commands& commands);
void add_pki_create(Commands& commands);
void add_pki_verify_proof(Commands& commands);
void add_pki_inspect(Commands& commands);
void add_pki_verify(Commands& commands);
void add_device_run(Commands& commands);
void add_config(Commands& commands);
void add_decode(Commands& commands);
void add_log_inspect(Commands& commands);
void add_log_verify(Commands& commands);
void add_log_export(Commands& commands);
void add_explain(Commands& commands);
void add_reference(Commands& commands);

}  // namespace muster::cli
