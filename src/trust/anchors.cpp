#include "trust/anchors.hpp"

#include <mutex>

namespace muster::trust {

Anchors::Anchors(ServiceRef service, std::int64_t generation, std::vector<CaCertificate> certificates,
                 std::vector<EnrollmentGroup> groups)
    : service_{std::move(service)}, generation_{generation} {
  cas_.reserve(certificates.size());
  for (CaCertificate& record : certificates) {
    auto parsed = pki::Certificate::from_der(record.der);
    if (parsed) {
      cas_.push_back({std::move(record), *std::move(parsed)});
    } else {
      faults_.push_back(
          std::move(parsed).error().within(fmt::format("stored CA certificate {}", record.name.str())));
    }
  }
  for (EnrollmentGroup& group : groups) add_group(std::move(group));
  for (auto& [thumbprint, references] : groups_) {
    std::ranges::sort(references, [](const GroupReference& a, const GroupReference& b) {
      if (a.authorises() != b.authorises()) return a.authorises();
      return a.group->id < b.group->id;
    });
  }
  for (const KnownCa& ca : cas_) add_to_pool(ca.certificate);
}

void Anchors::add_group(EnrollmentGroup given) {
  const auto group = std::make_shared<const EnrollmentGroup>(std::move(given));
  const Attestation& attestation = group->settings.attestation;
  if (attestation.type == AttestationType::symmetric_key) key_groups_.push_back(group);
  if (attestation.type != AttestationType::x509) return;
  for (const std::string& name : {attestation.ca_primary, attestation.ca_secondary}) {
    for (const KnownCa& ca : cas_) {
      if (ca.record.owner == service_ && equals_ignoring_case(ca.record.name.str(), name)) {
        add_reference(ca.certificate, {group, &ca});
      }
    }
  }
  add_inline(group, attestation.signing_primary);
  add_inline(group, attestation.signing_secondary);
}

void Anchors::add_inline(const std::shared_ptr<const EnrollmentGroup>& group,
                         const std::optional<EnrollmentCertificate>& certificate) {
  if (!certificate) return;
  auto parsed = pki::Certificate::from_der(certificate->der);
  if (parsed) {
    add_reference(*parsed, {group, nullptr});
  } else {
    faults_.push_back(std::move(parsed).error().within(
        fmt::format("stored signing certificate of enrollment group {}", group->id.str())));
  }
}

void Anchors::add_reference(const pki::Certificate& certificate, GroupReference reference) {
  groups_[certificate.sha256_thumbprint()].push_back(std::move(reference));
  add_to_pool(certificate);
}

void Anchors::add_to_pool(const pki::Certificate& certificate) {
  if (std::ranges::find(pool_, certificate) == pool_.end()) pool_.push_back(certificate);
}

const KnownCa* Anchors::find_ca(std::int64_t id) const noexcept {
  for (const KnownCa& ca : cas_) {
    if (ca.record.id == id) return &ca;
  }
  return nullptr;
}

std::vector<const KnownCa*> Anchors::own_cas_of(const pki::Certificate& certificate) const {
  std::vector<const KnownCa*> found;
  for (const KnownCa& ca : cas_) {
    if (ca.record.owner == service_ && ca.certificate == certificate) found.push_back(&ca);
  }
  std::ranges::stable_partition(found, [](const KnownCa* ca) { return ca->record.verified; });
  return found;
}

std::span<const GroupReference> Anchors::groups_of(const pki::Certificate& certificate) const {
  const auto found = groups_.find(certificate.sha256_thumbprint());
  if (found == groups_.end()) return {};
  return found->second;
}

std::string service_key(const ServiceRef& service) {
  return (service.kind == ServiceKind::dps ? "dps/" : "hub/") + service.name.key();
}

std::shared_ptr<const Anchors> AnchorCache::current(const ServiceRef& service) const {
  const std::shared_lock lock{mutex_};
  const auto found = by_service_.find(service_key(service));
  return found != by_service_.end() ? found->second : nullptr;
}

std::int64_t AnchorCache::generation(const ServiceRef& service) const {
  const auto held = current(service);
  return held ? held->generation() : -1;
}

std::shared_ptr<const Anchors> AnchorCache::replace(std::shared_ptr<const Anchors> anchors) {
  const std::unique_lock lock{mutex_};
  auto& held = by_service_[service_key(anchors->service())];
  if (!held || held->generation() < anchors->generation()) held = std::move(anchors);
  return held;
}

void AnchorCache::forget(const ServiceRef& service) {
  const std::unique_lock lock{mutex_};
  by_service_.erase(service_key(service));
}

}  // namespace muster::trust
