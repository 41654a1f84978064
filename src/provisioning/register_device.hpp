#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/task.hpp"
#include "pki/certificate.hpp"
#include "provisioning/allocation.hpp"
#include "registry/registry.hpp"
#include "trust/anchors.hpp"
#include "trust/judgement.hpp"
#include "trust/verdict_cache.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::provisioning {

/// What DPS writes as the authentication of a group's devices. Azure writes selfSigned with the leaf's
/// thumbprint; the tutorial's page shows certificateAuthority (protocol/device/01 section 8.3, 08 section 3).
enum class IdentityType : std::uint8_t { self_signed, certificate_authority };

struct ProvisioningConfig {
  IdentityType identity_type = IdentityType::self_signed;
  std::chrono::seconds sas_clock_skew{300};  ///< For so long an expired token is taken still.
  std::size_t operations_max = 10'000;       ///< Registrations under way at once, in this process.
  int attempts_max = 5;  ///< Times a registration starts over because trust moved under it.
};

/// A device's request to be registered, as the gateway has read it.
struct RegisterRequest {
  ServiceName dps;
  RegistrationId id;
  std::shared_ptr<const pki::Chain> chain;  ///< Null when the client presented none.
  std::optional<std::string> password;      ///< The SAS token; nullopt when none came.
  std::string payload_json;                 ///< For custom allocation; empty when absent.
  bool asks_for_certificate = false;        ///< The body held a csr.
  bool offers_tpm = false;
  std::string remote_address;  ///< Of the device's connection, for allocation by latency; may be empty.
};

/// A device that has proved to belong to an enrollment, and what assigning it needs. Valid for one trust
/// generation.
struct Attested {
  std::int64_t generation = 0;
  std::int64_t individual_version = 0;  ///< Of the individual enrollment; 0: there is none.
  DpsInstance dps;
  EnrollmentSettings settings;
  std::string group_id;  ///< Empty with an individual enrollment.
  std::string device_id;
  DeviceAuth auth;  ///< What the hub will know the device by.
  std::optional<Registration> previous;
};

/// The outcome of attesting: what was checked, in order, and if all passed, the device's claim.
struct AttestOutcome {
  trust::Judgement judgement;
  std::optional<Attested> attested;
};

/// What registering stands on. Borrowed; outlives every registration.
struct Provisioning {
  registry::Registry& registry;
  trust::AnchorCache& anchors;
  trust::VerdictCache& verdicts;
  Allocation& allocation;
  Clock& clock;
  Random& random;
  ProvisioningConfig config;
  /// Told, once it is durable, of an identity that was removed because its device moved to another hub: who
  /// is connected by it has to go. Any thread; may be empty.
  std::function<void(const DeviceIdentity& left)> identity_left = {};
};

/// Decides whether the device may register: enrollment, chain, CA, registration id. Reads the registry once.
/// A failure of the Result is the service's own (registry unavailable); a refusal is in the judgement.
Task<AttestOutcome> attest(Provisioning& service, RegisterRequest request);

/// Registers a device: attests it, chooses its hub, and stores registration and hub identity in one
/// transaction; starts over when trust moved meanwhile. Refusals are errors with the code of the check that
/// failed. With allocation_failed the failed registration is stored; the next register tries again.
Task<Registration> register_device(Provisioning& service, RegisterRequest request);

/// The operation id of a registration: the same each time, so that a poll after a restart, or at another
/// node, still finds it.
std::string operation_id_of(const ServiceName& dps, const RegistrationId& id);

}  // namespace muster::provisioning
