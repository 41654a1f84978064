#include "hub/connect.hpp"

#include "protocol/hub/sas_token.hpp"
#include "trust/judge.hpp"
#include "trust/token.hpp"

#include <fmt/format.h>

#include <algorithm>

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

std::string name_of(const ConnectRequest& request) {
  return request.module.empty() ? fmt::format("device {}", request.device.str())
                                : fmt::format("module {} of device {}", request.module, request.device.str());
}

/// What the identity, or its module's, authenticates by; nullopt when a check failed.
std::optional<DeviceAuth> check_identity(trust::Judgement& judgement, const ConnectRequest& request,
                                         const registry::ConnectSnapshot& snapshot) {
  const std::string host = hub_host_name(request.hub);
  const auto& identity = snapshot.identity;
  if (!identity || (!request.module.empty() && !snapshot.module)) {
    judgement.fail("identity", Error{ErrorCode::device_not_found,
                                     fmt::format("{} does not contain the {}", host, name_of(request))});
    return std::nullopt;
  }
  const DeviceAuth& auth = request.module.empty() ? identity->auth : snapshot.module->auth;
  judgement.pass("identity",
                 fmt::format("{} at {}, authentication {}", name_of(request), host, auth_name(auth.type)));
  if (!identity->enabled) {
    judgement.fail(
        "device enabled",
        Error{ErrorCode::device_disabled,
              fmt::format("device {} is disabled at {}{}{}", request.device.str(), host,
                          identity->status_reason.empty() ? "" : ": ", identity->status_reason)}
            .with_remedy(fmt::format("Enable it: `muster hub device-identity update --device-id {} --status "
                                     "enabled`.",
                                     request.device.str())));
    return std::nullopt;
  }
  judgement.pass("device enabled", "enabled");
  return auth;
}

/// The hub takes either digest of the leaf, whichever the identity was given (device/04 section 2).
void check_thumbprint(trust::Judgement& judgement, const DeviceAuth& auth, const pki::PresentedChain& chain) {
  const std::string sha256 = chain.leaf_sha256_thumbprint();
  const std::string sha1 = chain.leaf_sha1_thumbprint();
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
                     const std::optional<std::string>& name) {
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
  judgement.append(*service.verdicts.find_or_judge(key, now, [&] {
    return trust::judge_for_anchor(request.chain->parse(), anchors, auth.attested_ca_id, now);
  }));
  if (judgement.accepted()) check_device_id(judgement, request.device, auth, request.chain->common_name());
}

/// The policy's keys, if the token names a policy that may act as any device.
std::vector<trust::TokenKey> policy_keys(trust::Judgement& judgement, const hub::SasToken& token,
                                         const std::vector<SasPolicy>& policies) {
  const SasPolicy* policy = trust::find_policy(policies, token);
  if (policy != nullptr && std::ranges::find(policy->rights, "DeviceConnect") != policy->rights.end()) {
    judgement.pass("token policy", fmt::format("{} has DeviceConnect", policy->name));
    return trust::keys_of(*policy);
  }
  judgement.fail("token policy",
                 Error{ErrorCode::token_policy_unknown,
                       fmt::format("no policy {} with DeviceConnect", token.key_name.substr(0, 64))});
  return {};
}

/// By the device's own key, or as any device by a policy's (service/01 section 1.4).
void check_token(const ConnectService& service, ConnectOutcome& outcome, const ConnectRequest& request,
                 const registry::ConnectSnapshot& snapshot, const DeviceAuth& auth, Connected& connected) {
  if (!request.password) {
    outcome.judgement.fail("credential", Error{ErrorCode::credential_wrong_type,
                                               "the identity authenticates by key, and no password came"});
    return;
  }
  std::vector<trust::TokenKey> keys{{"the device's primary key", auth.primary_key},
                                    {"its secondary key", auth.secondary_key}};
  connected.method = AuthMethod::sas_device;
  if (const auto token = parse_sas_token(*request.password); token && !token->key_name.empty()) {
    keys = policy_keys(outcome.judgement, *token, snapshot.policies);
    connected.method = AuthMethod::sas_hub;
    if (outcome.judgement.failure()) return;
  }
  trust::TokenQuestion question{.text = *request.password,
                                .keys = std::move(keys),
                                .resources = {},
                                .now = service.clock.wall(),
                                .clock_skew = service.sas_clock_skew};
  const std::string path = request.module.empty()
                               ? fmt::format("/devices/{}", request.device.str())
                               : fmt::format("/devices/{}/modules/{}", request.device.str(), request.module);
  for (const std::string& host : request.hosts) question.resources.push_back(host + path);
  connected.expires = trust::check_token(outcome.judgement, question);
}

/// A failure is the service's own.
Result<void> check_credential(ConnectService& service, ConnectOutcome& outcome, const ConnectRequest& request,
                              registry::ConnectSnapshot& snapshot, Connected& connected) {
  const auto auth = check_identity(outcome.judgement, request, snapshot);
  if (!auth) return {};
  if (auth->type == DeviceAuthType::sas) {
    check_token(service, outcome, request, snapshot, *auth, connected);
  } else if (auth->type == DeviceAuthType::none) {
    outcome.judgement.fail("credential",
                           Error{ErrorCode::credential_wrong_type,
                                 "the identity authenticates by nothing: nobody may connect as it"});
  } else if (!request.chain) {
    outcome.judgement.fail(
        "credential",
        Error{
            request.password ? ErrorCode::credential_wrong_type : ErrorCode::certificate_missing,
            fmt::format("the identity authenticates by {}, and no certificate came", auth_name(auth->type))});
  } else if (auth->type == DeviceAuthType::self_signed) {
    check_thumbprint(outcome.judgement, *auth, *request.chain);
    connected.method = AuthMethod::x509_thumbprint;
  } else {
    const ServiceRef hub{ServiceKind::hub, request.hub};
    const std::shared_ptr<const trust::Anchors> anchors = anchors_of(service.anchors, hub, snapshot);
    if (!anchors || anchors->generation() < snapshot.generation) {
      return failure(ErrorCode::registry_busy, "trust changed while it was read");
    }
    check_chain(service, outcome.judgement, request, *auth, *anchors);
    connected.method = AuthMethod::x509_ca;
  }
  return {};
}

}  // namespace

Task<ConnectOutcome> authorize(ConnectService& service, ConnectRequest request) {
  registry::ConnectQuestion question{
      .hub = request.hub,
      .device = request.device,
      .module = request.module,
      .generation_known = service.anchors.generation({ServiceKind::hub, request.hub}),
      .with_policies = request.password.has_value()};
  MUSTER_CO_TRY(auto snapshot, co_await service.registry.connect_snapshot(std::move(question)));
  ConnectOutcome outcome;
  Connected connected{.hub = request.hub,
                      .device = request.device,
                      .module = request.module,
                      .generation_id = snapshot.module     ? snapshot.module->generation_id
                                       : snapshot.identity ? snapshot.identity->generation_id
                                                           : std::string{}};
  MUSTER_CO_CHECK(check_credential(service, outcome, request, snapshot, connected));
  if (outcome.judgement.accepted()) outcome.connected = std::move(connected);
  co_return outcome;
}

}  // namespace muster::hub
