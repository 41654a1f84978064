#pragma once

#include "cli/command.hpp"
#include "cli/service_flags.hpp"

#include <string>

namespace muster::cli {

/// The flags of az's `iot hub device-identity` commands; empty where not given.
struct DeviceIdentityOptions {
  std::string hub, device, etag;
  std::string auth_method, primary_thumbprint, secondary_thumbprint, primary_key, secondary_key;
  std::string status, status_reason;
  Switch edge_enabled;
};

void add_device_id(Flags& flags, DeviceIdentityOptions& options);
/// The flags that create and update share.
void add_device_identity_settings(Flags& flags, DeviceIdentityOptions& options);

/// Writes what was given into a device's JSON (service/04 section 4.3). usage when flags contradict each
/// other.
Result<void> apply_device_identity_settings(const DeviceIdentityOptions& options, Json& device);

Result<Request> device_request(Invocation& invocation, const DeviceIdentityOptions& options,
                               std::string method);
void print_device_identity(Invocation& invocation, const Json& device);

inline constexpr std::string_view kHubApiVersion = "api-version=2021-04-12";

}  // namespace muster::cli
