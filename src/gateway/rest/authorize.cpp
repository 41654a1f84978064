#include "gateway/rest/authorize.hpp"

#include "gateway/rest/registry_call.hpp"
#include "protocol/hub/sas_token.hpp"
#include "trust/token.hpp"

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

/// A token and the text that it was read from.
struct Shown {
  std::string_view text;
  hub::SasToken token;
};

Result<void> judge(const Services& services, const Access& access, const Shown& shown,
                   const std::vector<SasPolicy>& policies) {
  const SasPolicy* policy = trust::find_policy(policies, shown.token);
  if (policy == nullptr) {
    const std::string_view name = shown.token.key_name;
    return refused(access, name.empty() ? std::string{"the token names no policy (skn)"}
                                        : fmt::format("there is no policy {}", name.substr(0, 64)));
  }
  trust::TokenQuestion question{.text = shown.text,
                                .keys = trust::keys_of(*policy),
                                .resources = {},
                                .now = services.clock.wall(),
                                .clock_skew = services.sas_clock_skew};
  for (const std::string& name : access.names) question.resources.push_back(name + access.path);
  trust::Judgement judgement;
  if (!trust::check_token(judgement, question)) {
    return refused(access, fmt::format("the token is refused: {}", judgement.failure()->reason()));
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
  // What is no token costs no look at the registry.
  const auto token = hub::parse_sas_token(*header);
  if (!token) co_return refused(access, "the Authorization header is no SharedAccessSignature");
  const Shown shown{*header, *token};
  std::vector<SasPolicy> policies;
  MUSTER_CO_CHECK(co_await services.registry.read([&](registry::Store& store) -> Result<void> {
    MUSTER_TRY(policies, store.services().policies(access.service));
    return {};
  }));
  co_return judge(services, access, shown, policies);
}

}  // namespace muster::rest
