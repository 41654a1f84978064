#include "gateway/rest/handlers.hpp"

#include <array>

namespace muster::rest {
namespace {

#define ARM_ALL "/subscriptions/{s}/providers/Microsoft.Devices"
#define ARM_GROUP "/subscriptions/{s}/resourceGroups/{rg}/providers/Microsoft.Devices"

/// Literal segments before {names}: `/devices/query` is no device. Sources: protocol/service/02 section 2.1,
/// 03, 04 section 4.1.
constexpr std::array kRoutes{
    Route{Api::hub, "POST", "/devices/query", query_devices},
    Route{Api::hub, "POST", "/devices/keys/regenerate", nullptr},
    Route{Api::hub, "GET", "/devices", list_devices},
    Route{Api::hub, "POST", "/devices", nullptr},
    Route{Api::hub, "GET", "/devices/{id}", get_device},
    Route{Api::hub, "PUT", "/devices/{id}", put_device},
    Route{Api::hub, "DELETE", "/devices/{id}", delete_device},
    Route{Api::hub, "GET", "/devices/{id}/modules", nullptr},
    Route{Api::hub, "GET", "/devices/{id}/modules/{mid}", nullptr},
    Route{Api::hub, "PUT", "/devices/{id}/modules/{mid}", nullptr},
    Route{Api::hub, "DELETE", "/devices/{id}/modules/{mid}", nullptr},
    Route{Api::hub, "POST", "/devices/{id}/applyConfigurationContent", nullptr},
    Route{Api::hub, "DELETE", "/devices/{id}/commands", nullptr},
    Route{Api::hub, "GET", "/twins/{id}", get_twin},
    Route{Api::hub, "PATCH", "/twins/{id}", patch_twin},
    Route{Api::hub, "PUT", "/twins/{id}", put_twin},
    Route{Api::hub, "GET", "/twins/{id}/modules/{mid}", get_twin},
    Route{Api::hub, "PATCH", "/twins/{id}/modules/{mid}", patch_twin},
    Route{Api::hub, "PUT", "/twins/{id}/modules/{mid}", put_twin},
    Route{Api::hub, "POST", "/twins/{id}/methods", nullptr},
    Route{Api::hub, "POST", "/twins/{id}/modules/{mid}/methods", nullptr},
    Route{Api::hub, "GET", "/statistics/devices", device_statistics},
    Route{Api::hub, "GET", "/statistics/service", service_statistics},
    Route{Api::hub, "POST", "/configurations/testQueries", nullptr},
    Route{Api::hub, "GET", "/configurations", nullptr},
    Route{Api::hub, "GET", "/configurations/{id}", nullptr},
    Route{Api::hub, "PUT", "/configurations/{id}", nullptr},
    Route{Api::hub, "DELETE", "/configurations/{id}", nullptr},
    Route{Api::hub, "POST", "/jobs/create", nullptr},
    Route{Api::hub, "GET", "/jobs", nullptr},
    Route{Api::hub, "GET", "/jobs/v2/query", nullptr},
    Route{Api::hub, "GET", "/jobs/{id}", nullptr},
    Route{Api::hub, "DELETE", "/jobs/{id}", nullptr},
    Route{Api::hub, "PUT", "/jobs/v2/{id}", nullptr},
    Route{Api::hub, "GET", "/jobs/v2/{id}", nullptr},
    Route{Api::hub, "POST", "/jobs/v2/{id}/cancel", nullptr},
    Route{Api::hub, "GET", "/digitaltwins/{id}", nullptr},
    Route{Api::hub, "PATCH", "/digitaltwins/{id}", nullptr},
    Route{Api::hub, "POST", "/digitaltwins/{id}/commands/{c}", nullptr},
    Route{Api::hub, "POST", "/digitaltwins/{id}/components/{p}/commands/{c}", nullptr},
    Route{Api::hub, "GET", "/messages/serviceBound/feedback", nullptr},
    Route{Api::hub, "DELETE", "/messages/serviceBound/feedback/{token}", nullptr},
    Route{Api::hub, "POST", "/messages/serviceBound/feedback/{token}/abandon", nullptr},

    Route{Api::dps, "POST", "/enrollmentGroups/query", query_groups},
    Route{Api::dps, "POST", "/enrollmentGroups", nullptr},
    Route{Api::dps, "GET", "/enrollmentGroups/{id}", get_group},
    Route{Api::dps, "PUT", "/enrollmentGroups/{id}", put_group},
    Route{Api::dps, "DELETE", "/enrollmentGroups/{id}", delete_group},
    Route{Api::dps, "POST", "/enrollmentGroups/{id}/attestationmechanism", nullptr},
    Route{Api::dps, "POST", "/enrollments/query", nullptr},
    Route{Api::dps, "POST", "/enrollments", nullptr},
    Route{Api::dps, "GET", "/enrollments/{id}", nullptr},
    Route{Api::dps, "PUT", "/enrollments/{id}", nullptr},
    Route{Api::dps, "DELETE", "/enrollments/{id}", nullptr},
    Route{Api::dps, "POST", "/enrollments/{id}/attestationmechanism", nullptr},
    Route{Api::dps, "GET", "/registrations/{id}", get_registration},
    Route{Api::dps, "DELETE", "/registrations/{id}", delete_registration},
    Route{Api::dps, "POST", "/registrations/{group}/query", query_registrations},

    Route{Api::arm, "GET", ARM_ALL "/IotHubs", list_hubs},
    Route{Api::arm, "GET", ARM_GROUP "/IotHubs", list_hubs_of_group},
    Route{Api::arm, "GET", ARM_GROUP "/IotHubs/{name}", get_hub},
    Route{Api::arm, "PUT", ARM_GROUP "/IotHubs/{name}", nullptr},
    Route{Api::arm, "PATCH", ARM_GROUP "/IotHubs/{name}", nullptr},
    Route{Api::arm, "DELETE", ARM_GROUP "/IotHubs/{name}", nullptr},
    Route{Api::arm, "POST", ARM_GROUP "/IotHubs/{name}/listkeys", list_hub_keys},
    Route{Api::arm, "POST", ARM_GROUP "/IotHubs/{name}/IotHubKeys/{key}/listkeys", get_hub_key},
    Route{Api::arm, "GET", ARM_GROUP "/IotHubs/{name}/certificates", list_hub_certificates},
    Route{Api::arm, "GET", ARM_GROUP "/IotHubs/{name}/certificates/{cert}", get_hub_certificate},
    Route{Api::arm, "PUT", ARM_GROUP "/IotHubs/{name}/certificates/{cert}", put_hub_certificate},
    Route{Api::arm, "DELETE", ARM_GROUP "/IotHubs/{name}/certificates/{cert}", delete_hub_certificate},
    Route{Api::arm, "POST", ARM_GROUP "/IotHubs/{name}/certificates/{cert}/generateVerificationCode",
          generate_hub_code},
    Route{Api::arm, "POST", ARM_GROUP "/IotHubs/{name}/certificates/{cert}/verify", verify_hub_certificate},
    Route{Api::arm, "GET", ARM_GROUP "/IotHubs/{name}/eventHubEndpoints/{e}/ConsumerGroups", nullptr},
    Route{Api::arm, "GET", ARM_GROUP "/IotHubs/{name}/eventHubEndpoints/{e}/ConsumerGroups/{cg}", nullptr},
    Route{Api::arm, "PUT", ARM_GROUP "/IotHubs/{name}/eventHubEndpoints/{e}/ConsumerGroups/{cg}", nullptr},
    Route{Api::arm, "DELETE", ARM_GROUP "/IotHubs/{name}/eventHubEndpoints/{e}/ConsumerGroups/{cg}", nullptr},
    Route{Api::arm, "GET", ARM_ALL "/provisioningServices", list_dps_instances},
    Route{Api::arm, "GET", ARM_GROUP "/provisioningServices", list_dps_instances_of_group},
    Route{Api::arm, "GET", ARM_GROUP "/provisioningServices/{name}", get_dps},
    Route{Api::arm, "PUT", ARM_GROUP "/provisioningServices/{name}", nullptr},
    Route{Api::arm, "PATCH", ARM_GROUP "/provisioningServices/{name}", nullptr},
    Route{Api::arm, "DELETE", ARM_GROUP "/provisioningServices/{name}", nullptr},
    Route{Api::arm, "POST", ARM_GROUP "/provisioningServices/{name}/listkeys", list_dps_keys},
    Route{Api::arm, "POST", ARM_GROUP "/provisioningServices/{name}/keys/{key}/listkeys", get_dps_key},
    Route{Api::arm, "GET", ARM_GROUP "/provisioningServices/{name}/certificates", list_dps_certificates},
    Route{Api::arm, "GET", ARM_GROUP "/provisioningServices/{name}/certificates/{cert}", get_dps_certificate},
    Route{Api::arm, "PUT", ARM_GROUP "/provisioningServices/{name}/certificates/{cert}", put_dps_certificate},
    Route{Api::arm, "DELETE", ARM_GROUP "/provisioningServices/{name}/certificates/{cert}",
          delete_dps_certificate},
    Route{Api::arm, "POST",
          ARM_GROUP "/provisioningServices/{name}/certificates/{cert}/generateVerificationCode",
          generate_dps_code},
    Route{Api::arm, "POST", ARM_GROUP "/provisioningServices/{name}/certificates/{cert}/verify",
          verify_dps_certificate},
    Route{Api::arm, "POST", ARM_ALL "/checkNameAvailability", nullptr},
    Route{Api::arm, "POST", ARM_ALL "/checkProvisioningServiceNameAvailability", nullptr},

    Route{Api::muster, "GET", "/muster/v1/status", show_status},
    Route{Api::muster, "POST", "/muster/v1/stop", stop_process},
    Route{Api::muster, "GET", "/muster/v1/config", show_config},
    Route{Api::muster, "GET", "/muster/v1/refusals", list_refusals},
    Route{Api::muster, "GET", "/muster/v1/hubs/{hub}/events", stream_events},
};

#undef ARM_ALL
#undef ARM_GROUP

}  // namespace

std::span<const Route> all_routes() noexcept { return kRoutes; }

}  // namespace muster::rest
