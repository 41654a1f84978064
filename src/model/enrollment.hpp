#pragma once

#include "base/bytes.hpp"
#include "model/service.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// A certificate given inside an enrollment. `der` is the truth; the thumbprints are kept to be matched and
/// shown.
struct EnrollmentCertificate {
  Bytes der;
  std::string sha1_thumbprint;
  std::string sha256_thumbprint;
};

enum class AttestationType : std::uint8_t { none, tpm, x509, symmetric_key };

/// How a device proves that it belongs to an enrollment (service/02 section 2.3, AttestationMechanism). For
/// x509 exactly one of the three pairs is set.
struct Attestation {
  AttestationType type = AttestationType::none;
  std::optional<EnrollmentCertificate> client_primary, client_secondary;    ///< Individual enrollments.
  std::optional<EnrollmentCertificate> signing_primary, signing_secondary;  ///< Groups: CA given inline.
  std::string ca_primary, ca_secondary;    ///< Groups: names of uploaded CAs; may be empty.
  std::string primary_key, secondary_key;  ///< Symmetric keys, base64.
};

struct ReprovisionPolicy {
  bool update_hub_assignment = true;
  bool migrate_device_data = true;
};

/// What individual enrollments and groups have in common.
struct EnrollmentSettings {
  Attestation attestation;
  bool enabled = true;
  bool iot_edge = false;
  ReprovisionPolicy reprovision;
  std::optional<AllocationPolicy> allocation;    ///< Unset: the DPS instance's policy.
  std::vector<ServiceName> hubs;                 ///< Those allowed; empty: all linked hubs.
  std::string webhook_url, webhook_api_version;  ///< Custom allocation.
  std::string initial_twin_json;  ///< `{"tags":{...},"properties":{"desired":{...}}}`, or empty.
  WallTime created;
  WallTime updated;
  std::int64_t version = 0;  ///< 0 when not yet stored; the etag is made of it.
};

struct EnrollmentGroup {
  ServiceName dps;
  EnrollmentGroupId id;
  EnrollmentSettings settings;
};

struct IndividualEnrollment {
  ServiceName dps;
  RegistrationId id;
  std::string device_id;  ///< Empty: the registration id.
  std::string optional_device_information_json;
  EnrollmentSettings settings;
};

enum class RegistrationStatus : std::uint8_t { unassigned, assigning, assigned, failed, disabled };
enum class RegistrationSubstatus : std::uint8_t {
  initial_assignment,
  device_data_migrated,
  device_data_reset,
  reprovisioned_to_initial_assignment,
};

/// What DPS remembers of a device that registered.
struct Registration {
  ServiceName dps;
  RegistrationId id;
  std::string group_id;  ///< Of the group that attested it; empty for an individual enrollment.
  std::string operation_id;
  RegistrationStatus status = RegistrationStatus::unassigned;
  RegistrationSubstatus substatus = RegistrationSubstatus::initial_assignment;
  std::string device_id;
  std::string assigned_hub;  ///< Full host name, never an address.
  AttestationType attestation = AttestationType::x509;
  std::string payload_json;     ///< From custom allocation; empty otherwise.
  std::int32_t error_code = 0;  ///< With status failed: HTTP status x 1000 + detail.
  std::string error_message;
  WallTime created;
  WallTime updated;
  std::int64_t version = 0;
};

}  // namespace muster
