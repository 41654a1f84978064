#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_view.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/hub/twin_document.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

/// Whose twin the path means: `/twins/{id}`, or `/twins/{id}/modules/{mid}`.
Result<hub::SessionKey> twin_of(const Call& call) {
  MUSTER_TRY(auto device, device_id_of(call.ids[0]));
  hub::SessionKey key{*call.face.service, std::move(device), ""};
  if (call.ids.size() < 2) return key;
  const auto module = ModuleId::parse(call.ids[1]);
  if (!module) {
    return failure(ErrorCode::device_id_invalid,
                   fmt::format("module id \"{}\" {}", call.ids[1], module.error()));
  }
  key.module = module->str();
  return key;
}

Response twin_response(const Services& services, const hub::SessionKey& key, hub::TwinRecord record) {
  const auto state = services.sessions.state(key);
  const Connectivity connectivity =
      state ? Connectivity{state->connected, state->updated, state->last_activity} : Connectivity{};
  const std::string etag = quoted_etag(twin_etag(record.twin));
  if (!record.module) {
    const DeviceRecord device{std::move(record.device), std::move(record.twin)};
    return Response::json(format_twin(device, connectivity, TwinShape::twin)).with("ETag", etag);
  }
  const ModuleRecord module{*std::move(record.module), std::move(record.twin)};
  return Response::json(format_module_twin(module, record.device, connectivity, TwinShape::twin))
      .with("ETag", etag);
}

/// service/04 section 4.2: without If-Match anything goes; with it only what it names, and `*` is everything.
hub::TwinCondition condition_of(const Call& call) {
  return [if_match = parse_if_match(call.request.header("If-Match"))](const Twin& twin) -> Result<void> {
    if (if_match.kind == IfMatch::Kind::absent || matches(if_match, twin_etag(twin))) return {};
    return failure(ErrorCode::precondition_failed,
                   fmt::format("the twin of {}{}{} has etag {}, If-Match wanted {}", twin.device.str(),
                               twin.module.empty() ? "" : "/", twin.module, twin_etag(twin), if_match.tag));
  };
}

Task<Response> change_twin(const Call& call, Result<hub::TwinChange> change) {
  MUSTER_CO_TRY(const auto key, twin_of(call));
  if (!change) co_return failure(change.error());
  hub::TwinCondition condition = condition_of(call);
  MUSTER_CO_TRY(auto record,
                co_await call.services.twins.change(key, *std::move(change), std::move(condition)));
  co_return twin_response(call.services, key, std::move(record));
}

}  // namespace

Task<Response> get_twin(const Call& call) {
  MUSTER_CO_TRY(const auto key, twin_of(call));
  const auto read = [&services = call.services, key](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_hub(store, key.hub));
    MUSTER_TRY(auto record, hub::find_twin(store, key));
    return twin_response(services, key, std::move(record));
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> patch_twin(const Call& call) {
  return change_twin(call, hub::parse_twin_patch(call.request.body));
}

Task<Response> put_twin(const Call& call) {
  return change_twin(call, hub::parse_twin_replacement(call.request.body));
}

}  // namespace muster::rest
