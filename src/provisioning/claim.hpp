#pragma once

#include "provisioning/register_device.hpp"
#include "trust/token.hpp"

#include <optional>
#include <string_view>

/// Private to provisioning: how each kind of enrollment judges a device. Pure, but for the verdict cache and
/// the clock's time.
namespace muster::provisioning {

/// What a device has shown, and what it is held against.
struct Evidence {
  const RegisterRequest& request;
  const registry::EnrollmentSnapshot& snapshot;
  const DpsInstance& dps;
  const trust::Anchors& anchors;
};

/// What an enrollment makes of a device that it takes.
struct Claim {
  EnrollmentSettings settings;
  std::int64_t individual_version = 0;
  std::string group_id;
  std::string device_id;
  DeviceAuth auth;
};

/// Each appends its checks to the judgement and returns nullopt when one failed.
std::optional<Claim> claim_individual(const Provisioning& service, trust::Judgement& judgement,
                                      const Evidence& evidence, const IndividualEnrollment& enrollment);
std::optional<Claim> claim_by_chain(const Provisioning& service, trust::Judgement& judgement,
                                    const Evidence& evidence);
std::optional<Claim> claim_by_group_key(const Provisioning& service, trust::Judgement& judgement,
                                        const Evidence& evidence);

/// Check "enrollment enabled". `noun`: "group" or "individual enrollment".
void check_enabled(trust::Judgement& judgement, const EnrollmentSettings& settings, std::string_view noun,
                   std::string_view id);
/// Check "registration id": it has to be the leaf's common name (device/01 section 2), in any case of
/// letters.
void check_common_name(trust::Judgement& judgement, const RegistrationId& id, const pki::Certificate& leaf);
/// The token of the request against these keys; false when a check failed.
bool check_registration_token(const Provisioning& service, trust::Judgement& judgement,
                              const Evidence& evidence, std::vector<trust::TokenKey> keys);
/// Two thumbprints or keys of one device: a single one is written as both (device/01 section 8.3).
DeviceAuth thumbprint_auth(const std::string& primary, const std::string& secondary);

}  // namespace muster::provisioning
