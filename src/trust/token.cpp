#include "trust/token.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace muster::trust {
namespace {

/// Years 1970 to 9999: what a time stamp can be shown as. A token for longer is one without end.
constexpr std::int64_t kExpiryMax = 253'402'300'799;

bool check_signature(Judgement& judgement, const TokenQuestion& question, const hub::SasToken& token) {
  const auto signed_with = [&](const TokenKey& key) { return hub::is_signed_with(token, key.key); };
  const auto found = std::ranges::find_if(question.keys, signed_with);
  if (found != question.keys.end()) {
    judgement.pass("token signature", found->name);
    return true;
  }
  std::vector<std::string_view> names;
  for (const TokenKey& key : question.keys) names.push_back(key.name);
  judgement.fail("token signature",
                 Error{ErrorCode::token_signature_invalid,
                       fmt::format("signed with none of: {}",
                                   names.empty() ? "(no key)" : fmt::format("{}", fmt::join(names, ", ")))});
  return false;
}

bool check_expiry(Judgement& judgement, const TokenQuestion& question, WallTime expires) {
  if (question.now < expires) {
    judgement.pass("token expiry", format_utc_7(expires - question.clock_skew));
    return true;
  }
  const auto late = std::chrono::floor<std::chrono::seconds>(question.now - (expires - question.clock_skew));
  judgement.fail("token expiry",
                 Error{ErrorCode::token_expired, fmt::format("it expired {} s ago, at {}", late.count(),
                                                             format_utc_7(expires - question.clock_skew))});
  return false;
}

}  // namespace

std::optional<WallTime> check_token(Judgement& judgement, const TokenQuestion& question) {
  const auto token = hub::parse_sas_token(question.text);
  if (!token) {
    judgement.fail("token", Error{ErrorCode::token_malformed, "the password is not of that form"});
    return std::nullopt;
  }
  if (!check_signature(judgement, question, *token)) return std::nullopt;
  const std::int64_t expiry_s = std::clamp<std::int64_t>(token->expiry_s, 0, kExpiryMax);
  const WallTime expires = WallTime{std::chrono::seconds{expiry_s}} + question.clock_skew;
  if (!check_expiry(judgement, question, expires)) return std::nullopt;
  const auto covers = [&](const std::string& resource) {
    return hub::covers(*token, resource, question.resource_case);
  };
  if (std::ranges::none_of(question.resources, covers)) {
    judgement.fail("token resource",
                   Error{ErrorCode::token_resource_mismatch,
                         fmt::format("it is for {}, asked was {}", token->resource.substr(0, 160),
                                     question.resources.front())});
    return std::nullopt;
  }
  judgement.pass("token resource", std::string{token->resource.substr(0, 160)});
  return expires;
}

const SasPolicy* find_policy(const std::vector<SasPolicy>& policies, const hub::SasToken& token) {
  for (const std::string& name : hub::key_name_candidates(token)) {
    const auto found = std::ranges::find_if(
        policies, [&](const SasPolicy& policy) { return equals_ignoring_case(policy.name, name); });
    if (found != policies.end()) return &*found;
  }
  return nullptr;
}

std::vector<TokenKey> keys_of(const SasPolicy& policy) {
  return {{fmt::format("policy {}'s primary key", policy.name), policy.primary_key},
          {"its secondary key", policy.secondary_key}};
}

}  // namespace muster::trust
