#pragma once

#include "gateway/rest/hub_aftermath.hpp"
#include "gateway/rest/services.hpp"
#include "protocol/rest/etag.hpp"
#include "registry/repositories.hpp"

#include <optional>
#include <string>
#include <string_view>

/// The rules of writing identities, the same for one call and for an item of many. Source: service/04
/// sections 4.2 and 4.3.
namespace muster::rest {

/// Modules of a device, $edgeAgent and $edgeHub not counted.
inline constexpr std::size_t kModulesMax = 20;

/// Writes identities of one hub on the registry's writer. Lives for one write.
class IdentityWriter {
 public:
  IdentityWriter(const Services& services, registry::Store& store, Aftermath& aftermath)
      : services_{services}, store_{store}, aftermath_{aftermath}, now_{services.clock.wall()} {}

  /// Stores `wanted` over `existing`, with all that the client does not decide: keys where it gave none,
  /// times, generation, scopes, the modules of an edge device. `initial_twin_json` is for a new one's twin.
  Result<DeviceIdentity> put(DeviceIdentity wanted, const std::optional<DeviceIdentity>& existing,
                             std::string_view initial_twin_json = {});
  Result<void> remove(const DeviceIdentity& existing);

  /// field_invalid for a system module; request_too_large beyond kModulesMax.
  Result<ModuleIdentity> put(ModuleIdentity wanted, const std::optional<ModuleIdentity>& existing,
                             std::string_view initial_twin_json = {});
  Result<void> remove(const ModuleIdentity& existing);

  WallTime now() const noexcept { return now_; }

 private:
  void fill_keys(DeviceAuth& auth);
  Result<void> check_module_limit(const ModuleIdentity& wanted);

  const Services& services_;
  registry::Store& store_;
  Aftermath& aftermath_;
  WallTime now_;
};

/// 32 random bytes, base64.
std::string new_device_key(Random& random);

/// Section 4.2: without If-Match only create, with it only update.
Result<void> check_put(const IfMatch& if_match, const std::optional<DeviceIdentity>& existing,
                       const DeviceIdentity& wanted);
Result<void> check_put(const IfMatch& if_match, const std::optional<ModuleIdentity>& existing,
                       const ModuleIdentity& wanted);
/// precondition_failed naming the etag that is there.
Result<void> check_etag(const IfMatch& if_match, const DeviceIdentity& existing);
Result<void> check_etag(const IfMatch& if_match, const ModuleIdentity& existing);

Error no_device(const ServiceName& hub, const DeviceId& id);
Error no_module(const ModuleIdentity& named);
Error device_exists(const DeviceIdentity& existing);
Error module_exists(const ModuleIdentity& existing);

}  // namespace muster::rest
