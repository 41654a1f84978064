#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_change.hpp"
#include "gateway/rest/hub_identities.hpp"
#include "gateway/rest/hub_view.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

Result<ModuleIdentity> module_named(const Call& call) {
  MUSTER_TRY(auto device, device_id_of(call.ids[0]));
  const auto id = ModuleId::parse(call.ids[1]);
  if (!id) {
    return failure(ErrorCode::device_id_invalid, fmt::format("module id \"{}\" {}", call.ids[1], id.error()));
  }
  return ModuleIdentity{.hub = *call.face.service, .device = std::move(device), .id = *id};
}

/// Whose modules are asked for, and by whom.
struct Owner {
  ServiceName hub;
  DeviceId device;
  bool by_token;
};

/// service/01 section 1.4: to a token, a device that is missing or disabled is none that it may ask about.
/// The control socket, which needs no such secrecy, is told what is wrong.
Result<void> check_owner(registry::Store& store, const Owner& owner) {
  MUSTER_CHECK(require_hub(store, owner.hub));
  MUSTER_TRY(const auto device, store.devices().find(owner.hub, owner.device));
  if (device && (device->enabled || !owner.by_token)) return {};
  if (!owner.by_token) return failure(no_device(owner.hub, owner.device));
  return failure(
      Error{ErrorCode::unauthorized, fmt::format("device {} is not there or is disabled at hub {}",
                                                 owner.device.str(), owner.hub.str())}
          .with_remedy(
              "Look at the device: `muster hub device-identity show` says which, and `update --status "
              "enabled` enables it."));
}

Response module_response(const Services& services, const ModuleIdentity& module) {
  const hub::SessionKey key{module.hub, module.device, std::string{module.id.str()}};
  return Response::json(format_module(module, connectivity_of(services.sessions, key)))
      .with("ETag", quoted_etag(module_etag(module)));
}

Result<ModuleIdentity> require_module(registry::Store& store, const ModuleIdentity& named) {
  MUSTER_TRY(auto found, store.modules().find(named.hub, named.device, named.id));
  if (!found) return failure(no_module(named));
  return std::move(found->identity);
}

}  // namespace

Task<Response> list_modules(const Call& call) {
  MUSTER_CO_TRY(const auto id, device_id_of(call.ids[0]));
  const Owner owner{*call.face.service, id, call.by_token};
  const auto read = [&services = call.services, owner](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(check_owner(store, owner));
    MUSTER_TRY(const auto modules, store.modules().list(owner.hub, owner.device));
    std::string body = "[";
    for (const auto& [identity, twin] : modules) {
      if (body.size() > 1) body += ',';
      const hub::SessionKey key{identity.hub, identity.device, std::string{identity.id.str()}};
      body += format_module(identity, connectivity_of(services.sessions, key));
    }
    return Response::json(body += ']');
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> get_module(const Call& call) {
  MUSTER_CO_TRY(const auto named, module_named(call));
  const Owner owner{named.hub, named.device, call.by_token};
  const auto read = [&services = call.services, named, owner](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(check_owner(store, owner));
    MUSTER_TRY(const auto module, require_module(store, named));
    return module_response(services, module);
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> put_module(const Call& call) {
  MUSTER_CO_TRY(const auto named, module_named(call));
  MUSTER_CO_TRY(const auto wanted, parse_module(call.request.body, named.hub, named.device, named.id));
  const Owner owner{named.hub, named.device, call.by_token};
  const auto put = [&services = call.services, wanted, owner,
                    if_match = parse_if_match(call.request.header("If-Match"))](
                       registry::Store& store, Aftermath& aftermath) -> Result<Response> {
    MUSTER_CHECK(check_owner(store, owner));
    MUSTER_TRY(const auto found, store.modules().find(wanted.hub, wanted.device, wanted.id));
    const auto existing = found ? std::optional{found->identity} : std::nullopt;
    MUSTER_CHECK(check_put(if_match, existing, wanted));
    MUSTER_TRY(const auto stored, IdentityWriter(services, store, aftermath).put(wanted, existing));
    return module_response(services, stored);
  };
  co_return co_await answer_by_changing(call, put);
}

Task<Response> delete_module(const Call& call) {
  MUSTER_CO_TRY(const auto named, module_named(call));
  const auto if_match = parse_if_match(call.request.header("If-Match"));
  if (if_match.kind == IfMatch::Kind::absent) {
    co_return failure(ErrorCode::precondition_missing, "If-Match is wanted: \"*\" or the module's etag");
  }
  const Owner owner{named.hub, named.device, call.by_token};
  const auto remove = [&services = call.services, named, owner, if_match](
                          registry::Store& store, Aftermath& aftermath) -> Result<Response> {
    MUSTER_CHECK(check_owner(store, owner));
    MUSTER_TRY(const auto existing, require_module(store, named));
    MUSTER_CHECK(check_etag(if_match, existing));
    MUSTER_CHECK(IdentityWriter(services, store, aftermath).remove(existing));
    return Response::no_content();
  };
  co_return co_await answer_by_changing(call, remove);
}

}  // namespace muster::rest
