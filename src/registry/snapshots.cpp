#include "registry/snapshots.hpp"

#include <algorithm>

namespace muster::registry {
namespace {

/// Groups are read in pages so that no single statement's rows are held twice.
constexpr std::size_t kGroupPage = 256;

Result<TrustView> dps_trust(Store& store, const ServiceName& dps, std::int64_t generation) {
  TrustView view{.generation = generation, .certificates = {}, .groups = {}};
  MUSTER_TRY(view.certificates, store.certificates().list({ServiceKind::dps, dps}));
  std::string after;
  do {
    MUSTER_TRY(auto page, store.groups().list(dps, after, kGroupPage));
    for (EnrollmentGroup& group : page.items) view.groups.push_back(std::move(group));
    after = std::move(page.next);
  } while (!after.empty());
  return view;
}

bool links(const DpsInstance& dps, const ServiceName& hub) {
  return std::ranges::any_of(dps.linked_hubs, [&](const LinkedHub& link) { return link.hub == hub; });
}

/// The hub's own certificates, and those of every DPS instance that may have assigned devices to it: an
/// identity made by DPS names one of them as the CA that attested it.
Result<TrustView> hub_trust(Store& store, const ServiceName& hub, std::int64_t generation) {
  TrustView view{.generation = generation, .certificates = {}, .groups = {}};
  MUSTER_TRY(view.certificates, store.certificates().list({ServiceKind::hub, hub}));
  MUSTER_TRY(const auto instances, store.services().dps_instances());
  for (const DpsInstance& dps : instances) {
    if (!links(dps, hub)) continue;
    MUSTER_TRY(auto theirs, store.certificates().list({ServiceKind::dps, dps.name}));
    for (CaCertificate& certificate : theirs) view.certificates.push_back(std::move(certificate));
  }
  return view;
}

}  // namespace

Result<EnrollmentSnapshot> read_enrollment_snapshot(Store& store, const ServiceName& dps,
                                                    const RegistrationId& id, std::int64_t generation_known) {
  EnrollmentSnapshot snapshot;
  MUSTER_TRY(snapshot.generation, store.trust_generation());
  if (snapshot.generation != generation_known) {
    MUSTER_TRY(snapshot.trust, dps_trust(store, dps, snapshot.generation));
  }
  MUSTER_TRY(snapshot.individual, store.enrollments().find(dps, id));
  MUSTER_TRY(snapshot.registration, store.registrations().find(dps, id));
  MUSTER_TRY(auto instances, store.services().dps_instances());
  const auto found = std::ranges::find(instances, dps, &DpsInstance::name);
  if (found != instances.end()) snapshot.dps = std::move(*found);
  return snapshot;
}

Result<ConnectSnapshot> read_connect_snapshot(Store& store, const ConnectQuestion& question) {
  ConnectSnapshot snapshot;
  MUSTER_TRY(snapshot.generation, store.trust_generation());
  if (snapshot.generation != question.generation_known) {
    MUSTER_TRY(snapshot.trust, hub_trust(store, question.hub, snapshot.generation));
  }
  MUSTER_TRY(snapshot.identity, store.devices().find(question.hub, question.device));
  if (const auto module = ModuleId::parse(question.module); module && snapshot.identity) {
    MUSTER_TRY(auto record, store.modules().find(question.hub, question.device, *module));
    if (record) snapshot.module = std::move(record->identity);
  }
  if (question.with_policies) {
    MUSTER_TRY(snapshot.policies, store.services().policies({ServiceKind::hub, question.hub}));
  }
  return snapshot;
}

}  // namespace muster::registry
