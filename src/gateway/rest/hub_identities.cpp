#include "gateway/rest/hub_identities.hpp"

#include "base/bytes.hpp"
#include "gateway/rest/hub_scopes.hpp"
#include "protocol/hub/twin_document.hpp"
#include "registry/edge_modules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::rest {
namespace {

constexpr std::size_t kKeyBytes = 32;

Error changed_meanwhile(std::string_view noun, std::string_view name) {
  return {ErrorCode::precondition_failed, fmt::format("{} {} was changed meanwhile", noun, name)};
}

Error other_etag(std::string name, const std::string& etag, const IfMatch& wanted) {
  return {ErrorCode::precondition_failed,
          fmt::format("{} has etag {}, If-Match wanted {}", name, etag, wanted.tag)};
}

std::string name_of(const ModuleIdentity& module) {
  return fmt::format("module {} of device {}", module.id.str(), module.device.str());
}

Result<void> check_not_system(const ModuleIdentity& module) {
  if (!registry::is_system_module(module.id.str())) return {};
  return failure(ErrorCode::field_invalid,
                 fmt::format("moduleId: {} begins with $: such modules come and go with an IoT Edge device",
                             module.id.str()));
}

}  // namespace

std::string new_device_key(Random& random) { return random_base64(random, kKeyBytes); }

Error no_device(const ServiceName& hub, const DeviceId& id) {
  return {ErrorCode::device_not_found, fmt::format("hub {} has no device {}", hub.str(), id.str())};
}

Error no_module(const ModuleIdentity& named) {
  return Error{ErrorCode::resource_not_found,
               fmt::format("device {} of hub {} has no module {}", named.device.str(), named.hub.str(),
                           named.id.str())}
      .with_remedy(
          fmt::format("List them: `muster hub module-identity list --device-id {}`.", named.device.str()));
}

Error device_exists(const DeviceIdentity& existing) {
  return {ErrorCode::resource_exists,
          fmt::format("hub {} has a device {} already", existing.hub.str(), existing.id.str())};
}

Error module_exists(const ModuleIdentity& existing) {
  return {ErrorCode::resource_exists,
          fmt::format("device {} of hub {} has a module {} already", existing.device.str(),
                      existing.hub.str(), existing.id.str())};
}

Result<void> check_etag(const IfMatch& if_match, const DeviceIdentity& existing) {
  if (matches(if_match, device_etag(existing))) return {};
  return failure(other_etag(fmt::format("device {}", existing.id.str()), device_etag(existing), if_match));
}

Result<void> check_etag(const IfMatch& if_match, const ModuleIdentity& existing) {
  if (matches(if_match, module_etag(existing))) return {};
  return failure(other_etag(name_of(existing), module_etag(existing), if_match));
}

Result<void> check_put(const IfMatch& if_match, const std::optional<DeviceIdentity>& existing,
                       const DeviceIdentity& wanted) {
  const bool creates = if_match.kind == IfMatch::Kind::absent;
  if (!existing) return creates ? Result<void>{} : failure(no_device(wanted.hub, wanted.id));
  if (creates) return failure(device_exists(*existing));
  return check_etag(if_match, *existing);
}

Result<void> check_put(const IfMatch& if_match, const std::optional<ModuleIdentity>& existing,
                       const ModuleIdentity& wanted) {
  const bool creates = if_match.kind == IfMatch::Kind::absent;
  if (!existing) return creates ? Result<void>{} : failure(no_module(wanted));
  if (creates) return failure(module_exists(*existing));
  return check_etag(if_match, *existing);
}

void IdentityWriter::fill_keys(DeviceAuth& auth) {
  if (auth.type != DeviceAuthType::sas || !auth.primary_key.empty()) return;
  auth.primary_key = new_device_key(services_.random);
  auth.secondary_key = new_device_key(services_.random);
}

Result<DeviceIdentity> IdentityWriter::put(DeviceIdentity wanted,
                                           const std::optional<DeviceIdentity>& existing,
                                           std::string_view initial_twin_json) {
  fill_keys(wanted.auth);
  MUSTER_CHECK(settle_scopes(store_, existing, wanted, now_));
  if (existing) {
    wanted.generation_id = existing->generation_id;
    wanted.created = existing->created;
    wanted.status_updated = existing->enabled == wanted.enabled ? existing->status_updated : now_;
    if (wanted.auth.type == existing->auth.type) wanted.auth.attested_ca_id = existing->auth.attested_ca_id;
  } else {
    wanted.generation_id = std::to_string(now_.time_since_epoch().count());
    wanted.created = wanted.status_updated = now_;
  }
  std::optional<Twin> twin;
  if (!existing) {
    MUSTER_TRY(twin, hub::make_initial_twin(wanted.hub, wanted.id, initial_twin_json, now_));
  }
  MUSTER_TRY(auto stored,
             store_.devices().put(wanted, existing ? existing->version : 0, twin ? &*twin : nullptr));
  if (!stored) return failure(changed_meanwhile("device", wanted.id.str()));
  if (stored->iot_edge != (existing && existing->iot_edge)) {
    MUSTER_CHECK(registry::keep_edge_modules(store_, *stored));
  }
  if (existing) aftermath_.changed(*existing, *stored);
  return *std::move(stored);
}

Result<void> IdentityWriter::remove(const DeviceIdentity& existing) {
  MUSTER_TRY(const auto modules, store_.modules().list(existing.hub, existing.id));
  MUSTER_CHECK(store_.devices().remove(existing.hub, existing.id, existing.version));
  aftermath_.removed(existing, modules);
  return {};
}

Result<void> IdentityWriter::check_module_limit(const ModuleIdentity& wanted) {
  MUSTER_TRY(const auto modules, store_.modules().list(wanted.hub, wanted.device));
  const auto own = std::ranges::count_if(modules, [](const ModuleRecord& module) {
    return !registry::is_system_module(module.identity.id.str());
  });
  if (static_cast<std::size_t>(own) < kModulesMax) return {};
  return failure(Error{ErrorCode::request_too_large, fmt::format("device {} has {} modules, {} are allowed",
                                                                 wanted.device.str(), own, kModulesMax)}
                     .with_remedy("Delete a module of the device that is not needed any more."));
}

Result<ModuleIdentity> IdentityWriter::put(ModuleIdentity wanted,
                                           const std::optional<ModuleIdentity>& existing,
                                           std::string_view initial_twin_json) {
  MUSTER_CHECK(check_not_system(wanted));
  fill_keys(wanted.auth);
  std::optional<Twin> twin;
  if (existing) {
    wanted.generation_id = existing->generation_id;
    wanted.created = existing->created;
  } else {
    MUSTER_CHECK(check_module_limit(wanted));
    wanted.generation_id = std::to_string(now_.time_since_epoch().count());
    wanted.created = now_;
    MUSTER_TRY(twin, hub::make_initial_twin(wanted.hub, wanted.device, initial_twin_json, now_));
  }
  MUSTER_TRY(auto stored,
             store_.modules().put(wanted, existing ? existing->version : 0, twin ? &*twin : nullptr));
  if (!stored) return failure(changed_meanwhile("module", wanted.id.str()));
  if (existing) aftermath_.changed(*existing, *stored);
  return *std::move(stored);
}

Result<void> IdentityWriter::remove(const ModuleIdentity& existing) {
  MUSTER_CHECK(check_not_system(existing));
  MUSTER_CHECK(store_.modules().remove(existing.hub, existing.device, existing.id, existing.version));
  aftermath_.removed(existing);
  return {};
}

}  // namespace muster::rest
