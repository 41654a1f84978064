#pragma once

#include "base/task.hpp"
#include "model/enrollment.hpp"
#include "model/service.hpp"

#include <span>
#include <string>
#include <vector>

namespace muster::provisioning {

/// Everything that a policy may look at when it chooses a hub for a device.
struct AllocationQuestion {
  RegistrationId id;
  AllocationPolicy policy = AllocationPolicy::hashed;
  std::vector<LinkedHub>
      candidates;  ///< Those that the enrollment allows; in the order of the enrollment or of linking.
};

/// Chooses the hub of a device. May wait (a webhook does), never blocks.
class Allocation {
 public:
  virtual ~Allocation() = default;
  /// no_hub_available without candidates; allocation_unsupported for a policy that this implementation does
  /// not have.
  virtual Task<ServiceName> choose(AllocationQuestion question) = 0;
};

/// The policies that need nothing but the question: hashed and static.
class PolicyAllocation final : public Allocation {
 public:
  Task<ServiceName> choose(AllocationQuestion question) override;
};

/// Weighted rendezvous hashing: even by weight, the same answer for the same hubs in any order, and a hub
/// that is added takes devices from the others without moving any between them. Weight 0 is never chosen.
/// nullptr without candidates.
const LinkedHub* choose_hashed(const RegistrationId& id, std::span<const LinkedHub> candidates);

/// The linked hubs that an enrollment's list allows (all that apply the policy when it is empty), in the
/// list's order.
std::vector<LinkedHub> allowed_hubs(const DpsInstance& dps, const EnrollmentSettings& settings);

}  // namespace muster::provisioning
