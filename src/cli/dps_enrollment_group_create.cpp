#include "cli/commands.hpp"
#include "cli/dps_enrollment_group.hpp"

namespace muster::cli {
namespace {

Result<int> create(Invocation& invocation, const EnrollmentGroupOptions& options) {
  // az's defaults (service/09): no attestation given means symmetric keys that the service makes.
  Json group{{"enrollmentGroupId", options.id},
             {"attestation", {{"type", "symmetricKey"}, {"symmetricKey", Json::object()}}},
             {"capabilities", {{"iotEdge", false}}},
             {"provisioningStatus", "enabled"},
             {"reprovisionPolicy", {{"updateHubAssignment", true}, {"migrateDeviceData", true}}}};
  MUSTER_CHECK(apply_enrollment_group_settings(invocation, options, group));
  // Without If-Match the service creates and never replaces.
  MUSTER_TRY(Request request, enrollment_group_request(invocation, options, "PUT"));
  request.body = dump(group);
  MUSTER_TRY(const Json answer, invocation.call(request));
  print_enrollment_groups(invocation, answer);
  return 0;
}

}  // namespace

void add_dps_enrollment_group_create(Commands& commands) {
  commands.verb<EnrollmentGroupOptions>(
      "dps enrollment-group create",
      {.line = "Create an enrollment group",
       .about =
           "Every device whose certificate chains to the group's CA may then register, under the common name "
           "of its "
           "certificate. --ca-name names an uploaded, verified CA; --certificate-path gives one in place.",
       .examples =
           "$ muster dps enrollment-group create --enrollment-id my-device-group --ca-name "
           "my-intermediate-ca "
           "--provisioning-status enabled -o table\n"
           "EnrollmentGroupId  Attestation  CaName              Status   Allocation  Created\n"
           "-----------------  -----------  ------------------  -------  ----------  --------------------\n"
           "my-device-group    x509         my-intermediate-ca  enabled              2026-01-21T10:30:00Z",
       .request = "PUT /enrollmentGroups/{id}"},
      [](Flags& flags, EnrollmentGroupOptions& options) {
        add_enrollment_group_id(flags, options);
        add_enrollment_group_settings(flags, options);
      },
      create);
}

}  // namespace muster::cli
