#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_view.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

#include <vector>

namespace muster::rest {
namespace {

Result<Response> count_devices(const ServiceName& hub, registry::Store& store) {
  MUSTER_CHECK(require_hub(store, hub));
  MUSTER_TRY(const auto counts, store.devices().count(hub));
  return Response::json(format_device_statistics(
      {.total = counts.total, .enabled = counts.enabled, .disabled = counts.total - counts.enabled}));
}

}  // namespace

Task<Response> device_statistics(const Call& call) {
  const auto count = [hub = *call.face.service](registry::Store& store) { return count_devices(hub, store); };
  co_return co_await answer_by_reading(call.services, count);
}

Task<Response> service_statistics(const Call& call) {
  const auto read = [&services = call.services,
                     hub = *call.face.service](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_hub(store, hub));
    return Response::json(format_service_statistics(services.sessions.connected_count(hub)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace muster::rest
