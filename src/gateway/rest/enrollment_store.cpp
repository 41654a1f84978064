#include "gateway/rest/enrollment_store.hpp"

#include "base/bytes.hpp"
#include "gateway/rest/registry_call.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace muster::rest {
namespace {

/// What Azure makes (device/01 section 3).
constexpr std::size_t kMadeKeyBytes = 64;

/// Both or neither were given: the codec has seen to it.
void make_missing_keys(Random& random, Attestation& attestation) {
  if (attestation.type != AttestationType::symmetric_key || !attestation.primary_key.empty()) return;
  attestation.primary_key = random_base64(random, kMadeKeyBytes);
  attestation.secondary_key = random_base64(random, kMadeKeyBytes);
}

/// A CA that an enrollment names must be uploaded and verified (service/03 section 3.1).
Result<void> check_ca(registry::Store& store, const ServiceName& dps, std::string_view member,
                      const std::string& name) {
  if (name.empty()) return {};
  const auto parsed = CertificateName::parse(name);
  if (!parsed)
    return failure(ErrorCode::ca_unknown, fmt::format("{}: \"{}\" {}", member, name, parsed.error()));
  MUSTER_TRY(const auto certificate, store.certificates().find({ServiceKind::dps, dps}, *parsed));
  if (!certificate) {
    return failure(ErrorCode::ca_unknown,
                   fmt::format("{}: DPS {} has no certificate {}", member, dps.str(), name));
  }
  if (certificate->verified) return {};
  return failure(
      Error{ErrorCode::ca_not_verified, fmt::format("{}: certificate {} is not verified", member, name)}
          .with_remedy(fmt::format(
              "Verify it: muster dps certificate generate-verification-code --name {}, then verify.", name)));
}

Result<void> check_hub(const DpsInstance& dps, const ServiceName& hub) {
  if (std::ranges::find(dps.linked_hubs, hub, &LinkedHub::hub) != dps.linked_hubs.end()) return {};
  std::vector<std::string> linked;
  for (const auto& link : dps.linked_hubs) linked.push_back(hub_host_name(link.hub));
  const std::string reason =
      fmt::format("iotHubs: {} is not linked to DPS {}", hub_host_name(hub), dps.name.str());
  if (linked.empty()) return failure(ErrorCode::field_invalid, reason + ", which has no linked hub");
  return failure(ErrorCode::field_invalid, fmt::format("{}, which has {}", reason, fmt::join(linked, ", ")));
}

Result<void> check_references(registry::Store& store, const DpsInstance& dps,
                              const EnrollmentSettings& settings) {
  const auto& attestation = settings.attestation;
  MUSTER_CHECK(check_ca(store, dps.name, "attestation.x509.caReferences.primary", attestation.ca_primary));
  MUSTER_CHECK(
      check_ca(store, dps.name, "attestation.x509.caReferences.secondary", attestation.ca_secondary));
  for (const auto& hub : settings.hubs) MUSTER_CHECK(check_hub(dps, hub));
  return {};
}

template <typename Enrollment>
Error not_there(const ServiceName& dps, const typename EnrollmentTraits<Enrollment>::Id& id) {
  return {ErrorCode::resource_not_found,
          fmt::format("DPS {} has no {} {}", dps.str(), EnrollmentTraits<Enrollment>::noun, id.str())};
}

template <typename Enrollment>
Error has_moved(const Enrollment& existing, const IfMatch& if_match) {
  return {ErrorCode::precondition_failed,
          fmt::format("{} {} has etag {}, If-Match wanted {}", EnrollmentTraits<Enrollment>::noun,
                      existing.id.str(), enrollment_etag(existing), if_match.tag)};
}

/// service/02 section 2.1: without If-Match only create.
template <typename Enrollment>
Result<void> check_put(const EnrollmentWrite& write, const typename EnrollmentTraits<Enrollment>::Id& id,
                       const std::optional<Enrollment>& existing) {
  if (write.if_match.kind == IfMatch::Kind::absent) {
    if (!existing) return {};
    return failure(ErrorCode::resource_exists,
                   fmt::format("DPS {} has an {} {} already", write.dps.str(),
                               EnrollmentTraits<Enrollment>::noun, existing->id.str()));
  }
  if (!existing) return failure(not_there<Enrollment>(write.dps, id));
  if (matches(write.if_match, enrollment_etag(*existing))) return {};
  return failure(has_moved(*existing, write.if_match));
}

}  // namespace

Result<std::string> EnrollmentTraits<EnrollmentGroup>::format(registry::Store&,
                                                              const EnrollmentGroup& group) {
  return format_enrollment_group(group);
}

Result<std::string> EnrollmentTraits<EnrollmentGroup>::format_all(
    registry::Store&, const std::vector<EnrollmentGroup>& groups) {
  return format_enrollment_groups(groups);
}

Result<std::string> EnrollmentTraits<IndividualEnrollment>::format(registry::Store& store,
                                                                   const IndividualEnrollment& enrollment) {
  MUSTER_TRY(const auto registration, store.registrations().find(enrollment.dps, enrollment.id));
  return format_individual_enrollment(enrollment, registration ? &*registration : nullptr);
}

Result<std::string> EnrollmentTraits<IndividualEnrollment>::format_all(
    registry::Store& store, const std::vector<IndividualEnrollment>& enrollments) {
  std::vector<std::optional<Registration>> registrations;
  for (const auto& enrollment : enrollments) {
    MUSTER_TRY(auto registration, store.registrations().find(enrollment.dps, enrollment.id));
    registrations.push_back(std::move(registration));
  }
  return format_individual_enrollments(enrollments, registrations);
}

template <typename Enrollment>
Result<typename EnrollmentTraits<Enrollment>::Id> enrollment_id_of(std::string_view text) {
  auto id = EnrollmentTraits<Enrollment>::Id::parse(text);
  if (id) return *std::move(id);
  return failure(ErrorCode::field_invalid,
                 fmt::format("{}: \"{}\" {}", EnrollmentTraits<Enrollment>::names.id, text, id.error()));
}

template <typename Enrollment>
Result<Enrollment> require_enrollment(registry::Store& store, const ServiceName& dps,
                                      const typename EnrollmentTraits<Enrollment>::Id& id) {
  MUSTER_CHECK(require_dps(store, dps));
  MUSTER_TRY(auto found, EnrollmentTraits<Enrollment>::of(store).find(dps, id));
  if (found) return *std::move(found);
  return failure(not_there<Enrollment>(dps, id));
}

template <typename Enrollment>
Result<Enrollment> store_enrollment(const Services& services, registry::Store& store,
                                    const typename EnrollmentTraits<Enrollment>::Id& id,
                                    const EnrollmentWrite& write) {
  using Traits = EnrollmentTraits<Enrollment>;
  MUSTER_TRY(const DpsInstance dps, require_dps(store, write.dps));
  MUSTER_TRY(const auto existing, Traits::of(store).find(dps.name, id));
  MUSTER_CHECK(check_put<Enrollment>(write, id, existing));
  MUSTER_TRY(Enrollment wanted, Traits::parse(write.body, dps.name, id, existing ? &*existing : nullptr));
  MUSTER_CHECK(check_references(store, dps, wanted.settings));
  make_missing_keys(services.random, wanted.settings.attestation);
  wanted.settings.updated = services.clock.wall();
  wanted.settings.created = existing ? existing->settings.created : wanted.settings.updated;
  if (existing) wanted.id = existing->id;  // The first spelling is kept.
  MUSTER_TRY(auto stored, Traits::of(store).put(wanted, existing ? existing->settings.version : 0));
  if (stored) return *std::move(stored);
  return failure(ErrorCode::precondition_failed,
                 fmt::format("{} {} was changed meanwhile", Traits::noun, id.str()));
}

template <typename Enrollment>
Result<void> remove_enrollment(registry::Store& store, const typename EnrollmentTraits<Enrollment>::Id& id,
                               const EnrollmentWrite& write) {
  MUSTER_TRY(const Enrollment existing, require_enrollment<Enrollment>(store, write.dps, id));
  if (write.if_match.kind == IfMatch::Kind::tag && !matches(write.if_match, enrollment_etag(existing))) {
    return failure(has_moved(existing, write.if_match));
  }
  MUSTER_CHECK(EnrollmentTraits<Enrollment>::of(store).remove(write.dps, id, existing.settings.version));
  return {};
}

#define MUSTER_ENROLLMENT_KIND(E)                                                                           \
  template Result<EnrollmentTraits<E>::Id> enrollment_id_of<E>(std::string_view);                           \
  template Result<E> require_enrollment<E>(registry::Store&, const ServiceName&,                            \
                                           const EnrollmentTraits<E>::Id&);                                 \
  template Result<E> store_enrollment<E>(const Services&, registry::Store&, const EnrollmentTraits<E>::Id&, \
                                         const EnrollmentWrite&);                                           \
  template Result<void> remove_enrollment<E>(registry::Store&, const EnrollmentTraits<E>::Id&,              \
                                             const EnrollmentWrite&)

MUSTER_ENROLLMENT_KIND(EnrollmentGroup);
MUSTER_ENROLLMENT_KIND(IndividualEnrollment);

}  // namespace muster::rest
