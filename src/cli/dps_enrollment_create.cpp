#include "cli/commands.hpp"
#include "cli/dps_enrollment.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Result<int> create(Invocation& invocation, const EnrollmentNoun& noun, const EnrollmentOptions& options) {
  // az's defaults (service/09): no attestation given means symmetric keys that the service makes.
  Json enrollment{{std::string{noun.id_member}, options.id},
                  {"attestation", {{"type", "symmetricKey"}, {"symmetricKey", Json::object()}}},
                  {"capabilities", {{"iotEdge", false}}},
                  {"provisioningStatus", "enabled"},
                  {"reprovisionPolicy", {{"updateHubAssignment", true}, {"migrateDeviceData", true}}}};
  MUSTER_CHECK(apply_enrollment_settings(invocation, noun, options, enrollment));
  // Without If-Match the service creates and never replaces.
  MUSTER_TRY(Request request, enrollment_request(invocation, noun, options, "PUT"));
  request.body = dump(enrollment);
  MUSTER_TRY(const Json answer, invocation.call(request));
  print_enrollments(invocation, noun, answer);
  return 0;
}

Help help_of(const EnrollmentNoun& noun) {
  if (noun.is_group) {
    return {
        .line = "Create an enrollment group",
        .about =
            "Every device whose certificate chains to the group's CA may then register, under the common "
            "name of its "
            "certificate. --ca-name names an uploaded, verified CA; --certificate-path gives one in place. "
            "With neither, devices register by keys made of the group's (compute-device-key).",
        .examples =
            "$ muster dps enrollment-group create --enrollment-id my-device-group --ca-name "
            "my-intermediate-ca "
            "--provisioning-status enabled -o table\n"
            "EnrollmentGroupId  Attestation  CaName              Status   Allocation  Created\n"
            "-----------------  -----------  ------------------  -------  ----------  --------------------\n"
            "my-device-group    x509         my-intermediate-ca  enabled              2026-01-21T10:30:00Z\n"
            "$ muster dps enrollment-group create --enrollment-id pumps --attestation-type symmetricKey",
        .request = "PUT /enrollmentGroups/{id}"};
  }
  return {.line = "Create an individual enrollment",
          .about =
              "One device may then register, before any group is asked: by a key of its own, or by exactly "
              "the certificate given. Without keys the service makes both; `show --show-keys` shows them.",
          .examples =
              "$ muster dps enrollment create --enrollment-id my-device-001 --attestation-type symmetricKey "
              "--device-id pump-07 -o table\n"
              "RegistrationId  DeviceId  Attestation   Status   Hub  Created\n"
              "--------------  --------  ------------  -------  ---  --------------------\n"
              "my-device-001   pump-07   symmetricKey  enabled       2026-01-21T10:30:00Z\n"
              "$ muster dps enrollment create --enrollment-id my-device-002 --attestation-type x509 "
              "--certificate-path device.pem",
          .request = "PUT /enrollments/{id}"};
}

void add_noun(Commands& commands, const EnrollmentNoun& noun) {
  commands.verb<EnrollmentOptions>(
      fmt::format("dps {} create", noun.word), help_of(noun),
      [&noun](Flags& flags, EnrollmentOptions& options) {
        add_enrollment_id(flags, noun, options);
        add_enrollment_settings(flags, noun, options);
      },
      [&noun](Invocation& invocation, const EnrollmentOptions& options) {
        return create(invocation, noun, options);
      });
}

}  // namespace

void add_dps_enrollment_create(Commands& commands) {
  for (const EnrollmentNoun& noun : kEnrollmentNouns) add_noun(commands, noun);
}

}  // namespace muster::cli
