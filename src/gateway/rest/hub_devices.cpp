#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_change.hpp"
#include "gateway/rest/hub_identities.hpp"
#include "gateway/rest/hub_view.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::rest {
namespace {

constexpr std::size_t kListTopMax = 1000;

Response device_response(const Services& services, const DeviceIdentity& device) {
  return Response::json(format_device(device, connectivity_of(services.sessions, device.hub, device.id)))
      .with("ETag", quoted_etag(device_etag(device)));
}

Result<DeviceIdentity> require_device(registry::Store& store, const ServiceName& hub, const DeviceId& id) {
  MUSTER_TRY(auto device, store.devices().find(hub, id));
  if (!device) return failure(no_device(hub, id));
  return *std::move(device);
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
    MUSTER_TRY(const auto device, require_device(store, hub, id));
    return device_response(services, device);
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> put_device(const Call& call) {
  MUSTER_CO_TRY(const auto id, device_id_of(call.ids[0]));
  MUSTER_CO_TRY(const auto wanted, parse_device(call.request.body, *call.face.service, id));
  const auto put = [&services = call.services, wanted,
                    if_match = parse_if_match(call.request.header("If-Match"))](
                       registry::Store& store, Aftermath& aftermath) -> Result<Response> {
    MUSTER_TRY(const Hub hub, require_hub(store, wanted.hub));
    MUSTER_TRY(const auto existing, store.devices().find(hub.name, wanted.id));
    MUSTER_CHECK(check_put(if_match, existing, wanted));
    MUSTER_TRY(const auto stored, IdentityWriter(services, store, aftermath).put(wanted, existing));
    return device_response(services, stored);
  };
  co_return co_await answer_by_changing(call, put);
}

Task<Response> delete_device(const Call& call) {
  MUSTER_CO_TRY(const auto id, device_id_of(call.ids[0]));
  const auto if_match = parse_if_match(call.request.header("If-Match"));
  if (if_match.kind == IfMatch::Kind::absent) {
    co_return failure(ErrorCode::precondition_missing, "If-Match is wanted: \"*\" or the device's etag");
  }
  const auto remove = [&services = call.services, hub = *call.face.service, id, if_match](
                          registry::Store& store, Aftermath& aftermath) -> Result<Response> {
    MUSTER_CHECK(require_hub(store, hub));
    MUSTER_TRY(const auto existing, require_device(store, hub, id));
    MUSTER_CHECK(check_etag(if_match, existing));
    MUSTER_CHECK(IdentityWriter(services, store, aftermath).remove(existing));
    return Response::no_content();
  };
  co_return co_await answer_by_changing(call, remove);
}

/// Nothing is ever queued for a device: there are no cloud-to-device messages yet. So the answer is true.
Task<Response> purge_commands(const Call& call) {
  MUSTER_CO_TRY(const auto id, device_id_of(call.ids[0]));
  const auto read = [hub = *call.face.service, id](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_hub(store, hub));
    MUSTER_CHECK(require_device(store, hub, id));
    return Response::json(format_purge(id, 0));
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace muster::rest
