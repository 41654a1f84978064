#pragma once

#include "base/clock.hpp"
#include "model/service.hpp"
#include "protocol/hub/sas_token.hpp"
#include "trust/judgement.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace muster::trust {

/// A key that may have signed a token, and what reports call it.
struct TokenKey {
  std::string name;  ///< "primary key".
  std::string key;   ///< Base64; an empty one signs nothing.
};

/// A shared access signature and what it has to be.
struct TokenQuestion {
  std::string_view text;               ///< As the client sent it.
  std::vector<TokenKey> keys;          ///< Any one of them.
  std::vector<std::string> resources;  ///< Plain text; any one of them.
  hub::SasResourceCase resource_case = hub::SasResourceCase::fold_host;
  WallTime now;
  std::chrono::seconds clock_skew{0};  ///< For so long it is taken still: clocks differ.
};

/// Judges form, signature, expiry and resource, in that order, as checks of `judgement`. Source: device/01
/// section 3, device/04 section 2, service/01 section 1.2. The time from which the token is not taken any
/// more; nullopt when a check failed.
std::optional<WallTime> check_token(Judgement& judgement, const TokenQuestion& question);

/// The policy that the token names (skn), in any of the spellings that clients give it; null when there is
/// none.
const SasPolicy* find_policy(const std::vector<SasPolicy>& policies, const hub::SasToken& token);
/// Its two keys, named for reports.
std::vector<TokenKey> keys_of(const SasPolicy& policy);

}  // namespace muster::trust
