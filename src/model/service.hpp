#pragma once

#include "base/clock.hpp"
#include "muster/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster {

/// "my-iot-hub-x509" -> "my-iot-hub-x509.azure-devices.net".
std::string hub_host_name(const ServiceName& hub);
/// "my-dps-x509" -> "my-dps-x509.azure-devices-provisioning.net".
std::string dps_host_name(const ServiceName& dps);

/// The name of the global provisioning endpoint, which every DPS instance answers as.
inline constexpr std::string_view kGlobalProvisioningHost = "global.azure-devices-provisioning.net";

/// One IoT hub. Its number is given once and never again: the nth hub is at the nth address (contract section
/// 3).
struct Hub {
  ServiceName name;
  std::string location;
  std::uint32_t number = 0;  ///< Zero-based; decides the local address. 0 when not yet stored.
  std::uint32_t partition_count = 4;
  WallTime created;
  std::int64_t version = 0;  ///< 0 when not yet stored.
};

/// A hub that a DPS instance may assign devices to.
struct LinkedHub {
  ServiceName hub;
  std::string location;
  std::uint32_t allocation_weight = 1;
  bool apply_allocation_policy = true;
};

enum class AllocationPolicy : std::uint8_t { hashed, geo_latency, static_, custom };

/// One provisioning service.
struct DpsInstance {
  ServiceName name;
  std::string id_scope;
  std::string location;
  AllocationPolicy allocation_policy = AllocationPolicy::hashed;
  std::vector<LinkedHub> linked_hubs;
  WallTime created;
  std::int64_t version = 0;
};

enum class ServiceKind : std::uint8_t { hub, dps };

/// Names one service of the world: what certificates and shared access policies belong to.
struct ServiceRef {
  ServiceKind kind;
  ServiceName name;
  friend bool operator==(const ServiceRef&, const ServiceRef&) = default;
};

/// A shared access policy: two keys and what they allow. Rights are those of service/01 section 1.4.
struct SasPolicy {
  std::string name;
  std::string primary_key;    ///< Base64 of 32 random bytes.
  std::string secondary_key;  ///< Likewise.
  std::vector<std::string> rights;
};

}  // namespace muster
