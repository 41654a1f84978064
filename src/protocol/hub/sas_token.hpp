#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Shared access signatures, for DPS and the hub alike. Source: protocol/device/01 section 3, device/04
/// section 2, service/01 sections 1.2 and 1.3.
namespace muster::hub {

/// `SharedAccessSignature sr={resource}&sig={signature}&se={expiry}[&skn={key name}]`, fields in any order.
/// The views borrow from the token's text and are raw: what is signed is the text itself, however each client
/// encoded it.
struct SasToken {
  std::string_view resource;  ///< `sr` as sent.
  std::string signature;      ///< Base64; decoded once, a '+' that was not encoded is a '+'.
  std::string_view expiry;    ///< `se` as sent: decimal digits.
  std::int64_t expiry_s = 0;  ///< Unix seconds.
  std::string_view key_name;  ///< `skn` as sent; empty when absent or empty (Java).
};

/// nullopt when the text is not of that form: no such scheme, no sr, sig or se, an expiry that is not a
/// number.
std::optional<SasToken> parse_sas_token(std::string_view text);

/// How a key's text becomes the HMAC's key (service/01 section 1.3).
enum class SasKeyRule : std::uint8_t {
  base64,  ///< IoT Hub and DPS.
  text,    ///< The Event Hubs-compatible endpoint.
};

/// Whether the token was signed with this key, compared in constant time. False too when the key is empty or
/// is not base64 where it must be. Expiry, resource and key name are for the caller to judge.
bool is_signed_with(const SasToken& token, std::string_view key, SasKeyRule rule = SasKeyRule::base64);

/// The names that `skn` may mean: as sent, decoded once, and twice (Python Event Hubs encodes it twice).
/// Without repeats; empty when there is none.
std::vector<std::string> key_name_candidates(const SasToken& token);

enum class SasResourceCase : std::uint8_t {
  fold_host,  ///< The hub: the host in any case, the path as it stands.
  fold_all,   ///< DPS: registration ids are compared without regard to case.
};

/// Whether the token's resource is `resource` or a prefix of it by whole path segments, once it is decoded
/// and its scheme and port are dropped: "h/a" covers "h/a/b", not "h/ab". `resource` is plain text:
/// "{hubHost}/devices/{deviceId}".
bool covers(const SasToken& token, std::string_view resource,
            SasResourceCase rule = SasResourceCase::fold_host);

/// What a token is made of.
struct SasGrant {
  std::string_view resource;  ///< Plain text; percent-encoded in the token, and signed so.
  std::string_view key;       ///< Base64.
  std::int64_t expiry_s = 0;  ///< Unix seconds.
  std::string_view key_name;  ///< Left out when empty.
};
/// nullopt when the key is not base64.
std::optional<std::string> format_sas_token(const SasGrant& grant);

/// A device's key out of its enrollment group's: base64(HMAC-SHA256(base64decode(group key), registration
/// id)). The id is taken as given: callers try it lower-cased as well (protocol/device/01 section 3). nullopt
/// when the key is not base64.
std::optional<std::string> derive_device_key(std::string_view group_key, std::string_view registration_id);

}  // namespace muster::hub
