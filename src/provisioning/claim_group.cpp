#include "provisioning/claim.hpp"
#include "trust/judge.hpp"
#include "trust/token.hpp"

#include <fmt/format.h>

#include <set>

namespace muster::provisioning {
namespace {

std::shared_ptr<const trust::Judgement> judge_chain(const Provisioning& service, const pki::Chain& chain,
                                                    const trust::Anchors& anchors) {
  const WallTime now = service.clock.wall();
  return service.verdicts.find_or_judge(trust::VerdictKey::for_groups(chain.hash(), anchors), now,
                                        [&] { return trust::judge_for_groups(chain, anchors, now); });
}

/// What the hub will know the device by. A CA given inside the enrollment is not an upload that a hub could
/// be pointed to: its devices are known by their thumbprint, as Azure knows all of them.
DeviceAuth auth_of_group(IdentityType type, const trust::Judgement& judgement, const pki::Certificate& leaf) {
  const std::int64_t ca_id = judgement.anchor() ? judgement.anchor()->ca_id : 0;
  if (type == IdentityType::certificate_authority && ca_id != 0)
    return {.type = DeviceAuthType::certificate_authority, .attested_ca_id = ca_id};
  return thumbprint_auth(leaf.sha256_thumbprint(), "");
}

/// A hub tells "Pump" from "pump", a registration does not: the device keeps the spelling it was first given.
std::string device_id_of(const Evidence& evidence, std::string_view first) {
  const auto& previous = evidence.snapshot.registration;
  return previous && !previous->device_id.empty() ? previous->device_id : std::string{first};
}

/// A device's keys out of its group's, for one spelling of its id.
struct DerivedKeys {
  std::string primary, secondary;
};

DerivedKeys derive(const Attestation& attestation, std::string_view id) {
  const auto one = [id](const std::string& key) {
    return hub::derive_device_key(key, id).value_or(std::string{});
  };
  return {one(attestation.primary_key), one(attestation.secondary_key)};
}

/// The keys of the group that signed the token; nullopt: none did. Tools derive from the id as it is typed,
/// documents from the lower-cased one (device/01 section 3): both are tried.
std::optional<DerivedKeys> keys_that_signed(const hub::SasToken& token, const Attestation& attestation,
                                            const RegistrationId& id) {
  for (const std::string& spelling : std::set<std::string>{std::string{id.str()}, id.key()}) {
    DerivedKeys keys = derive(attestation, spelling);
    if (hub::is_signed_with(token, keys.primary) || hub::is_signed_with(token, keys.secondary)) return keys;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Claim> claim_by_chain(const Provisioning& service, trust::Judgement& judgement,
                                    const Evidence& evidence) {
  const RegisterRequest& request = evidence.request;
  judgement.append(*judge_chain(service, *request.chain, evidence.anchors));
  if (judgement.failure()) return std::nullopt;
  const pki::Certificate& leaf = request.chain->leaf();
  // A pointer of our own: appending checks must not depend on what the judgement holds.
  const std::shared_ptr<const EnrollmentGroup> group = judgement.group();
  check_enabled(judgement, group->settings, "group", group->id.str());
  check_common_name(judgement, request.id, leaf);
  if (!judgement.accepted()) return std::nullopt;
  // The certificate's spelling, so that one certificate is one device however its requests spell it.
  const std::string name = leaf.common_name().value_or(std::string{request.id.str()});
  return Claim{.settings = group->settings,
               .group_id = std::string{group->id.str()},
               .device_id = device_id_of(evidence, name),
               .auth = auth_of_group(service.config.identity_type, judgement, leaf)};
}

std::optional<Claim> claim_by_group_key(const Provisioning& service, trust::Judgement& judgement,
                                        const Evidence& evidence) {
  const RegisterRequest& request = evidence.request;
  // The token borrows from its text, which has to be the request's own.
  const std::string_view text = request.password ? std::string_view{*request.password} : std::string_view{};
  const auto token = hub::parse_sas_token(text);
  if (!token) {
    judgement.fail("token", Error{ErrorCode::token_malformed, "the password is not of that form"});
    return std::nullopt;
  }
  for (const auto& group : evidence.anchors.key_groups()) {
    const auto keys = keys_that_signed(*token, group->settings.attestation, request.id);
    if (!keys) continue;
    check_enabled(judgement, group->settings, "group", group->id.str());
    const std::string of_group = fmt::format("derived from group {}'s", group->id.str());
    if (!check_registration_token(
            service, judgement, evidence,
            {{of_group + " primary key", keys->primary}, {of_group + " secondary key", keys->secondary}}) ||
        !judgement.accepted()) {
      return std::nullopt;
    }
    return Claim{
        .settings = group->settings,
        .group_id = std::string{group->id.str()},
        .device_id = device_id_of(evidence, request.id.str()),
        .auth = {
            .type = DeviceAuthType::sas, .primary_key = keys->primary, .secondary_key = keys->secondary}};
  }
  const std::size_t count = evidence.anchors.key_groups().size();
  judgement.fail(
      "enrollment",
      count == 0
          ? Error{ErrorCode::no_enrollment_matches,
                  fmt::format("no individual enrollment {} and no enrollment group with symmetric keys",
                              request.id.str())}
          : Error{ErrorCode::token_signature_invalid,
                  fmt::format("no individual enrollment {}, and the token is signed with no key derived "
                              "from one of {} enrollment groups",
                              request.id.str(), count)});
  return std::nullopt;
}

}  // namespace muster::provisioning
