#include "gateway/rest/error_table.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_change.hpp"
#include "gateway/rest/hub_identities.hpp"
#include "gateway/rest/hub_view.hpp"
#include "protocol/rest/identity_bulk_json.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

struct Rotation {
  const Services& services;
  ServiceName hub;
  KeyRotation asked;
};

/// New keys in place of those that the request names.
Result<void> renew(const Rotation& rotation, std::string_view owner, DeviceAuth& auth) {
  if (auth.type != DeviceAuthType::sas) {
    return failure(ErrorCode::field_invalid, fmt::format("{} does not authenticate by keys", owner));
  }
  if (rotation.asked.key != PolicyKey::secondary) auth.primary_key = new_device_key(rotation.services.random);
  if (rotation.asked.key != PolicyKey::primary) auth.secondary_key = new_device_key(rotation.services.random);
  return {};
}

Result<DeviceAuth> rotate_device(const Rotation& rotation, registry::Store& store, Aftermath& aftermath,
                                 const DeviceId& id) {
  MUSTER_TRY(const auto existing, store.devices().find(rotation.hub, id));
  if (!existing) return failure(no_device(rotation.hub, id));
  DeviceIdentity next = *existing;
  MUSTER_CHECK(renew(rotation, id.str(), next.auth));
  MUSTER_TRY(const auto stored,
             IdentityWriter(rotation.services, store, aftermath).put(std::move(next), existing));
  return stored.auth;
}

Result<DeviceAuth> rotate_module(const Rotation& rotation, registry::Store& store, Aftermath& aftermath,
                                 const ModuleIdentity& named) {
  MUSTER_TRY(const auto device, store.devices().find(named.hub, named.device));
  if (!device) return failure(no_device(named.hub, named.device));
  MUSTER_TRY(const auto found, store.modules().find(named.hub, named.device, named.id));
  if (!found) return failure(no_module(named));
  ModuleIdentity next = found->identity;
  MUSTER_CHECK(renew(rotation, named.id.str(), next.auth));
  MUSTER_TRY(const auto stored, IdentityWriter(rotation.services, store, aftermath)
                                    .put(std::move(next), std::optional{found->identity}));
  return stored.auth;
}

Result<DeviceAuth> rotate(const Rotation& rotation, registry::Store& store, Aftermath& aftermath,
                          const KeyOwner& owner) {
  MUSTER_TRY(const auto device, device_id_of(owner.device));
  if (owner.module.empty()) return rotate_device(rotation, store, aftermath, device);
  const auto module = ModuleId::parse(owner.module);
  if (!module) {
    return failure(ErrorCode::device_id_invalid,
                   fmt::format("module id \"{}\" {}", owner.module, module.error()));
  }
  return rotate_module(rotation, store, aftermath, {.hub = rotation.hub, .device = device, .id = *module});
}

/// 200 when all keys are new, 207 when some are, 400 when none is.
unsigned status_of(std::size_t rotated, std::size_t failed) {
  if (failed == 0) return 200;
  return rotated > 0 ? 207 : 400;
}

Result<Response> rotate_all(const Rotation& rotation, registry::Store& store, Aftermath& aftermath) {
  MUSTER_CHECK(require_hub(store, rotation.hub));
  std::vector<RotatedKey> rotated;
  std::vector<ItemFault> faults;
  for (const KeyOwner& owner : rotation.asked.owners) {
    auto keys = rotate(rotation, store, aftermath, owner);
    if (keys) {
      rotated.push_back({owner, keys->primary_key, keys->secondary_key});
      continue;
    }
    const ErrorCode code = keys.error().code();
    const ErrorRow row = owner.module.empty() ? error_row(code) : module_error_row(code);
    if (row.status >= 500) return failure(keys.error());
    faults.push_back({owner.device, owner.module, row.hub_name, "regenerateKey",
                      fmt::format("{}: {}", keys.error().title(), keys.error().reason())});
  }
  return Response::json(format_key_rotation(rotation.asked.key, rotated, faults),
                        status_of(rotated.size(), faults.size()));
}

}  // namespace

Task<Response> regenerate_keys(const Call& call) {
  MUSTER_CO_TRY(auto asked, parse_key_rotation(call.request.body));
  const Rotation rotation{call.services, *call.face.service, std::move(asked)};
  const auto change = [rotation](registry::Store& store, Aftermath& aftermath) {
    return rotate_all(rotation, store, aftermath);
  };
  co_return co_await answer_by_changing(call, change);
}

}  // namespace muster::rest
