#include "protocol/hub/sas_token.hpp"

#include "base/assert.hpp"
#include "base/percent.hpp"
#include "muster/ids.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace muster::hub {
namespace {

constexpr std::string_view kScheme = "SharedAccessSignature ";

std::string hmac_sha256_base64(ByteView key, std::string_view text) {
  std::array<std::byte, 32> digest{};
  unsigned size = 0;
  const ByteView bytes = as_bytes(text);
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                          reinterpret_cast<unsigned char*>(digest.data()), &size);
  MUSTER_ASSERT(done != nullptr && size == digest.size(), "HMAC-SHA256 cannot fail");
  return to_base64(digest);
}

/// The HMAC's key, nullopt when the text cannot be one.
std::optional<Bytes> key_bytes(std::string_view key, SasKeyRule rule) {
  if (key.empty()) return std::nullopt;
  if (rule == SasKeyRule::base64) return from_base64(key);
  const ByteView bytes = as_bytes(key);
  return Bytes(bytes.begin(), bytes.end());
}

std::string string_to_sign(std::string_view resource, std::string_view expiry) {
  return fmt::format("{}\n{}", resource, expiry);
}

/// "sb://H:8443/x" -> "H/x" (service/01 section 1.2: the CLI signs the port).
std::string without_scheme_and_port(std::string text) {
  if (const std::size_t scheme = text.find("://"); scheme != std::string::npos) text.erase(0, scheme + 3);
  const std::size_t host_end = std::min(text.find('/'), text.size());
  const std::size_t colon = text.substr(0, host_end).rfind(':');
  if (colon == std::string::npos) return text;
  const std::string_view port = std::string_view{text}.substr(colon + 1, host_end - colon - 1);
  const bool digits = !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  if (digits) text.erase(colon, host_end - colon);
  return text;
}

std::string folded(std::string text, SasResourceCase rule) {
  const std::size_t end =
      rule == SasResourceCase::fold_all ? text.size() : std::min(text.find('/'), text.size());
  for (std::size_t i = 0; i < end; ++i) text[i] = ascii_lower(text[i]);
  return text;
}

}  // namespace

std::optional<SasToken> parse_sas_token(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  SasToken token;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    const std::size_t equals = field.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = field.substr(equals + 1);
    if (name == "sr") token.resource = value;
    if (name == "sig") token.signature = percent_decode(value);
    if (name == "se") token.expiry = value;
    if (name == "skn") token.key_name = value;
  }
  const char* const end = token.expiry.data() + token.expiry.size();
  const auto [at, error] = std::from_chars(token.expiry.data(), end, token.expiry_s);
  if (error != std::errc{} || at != end || token.expiry_s < 0) return std::nullopt;
  if (token.resource.empty() || token.signature.empty()) return std::nullopt;
  return token;
}

bool is_signed_with(const SasToken& token, std::string_view key, SasKeyRule rule) {
  const auto bytes = key_bytes(key, rule);
  if (!bytes || bytes->empty()) return false;
  const std::string expected = hmac_sha256_base64(*bytes, string_to_sign(token.resource, token.expiry));
  return token.signature.size() == expected.size() &&
         CRYPTO_memcmp(token.signature.data(), expected.data(), expected.size()) == 0;
}

std::vector<std::string> key_name_candidates(const SasToken& token) {
  std::vector<std::string> names;
  std::string name{token.key_name};
  while (!name.empty() && names.size() < 3 && (names.empty() || names.back() != name)) {
    names.push_back(name);
    name = percent_decode(name);
  }
  return names;
}

bool covers(const SasToken& token, std::string_view resource, SasResourceCase rule) {
  std::string granted = folded(without_scheme_and_port(percent_decode(token.resource)), rule);
  while (granted.ends_with('/')) granted.pop_back();
  if (granted.empty()) return false;
  const std::string wanted = folded(std::string{resource}, rule);
  return wanted.starts_with(granted) && (wanted.size() == granted.size() || wanted[granted.size()] == '/');
}

std::optional<std::string> format_sas_token(const SasGrant& grant) {
  const auto key = key_bytes(grant.key, SasKeyRule::base64);
  if (!key) return std::nullopt;
  const std::string resource = percent_encode(grant.resource);
  const std::string expiry = fmt::format("{}", grant.expiry_s);
  const std::string signature = hmac_sha256_base64(*key, string_to_sign(resource, expiry));
  std::string token =
      fmt::format("{}sr={}&sig={}&se={}", kScheme, resource, percent_encode(signature), expiry);
  if (!grant.key_name.empty()) token += "&skn=" + percent_encode(grant.key_name);
  return token;
}

std::optional<std::string> derive_device_key(std::string_view group_key, std::string_view registration_id) {
  const auto key = key_bytes(group_key, SasKeyRule::base64);
  if (!key) return std::nullopt;
  return hmac_sha256_base64(*key, registration_id);
}

}  // namespace muster::hub
