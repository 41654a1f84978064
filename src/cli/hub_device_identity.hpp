#pragma once

#include "cli/command.hpp"
#include "cli/service_flags.hpp"

#include <string>

namespace muster::cli {

/// How a device or module proves itself, by az's flags; empty where not given.
struct AuthOptions {
  std::string method, primary_thumbprint, secondary_thumbprint, primary_key, secondary_key;
  std::string output_folder;  ///< For a self-signed certificate that the command makes.
  int valid_days = 0;

  bool makes_certificate() const noexcept { return !output_folder.empty() || valid_days != 0; }
};

/// The flags of az's `iot hub device-identity` commands; empty where not given.
struct DeviceIdentityOptions {
  std::string hub, device, etag;
  AuthOptions auth;
  std::string status, status_reason;
  Switch edge_enabled;
};

void add_device_id(Flags& flags, DeviceIdentityOptions& options);
/// The flags that create and update share.
void add_device_identity_settings(Flags& flags, DeviceIdentityOptions& options);

void add_auth(Flags& flags, AuthOptions& options);
/// Those of create alone: the command makes a self-signed certificate.
void add_own_certificate(Flags& flags, AuthOptions& options);

/// Makes the self-signed certificate that the flags ask for, `{name}-cert.pem` and `{name}-key.pem`, and puts
/// its thumbprint into `options`. usage when flags contradict each other; file_exists.
Result<void> make_own_certificate(Invocation& invocation, const std::string& name, AuthOptions& options);
/// Writes the authentication that was given into an identity's JSON. usage when flags contradict each other.
Result<void> apply_auth(const AuthOptions& options, Json& identity);

/// Writes what was given into a device's JSON (service/04 section 4.3). usage when flags contradict each
/// other.
Result<void> apply_device_identity_settings(const DeviceIdentityOptions& options, Json& device);

Result<Request> device_request(Invocation& invocation, const DeviceIdentityOptions& options,
                               std::string method);
void print_device_identity(Invocation& invocation, const Json& device);

inline constexpr std::string_view kHubApiVersion = "api-version=2021-04-12";

}  // namespace muster::cli
