#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace muster::simulator {

/// What the simulated device was told: the tutorial's five keys, and ours beside them (contract section 5).
struct DeviceConfig {
  std::string provisioning_host, id_scope, registration_id;
  std::string cert_file, key_file;           ///< As written: this is what is shown.
  std::string cert_path, key_path, ca_path;  ///< To be opened; `ca_path` is empty without ca_file.
  std::string key_passphrase, connect_to;
  std::uint64_t messages = 10;  ///< 0: without end.
  std::chrono::milliseconds interval{5000};
  std::string payload_json;  ///< Sent as it stands; empty: the tutorial's telemetry.
};

/// Where it is said. The environment overrides the file, flags override both.
struct DeviceConfigSources {
  std::string path;  ///< Of the file; its paths are relative to the folder that this names.
  std::string text;  ///< Of the file: one JSON object, comments allowed.
  std::map<std::string, std::string> environment;  ///< Names as in the official SDKs' samples.
  std::map<std::string, std::string> flags;        ///< By the file's keys; only those given.
};

/// Errors    device_config_invalid  every problem, each with its key and where it was said
///           key_uri_unsupported    key_file is a pkcs11: URI
Result<DeviceConfig> load_device_config(const DeviceConfigSources& sources);

}  // namespace muster::simulator
