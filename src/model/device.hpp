#pragma once

#include "model/service.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster {

/// How the hub knows a device. Azure's names: sas, selfSigned, certificateAuthority, none.
enum class DeviceAuthType : std::uint8_t { none, sas, self_signed, certificate_authority };

struct DeviceAuth {
  DeviceAuthType type = DeviceAuthType::none;
  std::string
      primary_thumbprint;  ///< SHA-1 (40) or SHA-256 (64) in upper-case hex; empty when there is none.
  std::string secondary_thumbprint;
  std::string primary_key;  ///< Base64.
  std::string secondary_key;
  /// With certificate_authority, made by DPS: the CA certificate that attested the device, which the hub then
  /// accepts the chain up to. 0 for identities made directly at the hub, which need a verified CA of the
  /// hub's own.
  std::int64_t attested_ca_id = 0;
};

/// A device's identity at one hub.
struct DeviceIdentity {
  ServiceName hub;
  DeviceId id;
  std::string generation_id;  ///< New at each creation: tells a device from an earlier one of the same name.
  bool enabled = true;
  std::string status_reason;
  WallTime status_updated;
  DeviceAuth auth;
  bool iot_edge = false;
  std::string device_scope;
  std::vector<std::string> parent_scopes;  ///< Scopes of the edge devices above it, nearest first.
  WallTime created;
  std::int64_t version = 0;
};

/// The identity of a module of a device. It has no status of its own: the device's decides.
struct ModuleIdentity {
  ServiceName hub;
  DeviceId device;
  ModuleId id;
  std::string generation_id;
  std::string managed_by;
  DeviceAuth auth;
  WallTime created;
  std::int64_t version = 0;
};

/// A device's or a module's twin as stored. The JSON texts are objects, "{}" when empty; metadata is kept
/// beside each.
struct Twin {
  ServiceName hub;
  DeviceId device;
  std::string module;  ///< The module whose twin this is; empty for the device's own.
  std::string tags_json = "{}";
  std::string desired_json = "{}";
  std::string desired_metadata_json = "{}";
  std::int64_t desired_version = 1;
  std::string reported_json = "{}";
  std::string reported_metadata_json = "{}";
  std::int64_t reported_version = 1;
  std::string model_id;
  std::int64_t etag = 1;     ///< Moves on tags and desired writes.
  std::int64_t version = 2;  ///< Moves on every write (service/04 section 4.4).
};

/// A device and its twin, read together.
struct DeviceRecord {
  DeviceIdentity identity;
  Twin twin;
};

/// A module and its twin, read together.
struct ModuleRecord {
  ModuleIdentity identity;
  Twin twin;
};

}  // namespace muster
