#pragma once

#include "base/task.hpp"
#include "model/enrollment.hpp"
#include "model/service.hpp"
#include "pki/certificate.hpp"
#include "provisioning/geography.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::provisioning {

/// The device and its enrollment, for policies that look at more than an id.
struct AllocationContext {
  std::optional<EnrollmentGroup> group;  ///< One of the two is set.
  std::optional<IndividualEnrollment> individual;
  std::string current_hub;     ///< Full host name of where the device is; empty: nowhere yet.
  std::string current_device;  ///< Its id there.
  AttestationType attestation = AttestationType::x509;
  std::shared_ptr<const pki::Chain> chain;  ///< What it presented; may be null.
  std::string payload_json;                 ///< Of the register request; empty when absent.
  std::string remote_address;
};

/// Everything that a policy may look at when it chooses a hub for a device.
struct AllocationQuestion {
  RegistrationId id;
  AllocationPolicy policy = AllocationPolicy::hashed;
  std::vector<LinkedHub>
      candidates;  ///< Those that the enrollment allows; in the order of the enrollment or of linking.
  AllocationContext context = {};
};

/// What a policy has come to.
struct AllocationChoice {
  ServiceName hub;
  std::string why;  ///< For people: "westeurope is 12 ms from berlin, its place by its address 10.1.2.3".
  std::string initial_twin_json = {};  ///< Of a custom allocation: wins over the enrollment's; empty: none.
  std::string payload_json = {};       ///< Likewise, for the device: an object, or empty.
};

/// Chooses the hub of a device. May wait (a webhook does), never blocks.
class Allocation {
 public:
  virtual ~Allocation() = default;
  /// no_hub_available without candidates; allocation_failed when whoever decides does not;
  /// allocation_unsupported for a policy that this implementation does not have.
  virtual Task<AllocationChoice> choose(AllocationQuestion question) = 0;
};

/// Whom custom allocation asks (service/02 section 2.6). Implemented by webhook/.
class AllocationWebhook {
 public:
  virtual ~AllocationWebhook() = default;
  /// allocation_failed, with what was asked and why it is no answer.
  virtual Task<AllocationChoice> ask(AllocationQuestion question) = 0;
};

/// The four policies. Without a webhook custom is unsupported.
class PolicyAllocation final : public Allocation {
 public:
  explicit PolicyAllocation(Geography geography = {}, AllocationWebhook* webhook = nullptr)
      : geography_{std::move(geography)}, webhook_{webhook} {}
  Task<AllocationChoice> choose(AllocationQuestion question) override;

 private:
  const Geography geography_;
  AllocationWebhook* const webhook_;
};

/// Weighted rendezvous hashing: even by weight, the same answer for the same hubs in any order, and a hub
/// that is added takes devices from the others without moving any between them. Weight 0 is never chosen.
/// nullptr without candidates.
const LinkedHub* choose_hashed(const RegistrationId& id, std::span<const LinkedHub> candidates);

/// The linked hubs that an enrollment's list allows (all that apply the policy when it is empty), in the
/// list's order.
std::vector<LinkedHub> allowed_hubs(const DpsInstance& dps, const EnrollmentSettings& settings);

/// The enrollment's own policy, else the instance's.
AllocationPolicy policy_of(const DpsInstance& dps, const EnrollmentSettings& settings);

/// Where a device goes, or stays: with "never" as its reprovisioning policy it stays at `current`, whatever
/// its enrollment would allow now, as long as that hub is linked. Registering and the dry run both ask this.
struct PlacementQuestion {
  RegistrationId id;
  DpsInstance dps;
  EnrollmentSettings settings;
  std::optional<ServiceName> current;
  AllocationContext context = {};
};
Task<AllocationChoice> place_device(Allocation& allocation, PlacementQuestion question);

}  // namespace muster::provisioning
