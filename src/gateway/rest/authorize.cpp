#include "gateway/rest/authorize.hpp"

#include "gateway/rest/registry_call.hpp"
#include "protocol/hub/sas_token.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::rest {
namespace {

std::string_view noun_of(const ServiceRef& service) {
  return service.kind == ServiceKind::hub ? "hub" : "dps";
}

tl::unexpected<Error> refused(const Access& access, std::string why) {
  const std::string_view noun = noun_of(access.service);
  return failure(Error{ErrorCode::unauthorized, std::move(why)}.with_remedy(fmt::format(
      "Sign with a policy of {} {} that has the right {}: `muster {} connection-string show "
      "--{}-name {}` prints one.",
      noun, access.service.name.str(), right_name(access.right), noun, noun, access.service.name.str())));
}

const SasPolicy* find_policy(const std::vector<SasPolicy>& policies, const hub::SasToken& token) {
  for (const std::string& name : hub::key_name_candidates(token)) {
    const auto found = std::ranges::find_if(
        policies, [&](const SasPolicy& policy) { return equals_ignoring_case(policy.name, name); });
    if (found != policies.end()) return &*found;
  }
  return nullptr;
}

Result<void> judge(const Services& services, const Access& access, const hub::SasToken& token,
                   const std::vector<SasPolicy>& policies) {
  const SasPolicy* policy = find_policy(policies, token);
  if (policy == nullptr) {
    return refused(access, token.key_name.empty()
                               ? std::string{"the token names no policy (skn)"}
                               : fmt::format("there is no policy {}", token.key_name.substr(0, 64)));
  }
  if (!hub::is_signed_with(token, policy->primary_key) &&
      !hub::is_signed_with(token, policy->secondary_key)) {
    return refused(access, fmt::format("the token is not signed with a key of policy {}", policy->name));
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(services.clock.wall()).time_since_epoch();
  const auto late = now - std::chrono::seconds{token.expiry_s};
  if (late > services.sas_clock_skew) {
    return refused(access, fmt::format("the token expired {} s ago", late.count()));
  }
  const auto covers = [&](const std::string& name) { return hub::covers(token, name + access.path); };
  if (std::ranges::none_of(access.names, covers)) {
    return refused(access, fmt::format("the token is for {}, which does not cover {}{}",
                                       token.resource.substr(0, 160), access.names.front(), access.path));
  }
  if (std::ranges::find(policy->rights, right_name(access.right)) == policy->rights.end()) {
    return refused(
        access, fmt::format("policy {} does not have the right {}", policy->name, right_name(access.right)));
  }
  return {};
}

}  // namespace

Task<void> authorize(const Services& services, const Request& request, Access access) {
  const auto header = request.header("Authorization");
  if (!header) co_return refused(access, "there is no Authorization header");
  const auto token = hub::parse_sas_token(*header);
  if (!token) co_return refused(access, "the Authorization header is no SharedAccessSignature");
  std::vector<SasPolicy> policies;
  MUSTER_CO_CHECK(co_await services.registry.read([&](registry::Store& store) -> Result<void> {
    MUSTER_TRY(policies, store.services().policies(access.service));
    return {};
  }));
  co_return judge(services, access, *token, policies);
}

}  // namespace muster::rest
