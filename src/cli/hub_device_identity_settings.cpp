#include "cli/hub_device_identity.hpp"
#include "cli/pki_files.hpp"
#include "pki/self_signed.hpp"

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
Result<std::string> method_of(const AuthOptions& options) {
  const bool has_thumbprint = !options.primary_thumbprint.empty() || !options.secondary_thumbprint.empty();
  const bool has_key = !options.primary_key.empty() || !options.secondary_key.empty();
  std::string method = options.method;
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

constexpr int kValidDaysMax = 36'500, kValidDaysDefault = 365;

}  // namespace

void add_auth(Flags& flags, AuthOptions& options) {
  flags.choice("--auth-method,--am", options.method, {"shared_private_key", "x509_thumbprint", "x509_ca"},
               "How it proves itself");
  flags.text("--primary-thumbprint,--ptp", options.primary_thumbprint, "HEX",
             "Thumbprint of its certificate: SHA-1 or SHA-256, without colons");
  flags.text("--secondary-thumbprint,--stp", options.secondary_thumbprint, "HEX",
             "A second one, for rotation");
  flags.text("--primary-key,--pk", options.primary_key, "KEY", "Its symmetric key, base64");
  flags.text("--secondary-key,--sk", options.secondary_key, "KEY", "A second one, for rotation");
}

void add_own_certificate(Flags& flags, AuthOptions& options) {
  flags.text("--output-dir,--od", options.output_folder, "DIR",
             "Make a self-signed certificate into this folder and use its thumbprint");
  flags.number("--valid-days,--vd", options.valid_days, {1, kValidDaysMax}, "DAYS",
               "Days that the self-signed certificate is valid; else 365");
}

void add_device_identity_settings(Flags& flags, DeviceIdentityOptions& options) {
  add_auth(flags, options.auth);
  flags.choice("--status,--sta", options.status, {"enabled", "disabled"}, "Whether it may connect");
  flags.text("--status-reason,--star", options.status_reason, "TEXT", "Why it may not");
  flags.on_off("--edge-enabled,--ee", options.edge_enabled, "Whether it is an IoT Edge device");
}

Result<void> make_own_certificate(Invocation& invocation, const std::string& name, AuthOptions& options) {
  if (!options.makes_certificate()) return {};
  if (options.method.empty()) options.method = "x509_thumbprint";
  if (options.method != "x509_thumbprint" || !options.primary_thumbprint.empty()) {
    return failure(
        Error{ErrorCode::usage, "--output-dir and --valid-days make a certificate whose thumbprint is used"}
            .with_remedy("Give them with --auth-method x509_thumbprint and without --primary-thumbprint."));
  }
  Shell& shell = invocation.shell();
  const std::string stem =
      fmt::format("{}/{}", options.output_folder.empty() ? "." : options.output_folder, name);
  std::vector<NewFile> files{{stem + "-key.pem", ""}, {stem + "-cert.pem", ""}};
  MUSTER_CHECK(refuse_existing(shell, files, false));
  const int days = options.valid_days == 0 ? kValidDaysDefault : options.valid_days;
  const pki::IssueRequest request{
      .subject = "/CN=" + name, .lifetime = std::chrono::hours{24} * days, .now = shell.clock.wall()};
  auto made = pki::issue_self_signed_device(request, shell.random).map_error([](Error error) {
    return subject_error(std::move(error), "--device-id");
  });
  if (!made) return failure(made.error());
  files[0].text = made->key.pem();
  files[1].text = made->certificate.pem();
  MUSTER_CHECK(write_new_files(shell, files, false));
  options.primary_thumbprint = made->certificate.sha1_thumbprint();
  return {};
}

Result<void> apply_auth(const AuthOptions& options, Json& identity) {
  MUSTER_TRY(const std::string method, method_of(options));
  if (method == "x509_ca") identity["authentication"] = {{"type", "certificateAuthority"}};
  if (method == "x509_thumbprint") {
    identity["authentication"] = {
        {"type", "selfSigned"},
        {"x509Thumbprint", thumbprints(options.primary_thumbprint, options.secondary_thumbprint)}};
  }
  if (method == "shared_private_key") {
    identity["authentication"] = {{"type", "sas"},
                                  {"symmetricKey", keys(options.primary_key, options.secondary_key)}};
  }
  return {};
}

Result<void> apply_device_identity_settings(const DeviceIdentityOptions& options, Json& device) {
  MUSTER_CHECK(apply_auth(options.auth, device));
  if (!options.status.empty()) device["status"] = options.status;
  if (!options.status_reason.empty()) device["statusReason"] = options.status_reason;
  if (options.edge_enabled.is_set()) device["capabilities"] = {{"iotEdge", options.edge_enabled.value()}};
  return {};
}

}  // namespace muster::cli
