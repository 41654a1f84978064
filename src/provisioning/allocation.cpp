#include "provisioning/allocation.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

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

Task<ServiceName> PolicyAllocation::choose(AllocationQuestion question) {
  if (question.candidates.empty()) {
    co_return failure(ErrorCode::no_hub_available,
                      fmt::format("no linked hub is allowed for {}", question.id.str()));
  }
  switch (question.policy) {
    case AllocationPolicy::static_:
      co_return question.candidates.front().hub;
    case AllocationPolicy::hashed: {
      const LinkedHub* chosen = choose_hashed(question.id, question.candidates);
      if (chosen == nullptr) {
        co_return failure(ErrorCode::no_hub_available, "every allowed hub has allocation weight 0");
      }
      co_return chosen->hub;
    }
    case AllocationPolicy::geo_latency:
    case AllocationPolicy::custom:
      break;
  }
  co_return failure(ErrorCode::allocation_unsupported,
                    question.policy == AllocationPolicy::custom ? "policy custom" : "policy geoLatency");
}

}  // namespace muster::provisioning
