#pragma once

#include "cli/command.hpp"
#include "cli/service_flags.hpp"

#include <array>
#include <string>
#include <vector>

namespace muster::cli {

/// What differs between `muster dps enrollment ...` and `muster dps enrollment-group ...`.
struct EnrollmentNoun {
  bool is_group;
  std::string_view word;          ///< "enrollment-group".
  std::string_view title;         ///< "enrollment group", after "an".
  std::string_view path;          ///< "enrollmentGroups", of the REST API.
  std::string_view id_member;     ///< "enrollmentGroupId".
  std::string_view certificates;  ///< "signingCertificates": where certificates given in place stand.
  std::string_view example;       ///< The tutorial's.
};

inline constexpr std::array kEnrollmentNouns{
    EnrollmentNoun{false, "enrollment", "individual enrollment", "enrollments", "registrationId",
                   "clientCertificates", "my-device-001"},
    EnrollmentNoun{true, "enrollment-group", "enrollment group", "enrollmentGroups", "enrollmentGroupId",
                   "signingCertificates", "my-device-group"},
};

/// The flags of az's `iot dps enrollment` and `iot dps enrollment-group` commands; empty where not given.
struct EnrollmentOptions {
  std::string dps, id, etag;
  std::string attestation_type;
  std::string certificate_path, secondary_certificate_path;
  std::string ca_name, secondary_ca_name;  ///< Groups.
  std::string primary_key, secondary_key;
  std::string endorsement_key;  ///< Individual enrollments, as the next two.
  std::string device_id, device_information;
  std::string provisioning_status, reprovision_policy, allocation_policy;
  std::string hub;
  std::vector<std::string> hubs;
  std::string initial_twin_tags, initial_twin_properties;
  std::string webhook_url, webhook_api_version;
  Switch edge_enabled;
  bool show_keys = false;
};

void add_enrollment_id(Flags& flags, const EnrollmentNoun& noun, EnrollmentOptions& options);
/// The flags that create and update share.
void add_enrollment_settings(Flags& flags, const EnrollmentNoun& noun, EnrollmentOptions& options);

/// Writes what was given into an enrollment's JSON (service/02 section 2.3), and touches nothing else of it.
/// file_unreadable; usage for flags that contradict each other, and for a twin that is no JSON object.
Result<void> apply_enrollment_settings(Invocation& invocation, const EnrollmentNoun& noun,
                                       const EnrollmentOptions& options, Json& enrollment);

/// A request to /{enrollments}/{id}{action} of the DPS instance that is meant.
Result<Request> enrollment_request(Invocation& invocation, const EnrollmentNoun& noun,
                                   const EnrollmentOptions& options, std::string method,
                                   std::string_view action = {});
/// How its devices prove themselves, with the symmetric keys: the one call that shows them.
Result<Json> enrollment_attestation(Invocation& invocation, const EnrollmentNoun& noun,
                                    const EnrollmentOptions& options);
void print_enrollments(Invocation& invocation, const EnrollmentNoun& noun, const Json& value);

inline constexpr std::string_view kDpsApiVersion = "api-version=2021-10-01";

}  // namespace muster::cli
