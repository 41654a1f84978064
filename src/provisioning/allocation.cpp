#include "provisioning/allocation.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace muster::provisioning {
namespace {

/// A uniform number in (0, 1) that depends on both names alone. A cryptographic hash, since device ids are
/// often consecutive numbers and a weak one would send them all one way.
double draw(std::string_view device_key, std::string_view hub_key) {
  std::string text{device_key};
  text += '\0';
  text += hub_key;
  const auto digest = sha256(as_bytes(text));
  std::uint64_t word = 0;
  std::memcpy(&word, digest.data(), sizeof word);
  return (static_cast<double>(word >> 11) + 0.5) * 0x1.0p-53;
}

/// With "never" as its reprovisioning policy a device stays where it is, whatever its enrollment would allow
/// now. A hub that is not linked any more is no place to stay.
bool stays(const PlacementQuestion& question, const ServiceName& current) {
  const auto& linked = question.dps.linked_hubs;
  return !question.settings.reprovision.update_hub_assignment &&
         std::ranges::find(linked, current, &LinkedHub::hub) != linked.end();
}

Result<AllocationChoice> by_hash(const RegistrationId& id, std::span<const LinkedHub> candidates) {
  const LinkedHub* chosen = choose_hashed(id, candidates);
  if (chosen == nullptr)
    return failure(ErrorCode::no_hub_available, "every allowed hub has allocation weight 0");
  return AllocationChoice{chosen->hub, fmt::format("hashed: weight {}", chosen->allocation_weight)};
}

/// Those of the candidates that are nearest to `place`, and how near; none where the table knows no way.
std::vector<LinkedHub> nearest_to(const Geography& geography, const std::string& place,
                                  std::span<const LinkedHub> candidates, std::uint32_t& least) {
  std::vector<LinkedHub> nearest;
  for (const LinkedHub& hub : candidates) {
    const auto latency = geography.latency(place, hub.location);
    if (!latency || (!nearest.empty() && *latency > least)) continue;
    if (nearest.empty() || *latency < least) nearest.clear();
    least = *latency;
    nearest.push_back(hub);
  }
  return nearest;
}

/// The nearest hub; hubs that are equally near share by hash, and so do all where nothing tells how near any
/// is.
Result<AllocationChoice> by_latency(const Geography& geography, const AllocationQuestion& question) {
  const Place place = place_of(geography, question.context.payload_json, question.context.remote_address);
  std::uint32_t least = 0;
  const auto nearest = nearest_to(geography, place.name, question.candidates, least);
  if (place.name.empty() || nearest.empty()) {
    MUSTER_TRY(AllocationChoice chosen, by_hash(question.id, question.candidates));
    chosen.why = place.name.empty()
                     ? fmt::format("geoLatency: its place is not known; {}", chosen.why)
                     : fmt::format("geoLatency: no latency is known from {}; {}", place.name, chosen.why);
    return chosen;
  }
  const LinkedHub* chosen = nearest.size() == 1 ? &nearest.front() : choose_hashed(question.id, nearest);
  if (chosen == nullptr) chosen = &nearest.front();
  return AllocationChoice{chosen->hub, fmt::format("geoLatency: {} is {} ms from {}, its place {}",
                                                   chosen->location, least, place.name, place.how)};
}

}  // namespace

const LinkedHub* choose_hashed(const RegistrationId& id, std::span<const LinkedHub> candidates) {
  const LinkedHub* best = nullptr;
  double best_score = 0;
  const std::string key = id.key();
  for (const LinkedHub& hub : candidates) {
    if (hub.allocation_weight == 0) continue;
    const double score = -static_cast<double>(hub.allocation_weight) / std::log(draw(key, hub.hub.key()));
    if (best == nullptr || score > best_score) {
      best = &hub;
      best_score = score;
    }
  }
  return best;
}

std::vector<LinkedHub> allowed_hubs(const DpsInstance& dps, const EnrollmentSettings& settings) {
  std::vector<LinkedHub> allowed;
  if (settings.hubs.empty()) {
    for (const LinkedHub& linked : dps.linked_hubs) {
      if (linked.apply_allocation_policy) allowed.push_back(linked);
    }
    return allowed;
  }
  for (const ServiceName& name : settings.hubs) {
    for (const LinkedHub& linked : dps.linked_hubs) {
      if (linked.hub == name) allowed.push_back(linked);
    }
  }
  return allowed;
}

AllocationPolicy policy_of(const DpsInstance& dps, const EnrollmentSettings& settings) {
  return settings.allocation.value_or(dps.allocation_policy);
}

Task<AllocationChoice> PolicyAllocation::choose(AllocationQuestion question) {
  if (question.candidates.empty()) {
    co_return failure(ErrorCode::no_hub_available,
                      fmt::format("no linked hub is allowed for {}", question.id.str()));
  }
  switch (question.policy) {
    case AllocationPolicy::static_:
      co_return AllocationChoice{question.candidates.front().hub, "static: the first that is allowed"};
    case AllocationPolicy::hashed:
      co_return by_hash(question.id, question.candidates);
    case AllocationPolicy::geo_latency:
      co_return by_latency(geography_, question);
    case AllocationPolicy::custom:
      break;
  }
  if (webhook_ == nullptr) co_return failure(ErrorCode::allocation_unsupported, "policy custom");
  co_return co_await webhook_->ask(std::move(question));
}

Task<AllocationChoice> place_device(Allocation& allocation, PlacementQuestion question) {
  if (question.current && stays(question, *question.current))
    co_return AllocationChoice{*question.current, "its reprovisioning policy is never"};
  AllocationQuestion asked{.id = question.id,
                           .policy = policy_of(question.dps, question.settings),
                           .candidates = allowed_hubs(question.dps, question.settings),
                           .context = std::move(question.context)};
  co_return co_await allocation.choose(std::move(asked));
}

}  // namespace muster::provisioning
