#include "base/assert.hpp"
#include "protocol/hub/sas_token.hpp"
#include "protocol/hub/topic.hpp"

#include <algorithm>

// The input is a token, a line feed, a resource, a line feed, and a key. What is accepted keeps to its form;
// a token of ours verifies with its own key and no other, and covers its resource and what is below it, never
// more than a whole segment.

namespace muster::hub {
namespace {

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

void check_foreign(std::string_view text, std::string_view resource, std::string_view key) {
  const auto token = parse_sas_token(text);
  if (!token) return;
  MUSTER_ASSERT(!token->resource.empty() && !token->signature.empty() && !token->expiry.empty(),
                "an empty field");
  MUSTER_ASSERT(token->expiry_s >= 0, "an expiry before 1970");
  MUSTER_ASSERT(!is_signed_with(*token, ""), "signed without a key");
  for (const SasKeyRule rule : {SasKeyRule::base64, SasKeyRule::text})
    (void)is_signed_with(*token, key, rule);
  const auto names = key_name_candidates(*token);
  MUSTER_ASSERT(names.size() <= 3 && names.empty() == token->key_name.empty(), "names from nowhere");
  const bool folded = covers(*token, resource, SasResourceCase::fold_all);
  MUSTER_ASSERT(folded || !covers(*token, resource), "covered in one case and not in any");
}

void check_own(std::string_view resource, std::string_view key) {
  const auto text = format_sas_token({.resource = resource, .key = key, .expiry_s = 1, .key_name = "n"});
  if (!text) return;
  const auto token = parse_sas_token(*text);
  if (resource.empty() || key.empty()) return;
  MUSTER_ASSERT(token.has_value(), "our own token is not one");
  MUSTER_ASSERT(is_signed_with(*token, key), "our own token does not verify");
  // HMAC fills a short key up with zeros: "other" and those behind it are one key.
  MUSTER_ASSERT(key.starts_with("b3RoZXI") || !is_signed_with(*token, "b3RoZXI="), "any key will do");
  MUSTER_ASSERT(percent_decode(token->resource) == resource, "another resource");
  const auto device = derive_device_key(key, resource);
  MUSTER_ASSERT(device && derive_device_key(*device, "x"), "a derived key that is no key");
}

/// Where the path is plain, so that decoding and dropping a scheme or port change nothing.
void check_prefix(std::string_view path) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '/'; };
  if (path.empty() || !std::ranges::all_of(path, plain)) return;
  if (path.find("//") != std::string_view::npos || path.front() == '/' || path.back() == '/') return;
  const auto text = format_sas_token({.resource = path, .key = "c2VjcmV0", .expiry_s = 1, .key_name = {}});
  const auto token = parse_sas_token(*text);
  const std::string at{path};
  MUSTER_ASSERT(token && covers(*token, at) && covers(*token, at + "/x"), "does not cover its own");
  MUSTER_ASSERT(!covers(*token, at + "x"), "covers a part of a segment");
}

}  // namespace
}  // namespace muster::hub

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::hub;
  std::string_view rest{reinterpret_cast<const char*>(data), size};
  const std::string_view token = take_line(rest);
  const std::string_view resource = take_line(rest);
  check_foreign(token, resource, rest);
  check_own(resource, rest);
  check_prefix(resource);
  return 0;
}
