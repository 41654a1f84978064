#pragma once

#include "cli/command.hpp"
#include "cli/service_flags.hpp"

#include <string>
#include <vector>

namespace muster::cli {

/// The flags of az's `iot dps enrollment-group` commands; empty where not given.
struct EnrollmentGroupOptions {
  std::string dps, id, etag;
  std::string ca_name, secondary_ca_name, certificate_path, secondary_certificate_path;
  std::string primary_key, secondary_key;
  std::string provisioning_status, reprovision_policy, allocation_policy;
  std::vector<std::string> hubs;
  std::string initial_twin_tags, initial_twin_properties;
  std::string webhook_url, webhook_api_version;
  Switch edge_enabled;
};

void add_enrollment_group_id(Flags& flags, EnrollmentGroupOptions& options);
/// The flags that create and update share.
void add_enrollment_group_settings(Flags& flags, EnrollmentGroupOptions& options);

/// Writes what was given into a group's JSON (service/02 section 2.3), and touches nothing else of it.
/// file_unreadable, or usage for a twin that is no JSON object.
Result<void> apply_enrollment_group_settings(Invocation& invocation, const EnrollmentGroupOptions& options,
                                             Json& group);

/// A request to /enrollmentGroups/{id} of the DPS instance that is meant.
Result<Request> enrollment_group_request(Invocation& invocation, const EnrollmentGroupOptions& options,
                                         std::string method);
void print_enrollment_groups(Invocation& invocation, const Json& value);

inline constexpr std::string_view kDpsApiVersion = "api-version=2021-10-01";

}  // namespace muster::cli
