#include "registry/memory/repositories.hpp"
#include "registry/put_rules.hpp"

namespace muster::registry::memory {
namespace {

State::OfService key_of(const ServiceRef& owner, const CertificateName& name) {
  return {owner.kind, owner.name.key(), name.key()};
}

}  // namespace

Result<std::vector<CaCertificate>> MemoryCertificates::list(const ServiceRef& owner) {
  std::vector<CaCertificate> certificates;
  for (const auto& [key, certificate] : state_.certificates.rows()) {
    if (certificate.owner == owner) certificates.push_back(certificate);
  }
  return certificates;
}

Result<std::optional<CaCertificate>> MemoryCertificates::find(const ServiceRef& owner,
                                                              const CertificateName& name) {
  const CaCertificate* held = state_.certificates.find(key_of(owner, name));
  return held != nullptr ? std::optional{*held} : std::nullopt;
}

Result<std::optional<CaCertificate>> MemoryCertificates::find_by_id(std::int64_t id) {
  for (const auto& [key, certificate] : state_.certificates.rows()) {
    if (certificate.id == id) return certificate;
  }
  return std::nullopt;
}

Result<std::optional<CaCertificate>> MemoryCertificates::put(const CaCertificate& certificate,
                                                             std::int64_t expected) {
  MUSTER_TRY(ServiceName owner, state_.require(certificate.owner.kind, certificate.owner.name));
  MUSTER_TRY(const auto held, find(certificate.owner, certificate.name));
  if (!version_allows(held ? held->version : 0, expected)) return std::nullopt;
  CaCertificate next = successor(held, certificate);
  next.owner.name = std::move(owner);
  if (next.id == 0) next.id = state_.take("next_certificate_id", 1);
  state_.certificates.put(key_of(next.owner, next.name), next);
  state_.trust_changed();
  return next;
}

Result<std::optional<bool>> MemoryCertificates::remove(const ServiceRef& owner, const CertificateName& name,
                                                       std::int64_t expected) {
  MUSTER_TRY(const auto held, find(owner, name));
  if (!held) return std::optional{false};
  if (!version_allows(held->version, expected)) return std::nullopt;
  state_.certificates.erase(key_of(owner, name));
  state_.trust_changed();
  return std::optional{true};
}

}  // namespace muster::registry::memory
