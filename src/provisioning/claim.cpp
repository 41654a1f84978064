#include "provisioning/claim.hpp"

#include "trust/token.hpp"

#include <fmt/format.h>

namespace muster::provisioning {

void check_enabled(trust::Judgement& judgement, const EnrollmentSettings& settings, std::string_view noun,
                   std::string_view id) {
  if (settings.enabled) {
    judgement.pass("enrollment enabled", fmt::format("{} {}", noun, id));
    return;
  }
  const std::string_view command = noun == "group" ? "enrollment-group" : "enrollment";
  judgement.fail("enrollment enabled",
                 Error{ErrorCode::enrollment_disabled,
                       fmt::format("{} {} is disabled", noun == "group" ? "enrollment group" : noun, id)}
                     .with_remedy(fmt::format("Enable it: `muster dps {} update --enrollment-id {} "
                                              "--provisioning-status enabled`.",
                                              command, id)));
}

void check_common_name(trust::Judgement& judgement, const RegistrationId& id, const pki::Certificate& leaf) {
  const auto name = leaf.common_name();
  if (name && equals_ignoring_case(*name, id.str())) {
    judgement.pass("registration id", fmt::format("equals the certificate's CN {}", *name));
    return;
  }
  judgement.fail(
      "registration id",
      Error{ErrorCode::registration_id_mismatch,
            name ? fmt::format("registration id is \"{}\", the certificate's CN is \"{}\"", id.str(), *name)
                 : fmt::format("registration id is \"{}\", the certificate has no CN", id.str())});
}

bool check_registration_token(const Provisioning& service, trust::Judgement& judgement,
                              const Evidence& evidence, std::vector<trust::TokenKey> keys) {
  const RegisterRequest& request = evidence.request;
  if (!request.password) {
    judgement.fail("token", Error{ErrorCode::credential_missing,
                                  "the enrollment attests by symmetric key, and no password came"});
    return false;
  }
  const trust::TokenQuestion question{
      .text = *request.password,
      .keys = std::move(keys),
      .resources = {fmt::format("{}/registrations/{}", evidence.dps.id_scope, request.id.str())},
      .resource_case = hub::SasResourceCase::fold_all,
      .now = service.clock.wall(),
      .clock_skew = service.config.sas_clock_skew};
  return trust::check_token(judgement, question).has_value();
}

DeviceAuth thumbprint_auth(const std::string& primary, const std::string& secondary) {
  return {.type = DeviceAuthType::self_signed,
          .primary_thumbprint = primary,
          .secondary_thumbprint = secondary.empty() ? primary : secondary};
}

}  // namespace muster::provisioning
