#include "gateway/rest/handlers.hpp"
#include "gateway/rest/query_run.hpp"
#include "protocol/rest/device_json.hpp"

#include <memory>

namespace muster::rest {

Task<Response> query_devices(const Call& call) {
  const ServiceName hub = *call.face.service;
  MUSTER_CO_TRY(auto text, parse_query_body(call.request.body));
  MUSTER_CO_TRY(auto query, query::parse(text));
  MUSTER_CO_TRY(const auto page, page_request(call.request));
  MUSTER_CO_TRY(auto position, parse_position(hub, text, page.after));
  QueryRun::Request request{hub, std::move(text), std::move(query), std::move(position), page.limit};
  const auto run = std::make_shared<QueryRun>(call.services, std::move(request));
  while (!run->done()) {
    std::function<Result<void>(registry::Store&)> step = [run](registry::Store& store) {
      return run->step(store);
    };
    MUSTER_CO_CHECK(co_await call.services.registry.read(std::move(step)));
  }
  co_return run->answer();
}

}  // namespace muster::rest
