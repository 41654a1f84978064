#pragma once

#include "base/result.hpp"
#include "model/certificate.hpp"
#include "model/enrollment.hpp"
#include "pki/certificate.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::trust {

/// An uploaded CA certificate, parsed.
struct KnownCa {
  CaCertificate record;
  pki::Certificate certificate;
};

/// An enrollment group that refers to a certificate: through an uploaded CA certificate, or holding it itself
/// (`ca` null).
struct GroupReference {
  std::shared_ptr<const EnrollmentGroup> group;
  const KnownCa* ca = nullptr;

  /// An uploaded certificate authorises once somebody has proved to hold its key; one that stands in a group
  /// was put there by the group's own administrator.
  bool authorises() const noexcept { return ca == nullptr || ca->record.verified; }
};

/// Everything that one service trusts, parsed, at one generation. Immutable, so any thread may read it
/// without a lock; pointers into it live as long as it does. Sizes follow the service's own limits (25 CA
/// certificates, 100 X.509 groups: device/06), so look-ups by name may walk the lists.
class Anchors {
 public:
  /// A certificate that cannot be parsed authorises nobody and is named in faults().
  Anchors(ServiceRef service, std::int64_t generation, std::vector<CaCertificate> certificates,
          std::vector<EnrollmentGroup> groups);
  Anchors(const Anchors&) = delete;
  Anchors& operator=(const Anchors&) = delete;

  const ServiceRef& service() const noexcept { return service_; }
  std::int64_t generation() const noexcept { return generation_; }
  /// All uploaded certificates; with a hub's come those of DPS instances that attested its devices.
  std::span<const KnownCa> cas() const noexcept { return cas_; }
  const KnownCa* find_ca(std::int64_t id) const noexcept;
  /// The service's own uploads of exactly this certificate; verified ones first.
  std::vector<const KnownCa*> own_cas_of(const pki::Certificate& certificate) const;
  /// The groups that refer to exactly this certificate: those that may authorise first, then by id.
  std::span<const GroupReference> groups_of(const pki::Certificate& certificate) const;
  /// The groups whose devices prove themselves with keys derived from the group's, by id.
  std::span<const std::shared_ptr<const EnrollmentGroup>> key_groups() const noexcept { return key_groups_; }
  /// Every certificate known here, without doubles; those that groups refer to come first.
  std::span<const pki::Certificate> certificates() const noexcept { return pool_; }
  /// What is stored and cannot be read, with names.
  std::span<const Error> faults() const noexcept { return faults_; }

 private:
  void add_group(EnrollmentGroup group);
  void add_reference(const pki::Certificate& certificate, GroupReference reference);
  void add_inline(const std::shared_ptr<const EnrollmentGroup>& group,
                  const std::optional<EnrollmentCertificate>& certificate);
  void add_to_pool(const pki::Certificate& certificate);

  ServiceRef service_;
  std::int64_t generation_;
  std::vector<KnownCa> cas_;  ///< Filled first and never changed: references point into it.
  std::unordered_map<std::string, std::vector<GroupReference>> groups_;  ///< By SHA-256 thumbprint.
  std::vector<std::shared_ptr<const EnrollmentGroup>> key_groups_;
  std::vector<pki::Certificate> pool_;
  std::vector<Error> faults_;
};

/// The newest Anchors of each service. Threads: any.
class AnchorCache {
 public:
  /// Null when none was set.
  std::shared_ptr<const Anchors> current(const ServiceRef& service) const;
  /// What to name as known when asking the registry for a snapshot; -1, which is none, when nothing is held.
  std::int64_t generation(const ServiceRef& service) const;
  /// Keeps the newer of what is held and `anchors`, since answers of the registry may overtake each other;
  /// returns what is kept.
  std::shared_ptr<const Anchors> replace(std::shared_ptr<const Anchors> anchors);
  /// A service that was deleted.
  void forget(const ServiceRef& service);

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const Anchors>> by_service_;
};

/// "dps/my-dps-x509", "hub/my-iot-hub-x509": folded, unique in the world.
std::string service_key(const ServiceRef& service);

}  // namespace muster::trust
