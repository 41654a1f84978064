#include "protocol/rest/etag.hpp"

#include "base/bytes.hpp"
#include "protocol/dps/registration.hpp"

#include <fmt/format.h>

#include <array>

namespace muster::rest {
namespace {

std::string_view without_quotes(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

std::string base64_of_counter(std::uint64_t counter) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(counter >> (56 - 8 * i));
  return to_base64(bytes);
}

std::string identity_etag(std::string_view generation_id, std::int64_t version) {
  // FNV-1a of the generation: a device that was deleted and made again must not answer to an old tag.
  std::uint32_t mixed = 2166136261u;
  for (const char c : generation_id) mixed = (mixed ^ static_cast<unsigned char>(c)) * 16777619u;
  return to_base64(as_bytes(fmt::format("{}{:03}", mixed % 1'000'000u, version)));
}

}  // namespace

IfMatch parse_if_match(std::optional<std::string_view> header) {
  if (!header) return {};
  const std::string_view tag = without_quotes(*header);
  if (tag.empty()) return {};  // An empty header is what some clients send for none.
  if (tag == "*") return {IfMatch::Kind::any, {}};
  return {IfMatch::Kind::tag, std::string{tag}};
}

bool matches(const IfMatch& wanted, std::string_view etag) {
  if (wanted.kind == IfMatch::Kind::any) return true;
  return wanted.kind == IfMatch::Kind::tag && wanted.tag == without_quotes(etag);
}

std::string quoted_etag(std::string_view etag) { return fmt::format("\"{}\"", without_quotes(etag)); }

std::string dps_etag(WallTime created, std::int64_t version) {
  return fmt::format("\"{:014x}-{:04x}\"", created.time_since_epoch().count(), version);
}

std::string registration_etag(const Registration& registration) {
  return dps::registration_etag(registration);
}

std::string device_etag(const DeviceIdentity& identity) {
  return identity_etag(identity.generation_id, identity.version);
}

std::string module_etag(const ModuleIdentity& identity) {
  return identity_etag(identity.generation_id, identity.version);
}

std::string twin_etag(const Twin& twin) { return base64_of_counter(static_cast<std::uint64_t>(twin.etag)); }

std::string arm_etag(std::int64_t version) { return base64_of_counter(static_cast<std::uint64_t>(version)); }

std::string certificate_etag(const CaCertificate& certificate) {
  constexpr unsigned kVersionBits = 24;
  const auto version = static_cast<std::uint64_t>(certificate.version) & ((1u << kVersionBits) - 1);
  return base64_of_counter(static_cast<std::uint64_t>(certificate.id) << kVersionBits | version);
}

}  // namespace muster::rest
