#include "provisioning/claim.hpp"

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

/// Kinds of request that do not exist here yet are refused by name, never ignored.
void check_supported(trust::Judgement& judgement, const RegisterRequest& request) {
  if (request.offers_tpm) {
    judgement.fail("attestation",
                   Error{ErrorCode::attestation_unsupported, "the request offers a TPM's keys"});
  } else if (request.asks_for_certificate) {
    judgement.fail("attestation", Error{ErrorCode::csr_unsupported, "the request holds a csr"});
  } else if (!request.chain && !request.password) {
    judgement.fail("attestation",
                   Error{ErrorCode::credential_missing, "neither a certificate nor a password came"});
  } else {
    judgement.pass("attestation", request.chain ? "X.509" : "symmetric key");
  }
}

/// The individual enrollment for this id has the say, if there is one; else the groups (device/01
/// section 8.2).
std::optional<Claim> claim(const Provisioning& service, trust::Judgement& judgement,
                           const Evidence& evidence) {
  if (evidence.snapshot.individual)
    return claim_individual(service, judgement, evidence, *evidence.snapshot.individual);
  if (evidence.request.chain) return claim_by_chain(service, judgement, evidence);
  return claim_by_group_key(service, judgement, evidence);
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
  auto claimed = claim(service, outcome.judgement, {request, *snapshot, *snapshot->dps, *anchors});
  if (!claimed) co_return outcome;
  outcome.attested = Attested{.generation = snapshot->generation,
                              .individual_version = claimed->individual_version,
                              .dps = *std::move(snapshot->dps),
                              .settings = std::move(claimed->settings),
                              .group_id = std::move(claimed->group_id),
                              .device_id = std::move(claimed->device_id),
                              .auth = std::move(claimed->auth),
                              .previous = std::move(snapshot->registration)};
  co_return outcome;
}

}  // namespace muster::provisioning
