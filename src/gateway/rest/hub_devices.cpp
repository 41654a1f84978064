#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_view.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/hub/twin_document.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::rest {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kListTopMax = 1000;

std::string new_key(Random& random) {
  Bytes key(kKeyBytes);
  random.fill(key);
  return to_base64(key);
}

Error no_device(const DeviceId& id, const ServiceName& hub) {
  return {ErrorCode::device_not_found, fmt::format("hub {} has no device {}", hub.str(), id.str())};
}

/// What a PUT of a device stands on, copied: it runs on the registry's writer.
struct DevicePut {
  const Services& services;
  ServiceName hub;
  DeviceId id;
  IfMatch if_match;
  DeviceIdentity wanted;
};

/// service/04 section 4.2: without If-Match only create, with it only update.
Result<void> check_put(const DevicePut& put, const std::optional<DeviceIdentity>& existing) {
  if (put.if_match.kind == IfMatch::Kind::absent) {
    if (!existing) return {};
    return failure(ErrorCode::resource_exists,
                   fmt::format("hub {} has a device {} already", put.hub.str(), put.id.str()));
  }
  if (!existing) return failure(no_device(put.id, put.hub));
  if (matches(put.if_match, device_etag(*existing))) return {};
  return failure(ErrorCode::precondition_failed,
                 fmt::format("device {} has etag {}, If-Match wanted {}", put.id.str(),
                             device_etag(*existing), put.if_match.tag));
}

/// Fills what the client does not decide.
Result<void> complete(const DevicePut& put, const std::optional<DeviceIdentity>& existing,
                      DeviceIdentity& identity) {
  const WallTime now = put.services.clock.wall();
  if (identity.auth.type == DeviceAuthType::sas && identity.auth.primary_key.empty()) {
    identity.auth.primary_key = new_key(put.services.random);
    identity.auth.secondary_key = new_key(put.services.random);
  }
  if (existing) {
    identity.generation_id = existing->generation_id;
    identity.created = existing->created;
    identity.status_updated = existing->enabled == identity.enabled ? existing->status_updated : now;
    if (identity.auth.type == existing->auth.type)
      identity.auth.attested_ca_id = existing->auth.attested_ca_id;
  } else {
    identity.generation_id = std::to_string(now.time_since_epoch().count());
    identity.created = identity.status_updated = now;
  }
  if (!identity.iot_edge) return {};
  if (existing && existing->iot_edge && identity.device_scope != existing->device_scope) {
    return failure(
        ErrorCode::field_invalid,
        fmt::format("deviceScope: an edge device's own, {}, must be given back", existing->device_scope));
  }
  if (!existing || !existing->iot_edge) {
    identity.device_scope =
        fmt::format("ms-azure-iot-edge://{}-{}", identity.id.str(), now.time_since_epoch().count());
  }
  return {};
}

Result<Response> store_device(const DevicePut& put, registry::Store& store) {
  MUSTER_TRY(const Hub hub, require_hub(store, put.hub));
  DeviceIdentity identity = put.wanted;
  MUSTER_TRY(const auto existing, store.devices().find(hub.name, put.id));
  MUSTER_CHECK(check_put(put, existing));
  MUSTER_CHECK(complete(put, existing, identity));
  MUSTER_TRY(const Twin twin, hub::make_initial_twin(hub.name, put.id, "", identity.created));
  MUSTER_TRY(const auto stored, store.devices().put(identity, existing ? existing->version : 0, &twin));
  if (!stored)
    return failure(ErrorCode::precondition_failed,
                   fmt::format("device {} was changed meanwhile", put.id.str()));
  return Response::json(format_device(*stored, connectivity_of(put.services.sessions, hub.name, put.id)))
      .with("ETag", quoted_etag(device_etag(*stored)));
}

/// The device's sessions, modules' included.
auto sessions_of(const ServiceName& hub, const DeviceId& id) {
  return [hub, id](const hub::SessionKey& key) { return key.hub == hub && key.device == id; };
}

struct ListDevices {
  const Services& services;
  ServiceName hub;
  std::size_t top;
};

Result<Response> read_devices(const ListDevices& list, registry::Store& store) {
  MUSTER_CHECK(require_hub(store, list.hub));
  MUSTER_TRY(const auto page, store.devices().list(list.hub, "", list.top));
  std::string body = "[";
  for (const auto& record : page.items) {
    if (body.size() > 1) body += ',';
    const auto& identity = record.identity;
    body += format_device(identity, connectivity_of(list.services.sessions, list.hub, identity.id));
  }
  return Response::json(body += ']');
}

}  // namespace

Connectivity connectivity_of(const hub::SessionDirectory& sessions, const ServiceName& hub,
                             const DeviceId& id) {
  return connectivity_of(sessions, {hub, id, ""});
}

Connectivity connectivity_of(const hub::SessionDirectory& sessions, const hub::SessionKey& key) {
  const auto state = sessions.state(key);
  if (!state) return {};
  return {state->connected, state->updated, state->last_activity};
}

Result<DeviceId> device_id_of(std::string_view text) {
  auto id = DeviceId::parse(text);
  if (!id) return failure(ErrorCode::device_id_invalid, fmt::format("device id \"{}\" {}", text, id.error()));
  return *std::move(id);
}

Task<Response> list_devices(const Call& call) {
  std::size_t top = kListTopMax;
  if (const auto text = call.target.parameter("top"); text && !text->empty()) {
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), top);
    if (error != std::errc{} || end != text->data() + text->size() || top < 1 || top > kListTopMax) {
      co_return failure(ErrorCode::field_invalid,
                        fmt::format("top: \"{}\" is not a number from 1 to {}", *text, kListTopMax));
    }
  }
  const ListDevices list{call.services, *call.face.service, top};
  const auto read = [list](registry::Store& store) { return read_devices(list, store); };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> get_device(const Call& call) {
  MUSTER_CO_TRY(const auto id, device_id_of(call.ids[0]));
  const auto read = [&services = call.services, hub = *call.face.service,
                     id](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_hub(store, hub));
    MUSTER_TRY(const auto identity, store.devices().find(hub, id));
    if (!identity) return failure(no_device(id, hub));
    return Response::json(format_device(*identity, connectivity_of(services.sessions, hub, id)))
        .with("ETag", quoted_etag(device_etag(*identity)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> put_device(const Call& call) {
  MUSTER_CO_TRY(const auto id, device_id_of(call.ids[0]));
  MUSTER_CO_TRY(const auto wanted, parse_device(call.request.body, *call.face.service, id));
  const DevicePut put{call.services, *call.face.service, id, parse_if_match(call.request.header("If-Match")),
                      wanted};
  const auto store_it = [put](registry::Store& store) { return store_device(put, store); };
  MUSTER_CO_TRY(auto response, co_await answer_by_writing(call.services, store_it));
  if (wanted.enabled) {
    // Who is connected stays, whatever its thumbprint is now; who is just being judged is judged by the new
    // one.
    call.services.sessions.recheck_where(sessions_of(put.hub, id));
  } else {
    call.services.sessions.close_where(
        sessions_of(put.hub, id), {ErrorCode::device_disabled,
                                   fmt::format("device {} was disabled at hub {}", id.str(), put.hub.str())});
  }
  co_return response;
}

Task<Response> delete_device(const Call& call) {
  MUSTER_CO_TRY(const auto id, device_id_of(call.ids[0]));
  const auto hub = *call.face.service;
  const auto if_match = parse_if_match(call.request.header("If-Match"));
  if (if_match.kind == IfMatch::Kind::absent) {
    co_return failure(ErrorCode::precondition_missing, "If-Match is wanted: \"*\" or the device's etag");
  }
  const auto remove = [hub, id, if_match](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_hub(store, hub));
    MUSTER_TRY(const auto existing, store.devices().find(hub, id));
    if (!existing) return failure(no_device(id, hub));
    if (!matches(if_match, device_etag(*existing))) {
      return failure(ErrorCode::precondition_failed,
                     fmt::format("device {} has etag {}", id.str(), device_etag(*existing)));
    }
    MUSTER_CHECK(store.devices().remove(hub, id, existing->version));
    return Response::no_content();
  };
  MUSTER_CO_TRY(auto response, co_await answer_by_writing(call.services, remove));
  call.services.sessions.close_where(
      sessions_of(hub, id),
      {ErrorCode::device_not_found, fmt::format("device {} was deleted from hub {}", id.str(), hub.str())});
  call.services.sessions.forget({hub, id, ""});
  co_return response;
}

}  // namespace muster::rest
