#include "hub/connect.hpp"

#include "trust/judge.hpp"

#include <fmt/format.h>

namespace muster::hub {
namespace {

std::string_view auth_name(DeviceAuthType type) {
  switch (type) {
    case DeviceAuthType::none:
      return "none";
    case DeviceAuthType::sas:
      return "sas";
    case DeviceAuthType::self_signed:
      return "selfSigned";
    case DeviceAuthType::certificate_authority:
      return "certificateAuthority";
  }
  return "none";
}

std::shared_ptr<const trust::Anchors> anchors_of(trust::AnchorCache& cache, const ServiceRef& service,
                                                 registry::ConnectSnapshot& snapshot) {
  if (!snapshot.trust) return cache.current(service);
  return cache.replace(std::make_shared<const trust::Anchors>(service, snapshot.trust->generation,
                                                              std::move(snapshot.trust->certificates),
                                                              std::vector<EnrollmentGroup>{}));
}

bool check_identity(trust::Judgement& judgement, const ConnectRequest& request,
                    const std::optional<DeviceIdentity>& identity) {
  const std::string host = hub_host_name(request.hub);
  if (!identity) {
    judgement.fail("identity",
                   Error{ErrorCode::device_not_found,
                         fmt::format("{} does not contain the device {}", host, request.device.str())});
    return false;
  }
  judgement.pass("identity", fmt::format("{} at {}, authentication {}", request.device.str(), host,
                                         auth_name(identity->auth.type)));
  if (!identity->enabled) {
    judgement.fail(
        "device enabled",
        Error{ErrorCode::device_disabled,
              fmt::format("device {} is disabled at {}{}{}", request.device.str(), host,
                          identity->status_reason.empty() ? "" : ": ", identity->status_reason)}
            .with_remedy(fmt::format("Enable it: `muster hub device-identity update --device-id {} --status "
                                     "enabled`.",
                                     request.device.str())));
    return false;
  }
  judgement.pass("device enabled", "enabled");
  return true;
}

/// The hub takes either digest of the leaf, whichever the identity was given (device/04 section 2).
void check_thumbprint(trust::Judgement& judgement, const DeviceAuth& auth, const pki::Certificate& leaf) {
  const std::string sha256 = leaf.sha256_thumbprint();
  const std::string sha1 = leaf.sha1_thumbprint();
  for (const std::string& configured : {auth.primary_thumbprint, auth.secondary_thumbprint}) {
    if (configured.empty()) continue;
    if (equals_ignoring_case(configured, sha256) || equals_ignoring_case(configured, sha1)) {
      judgement.pass("thumbprint", configured);
      return;
    }
  }
  judgement.fail("thumbprint",
                 Error{ErrorCode::thumbprint_mismatch,
                       fmt::format("presented SHA1Hash={}, SHA2Hash={}; configured PrimaryThumbprint={}, "
                                   "SecondaryThumbprint={}",
                                   sha1, sha256, auth.primary_thumbprint, auth.secondary_thumbprint)});
}

/// Device ids are case-sensitive (device/04 section 2). An identity that DPS made has the spelling of its
/// first certificate, and at DPS every spelling is the same device: docs/adr/0011.
void check_device_id(trust::Judgement& judgement, const DeviceId& device, const DeviceAuth& auth,
                     const pki::Certificate& leaf) {
  const auto name = leaf.common_name();
  if (name && *name == device.str()) {
    judgement.pass("device id", fmt::format("equals the certificate's CN {}", *name));
    return;
  }
  const bool made_by_dps = auth.attested_ca_id != 0;
  const bool differs_in_case = name && equals_ignoring_case(*name, device.str());
  if (made_by_dps && differs_in_case) {
    judgement.pass("device id",
                   fmt::format("equals the certificate's CN {} but for the case of letters, which "
                               "DPS does not tell apart",
                               *name));
    return;
  }
  Error mismatch{ErrorCode::device_id_mismatch,
                 fmt::format("device id is \"{}\", the certificate's CN is \"{}\"", device.str(),
                             name.value_or(std::string{}))};
  if (differs_in_case) {
    mismatch = std::move(mismatch).with_remedy(
        fmt::format("Issue the certificate with the CN \"{}\", letter for letter, or make the device \"{}\".",
                    device.str(), *name));
  }
  judgement.fail("device id", std::move(mismatch));
}

void check_chain(ConnectService& service, trust::Judgement& judgement, const ConnectRequest& request,
                 const DeviceAuth& auth, const trust::Anchors& anchors) {
  const WallTime now = service.clock.wall();
  const auto key = trust::VerdictKey::for_anchor(request.chain->hash(), anchors, auth.attested_ca_id);
  judgement.append(*service.verdicts.find_or_judge(
      key, now, [&] { return trust::judge_for_anchor(*request.chain, anchors, auth.attested_ca_id, now); }));
  if (judgement.accepted()) check_device_id(judgement, request.device, auth, request.chain->leaf());
}

}  // namespace

Task<ConnectOutcome> authorize(ConnectService& service, ConnectRequest request) {
  const ServiceRef hub{ServiceKind::hub, request.hub};
  Result<registry::ConnectSnapshot> snapshot = co_await service.registry.connect_snapshot(
      request.hub, request.device, service.anchors.generation(hub));
  if (!snapshot) co_return failure(snapshot.error());
  ConnectOutcome outcome;
  if (!check_identity(outcome.judgement, request, snapshot->identity)) co_return outcome;

  const DeviceAuth& auth = snapshot->identity->auth;
  const bool by_certificate =
      auth.type == DeviceAuthType::self_signed || auth.type == DeviceAuthType::certificate_authority;
  if (!by_certificate) {
    outcome.judgement.fail("credential",
                           Error{ErrorCode::credential_wrong_type,
                                 fmt::format("the identity authenticates by {}, which this hub does not "
                                             "accept on MQTT yet",
                                             auth_name(auth.type))});
  } else if (!request.chain) {
    outcome.judgement.fail(
        "credential",
        Error{
            request.has_password ? ErrorCode::credential_wrong_type : ErrorCode::certificate_missing,
            fmt::format("the identity authenticates by {}, and no certificate came", auth_name(auth.type))});
  } else if (auth.type == DeviceAuthType::self_signed) {
    check_thumbprint(outcome.judgement, auth, request.chain->leaf());
    outcome.method = AuthMethod::x509_thumbprint;
  } else {
    const std::shared_ptr<const trust::Anchors> anchors = anchors_of(service.anchors, hub, *snapshot);
    if (!anchors || anchors->generation() < snapshot->generation) {
      co_return failure(ErrorCode::registry_busy, "trust changed while it was read");
    }
    check_chain(service, outcome.judgement, request, auth, *anchors);
    outcome.method = AuthMethod::x509_ca;
  }
  if (outcome.judgement.accepted()) outcome.identity = std::move(snapshot->identity);
  co_return outcome;
}

}  // namespace muster::hub
