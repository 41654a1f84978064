#include "provisioning/register_device.hpp"
#include "trust/judge.hpp"

#include <fmt/format.h>

namespace muster::provisioning {
namespace {

/// What is trusted at this DPS now: what the cache holds, or what the snapshot brought because it had moved.
std::shared_ptr<const trust::Anchors> anchors_of(trust::AnchorCache& cache, const ServiceRef& service,
                                                 registry::EnrollmentSnapshot& snapshot) {
  if (!snapshot.trust) return cache.current(service);
  return cache.replace(std::make_shared<const trust::Anchors>(service, snapshot.trust->generation,
                                                              std::move(snapshot.trust->certificates),
                                                              std::move(snapshot.trust->groups)));
}

std::shared_ptr<const trust::Judgement> judge_chain(Provisioning& service, const pki::Chain& chain,
                                                    const trust::Anchors& anchors) {
  const WallTime now = service.clock.wall();
  return service.verdicts.find_or_judge(trust::VerdictKey::for_groups(chain.hash(), anchors), now,
                                        [&] { return trust::judge_for_groups(chain, anchors, now); });
}

void check_enabled(trust::Judgement& judgement, const EnrollmentGroup& group) {
  if (group.settings.enabled) {
    judgement.pass("enrollment enabled", fmt::format("group {}", group.id.str()));
    return;
  }
  judgement.fail(
      "enrollment enabled",
      Error{ErrorCode::enrollment_disabled, fmt::format("enrollment group {} is disabled", group.id.str())}
          .with_remedy(fmt::format("Enable it: `muster dps enrollment-group update --enrollment-id {} "
                                   "--provisioning-status enabled`.",
                                   group.id.str())));
}

/// The registration id has to be the leaf's common name (device/01 section 2), in any case of letters.
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

/// What the hub will know the device by. A CA given inside the enrollment is not an upload that a hub could
/// be pointed to: its devices are known by their thumbprint, as Azure knows all of them.
DeviceAuth auth_of_group(IdentityType type, const trust::Judgement& judgement, const pki::Certificate& leaf) {
  const std::int64_t ca_id = judgement.anchor() ? judgement.anchor()->ca_id : 0;
  if (type == IdentityType::certificate_authority && ca_id != 0)
    return {.type = DeviceAuthType::certificate_authority, .attested_ca_id = ca_id};
  // A single certificate is written as both thumbprints (device/01 section 8.3).
  const std::string thumbprint = leaf.sha256_thumbprint();
  return {.type = DeviceAuthType::self_signed,
          .primary_thumbprint = thumbprint,
          .secondary_thumbprint = thumbprint};
}

/// Kinds of request and enrollment that do not exist here yet: refused by name, never stored and ignored.
void check_supported(trust::Judgement& judgement, const RegisterRequest& request) {
  if (request.offers_tpm) {
    judgement.fail("attestation",
                   Error{ErrorCode::attestation_unsupported, "the request offers a TPM's keys"});
  } else if (request.asks_for_certificate) {
    judgement.fail("attestation", Error{ErrorCode::csr_unsupported, "the request holds a csr"});
  } else if (!request.chain) {
    judgement.fail("attestation", Error{ErrorCode::attestation_unsupported,
                                        "no client certificate came; symmetric keys do not exist here yet"});
  } else {
    judgement.pass("attestation", "X.509");
  }
}

}  // namespace

Task<AttestOutcome> attest(Provisioning& service, RegisterRequest request) {
  const ServiceRef dps{ServiceKind::dps, request.dps};
  AttestOutcome outcome;
  check_supported(outcome.judgement, request);
  if (outcome.judgement.failure()) co_return outcome;

  Result<registry::EnrollmentSnapshot> snapshot =
      co_await service.registry.enrollment_snapshot(request.dps, request.id, service.anchors.generation(dps));
  if (!snapshot) co_return failure(snapshot.error());
  if (!snapshot->dps) {
    co_return failure(ErrorCode::unknown_service, fmt::format("DPS {} is gone", request.dps.str()));
  }
  const std::shared_ptr<const trust::Anchors> anchors = anchors_of(service.anchors, dps, *snapshot);
  if (!anchors || anchors->generation() < snapshot->generation) {
    co_return failure(ErrorCode::registry_busy, "trust changed while it was read");
  }
  outcome.judgement.append(*judge_chain(service, *request.chain, *anchors));
  if (outcome.judgement.failure()) co_return outcome;
  // A hub tells "Pump" from "pump", a registration does not: the device keeps the spelling it was first
  // given, which is the certificate's, so that one certificate is one device however its requests spell it.
  const std::string device_id =
      snapshot->registration && !snapshot->registration->device_id.empty()
          ? snapshot->registration->device_id
          : request.chain->leaf().common_name().value_or(std::string{request.id.str()});
  // A pointer of our own: appending checks must not depend on what the judgement holds.
  const std::shared_ptr<const EnrollmentGroup> group = outcome.judgement.group();
  check_enabled(outcome.judgement, *group);
  check_common_name(outcome.judgement, request.id, request.chain->leaf());
  if (!outcome.judgement.accepted()) co_return outcome;

  outcome.attested =
      Attested{.generation = snapshot->generation,
               .dps = *std::move(snapshot->dps),
               .settings = group->settings,
               .group_id = std::string{group->id.str()},
               .device_id = device_id,
               .auth = auth_of_group(service.config.identity_type, outcome.judgement, request.chain->leaf()),
               .previous = std::move(snapshot->registration)};
  co_return outcome;
}

}  // namespace muster::provisioning
