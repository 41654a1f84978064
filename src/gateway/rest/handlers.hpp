#pragma once

#include "gateway/rest/router.hpp"

/// Every handler, by API: the table of routes.cpp names them, nothing else does.
namespace muster::rest {

// Hub: hub_query.cpp, hub_devices.cpp, hub_twin.cpp, hub_twins.cpp.
Task<Response> list_devices(const Call& call);
Task<Response> get_device(const Call& call);
Task<Response> put_device(const Call& call);
Task<Response> delete_device(const Call& call);
Task<Response> query_devices(const Call& call);
/// Of a device, or of a module where the path names one.
Task<Response> get_twin(const Call& call);
Task<Response> patch_twin(const Call& call);
Task<Response> put_twin(const Call& call);
Task<Response> device_statistics(const Call& call);
Task<Response> service_statistics(const Call& call);

// DPS: dps_enrollments.cpp, dps_bulk.cpp, dps_registrations.cpp.
Task<Response> get_enrollment(const Call& call);
Task<Response> put_enrollment(const Call& call);
Task<Response> delete_enrollment(const Call& call);
Task<Response> query_enrollments(const Call& call);
Task<Response> bulk_enrollments(const Call& call);
Task<Response> show_enrollment_attestation(const Call& call);
Task<Response> get_group(const Call& call);
Task<Response> put_group(const Call& call);
Task<Response> delete_group(const Call& call);
Task<Response> query_groups(const Call& call);
Task<Response> bulk_groups(const Call& call);
Task<Response> show_group_attestation(const Call& call);
Task<Response> get_registration(const Call& call);
Task<Response> delete_registration(const Call& call);
Task<Response> query_registrations(const Call& call);

// ARM: arm_services.cpp, arm_service_changes.cpp, arm_certificates.cpp.
Task<Response> list_hubs(const Call& call);
Task<Response> list_hubs_of_group(const Call& call);
Task<Response> get_hub(const Call& call);
Task<Response> list_hub_keys(const Call& call);
Task<Response> get_hub_key(const Call& call);
Task<Response> list_dps_instances(const Call& call);
Task<Response> list_dps_instances_of_group(const Call& call);
Task<Response> get_dps(const Call& call);
Task<Response> list_dps_keys(const Call& call);
Task<Response> get_dps_key(const Call& call);
Task<Response> put_hub(const Call& call);
Task<Response> patch_hub(const Call& call);
Task<Response> delete_hub(const Call& call);
Task<Response> check_hub_name(const Call& call);
Task<Response> put_dps(const Call& call);
Task<Response> patch_dps(const Call& call);
Task<Response> delete_dps(const Call& call);
Task<Response> check_dps_name(const Call& call);
Task<Response> list_hub_certificates(const Call& call);
Task<Response> get_hub_certificate(const Call& call);
Task<Response> put_hub_certificate(const Call& call);
Task<Response> delete_hub_certificate(const Call& call);
Task<Response> generate_hub_code(const Call& call);
Task<Response> verify_hub_certificate(const Call& call);
Task<Response> list_dps_certificates(const Call& call);
Task<Response> get_dps_certificate(const Call& call);
Task<Response> put_dps_certificate(const Call& call);
Task<Response> delete_dps_certificate(const Call& call);
Task<Response> generate_dps_code(const Call& call);
Task<Response> verify_dps_certificate(const Call& call);

// muster: muster_process.cpp, muster_events.cpp, muster_allocate.cpp.
Task<Response> show_status(const Call& call);
Task<Response> stop_process(const Call& call);
Task<Response> show_config(const Call& call);
Task<Response> list_refusals(const Call& call);
Task<Response> allocate_dry_run(const Call& call);
Task<Response> stream_events(const Call& call);

}  // namespace muster::rest
