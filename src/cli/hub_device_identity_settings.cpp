#include "cli/hub_device_identity.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Json thumbprints(const std::string& primary, const std::string& secondary) {
  Json members = Json::object();
  if (!primary.empty()) members["primaryThumbprint"] = primary;
  if (!secondary.empty()) members["secondaryThumbprint"] = secondary;
  return members;
}

Json keys(const std::string& primary, const std::string& secondary) {
  Json members = Json::object();
  if (!primary.empty()) members["primaryKey"] = primary;
  if (!secondary.empty()) members["secondaryKey"] = secondary;
  return members;
}

/// The one method that the flags mean: named, or implied by a thumbprint or key.
Result<std::string> method_of(const DeviceIdentityOptions& options) {
  const bool has_thumbprint = !options.primary_thumbprint.empty() || !options.secondary_thumbprint.empty();
  const bool has_key = !options.primary_key.empty() || !options.secondary_key.empty();
  std::string method = options.auth_method;
  if (method.empty() && has_thumbprint) method = "x509_thumbprint";
  if (method.empty() && has_key) method = "shared_private_key";
  if (has_thumbprint && method != "x509_thumbprint") {
    return failure(ErrorCode::usage, fmt::format("thumbprints do not go with --auth-method {}", method));
  }
  if (has_key && method != "shared_private_key") {
    return failure(ErrorCode::usage, fmt::format("keys do not go with --auth-method {}", method));
  }
  return method;
}

}  // namespace

void add_device_identity_settings(Flags& flags, DeviceIdentityOptions& options) {
  flags.choice("--auth-method,--am", options.auth_method,
               {"shared_private_key", "x509_thumbprint", "x509_ca"}, "How the device proves itself");
  flags.text("--primary-thumbprint,--ptp", options.primary_thumbprint, "HEX",
             "Thumbprint of its certificate: SHA-1 or SHA-256, without colons");
  flags.text("--secondary-thumbprint,--stp", options.secondary_thumbprint, "HEX",
             "A second one, for rotation");
  flags.text("--primary-key,--pk", options.primary_key, "KEY", "Its symmetric key, base64");
  flags.text("--secondary-key,--sk", options.secondary_key, "KEY", "A second one, for rotation");
  flags.choice("--status,--sta", options.status, {"enabled", "disabled"}, "Whether it may connect");
  flags.text("--status-reason,--star", options.status_reason, "TEXT", "Why it may not");
  flags.on_off("--edge-enabled,--ee", options.edge_enabled, "Whether it is an IoT Edge device");
}

Result<void> apply_device_identity_settings(const DeviceIdentityOptions& options, Json& device) {
  MUSTER_TRY(const std::string method, method_of(options));
  if (method == "x509_ca") device["authentication"] = {{"type", "certificateAuthority"}};
  if (method == "x509_thumbprint") {
    device["authentication"] = {
        {"type", "selfSigned"},
        {"x509Thumbprint", thumbprints(options.primary_thumbprint, options.secondary_thumbprint)}};
  }
  if (method == "shared_private_key") {
    device["authentication"] = {{"type", "sas"},
                                {"symmetricKey", keys(options.primary_key, options.secondary_key)}};
  }
  if (!options.status.empty()) device["status"] = options.status;
  if (!options.status_reason.empty()) device["statusReason"] = options.status_reason;
  if (options.edge_enabled.is_set()) device["capabilities"] = {{"iotEdge", options.edge_enabled.value()}};
  return {};
}

}  // namespace muster::cli
