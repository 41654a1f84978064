#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_view.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

#include <vector>

namespace muster::rest {
namespace {

/// Lower-cased words, with white space gone: `SELECT  * FROM devices` -> "select * from devices".
std::string folded_query(std::string_view text) {
  std::string folded;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (!folded.empty() && folded.back() != ' ') folded += ' ';
    } else {
      folded += ascii_lower(c);
    }
  }
  if (folded.ends_with(' ')) folded.pop_back();
  return folded;
}

struct Query {
  const Services& services;
  ServiceName hub;
  PageRequest page;
};

Result<Response> read_twins(const Query& query, registry::Store& store) {
  MUSTER_CHECK(require_hub(store, query.hub));
  MUSTER_TRY(const auto page, store.devices().list(query.hub, query.page.after, query.page.limit));
  std::string body = "[";
  for (const auto& record : page.items) {
    if (body.size() > 1) body += ',';
    body += format_twin(record, connectivity_of(query.services.sessions, query.hub, record.identity.id),
                        TwinShape::query_row);
  }
  return page_response(body += ']', "Twin", page.next);
}

Result<Response> count_devices(const ServiceName& hub, registry::Store& store) {
  MUSTER_CHECK(require_hub(store, hub));
  MUSTER_TRY(const auto counts, store.devices().count(hub));
  return Response::json(format_device_statistics(
      {.total = counts.total, .enabled = counts.enabled, .disabled = counts.total - counts.enabled}));
}

}  // namespace

Task<Response> query_devices(const Call& call) {
  MUSTER_CO_TRY(const auto text, parse_query_body(call.request.body));
  if (folded_query(text) != "select * from devices") {
    co_return failure(
        ErrorCode::query_invalid,
        fmt::format("\"{}\": this version answers `select * from devices` and no other query", text));
  }
  MUSTER_CO_TRY(const auto page, page_request(call.request));
  const Query query{call.services, *call.face.service, page};
  const auto read = [query](registry::Store& store) { return read_twins(query, store); };
  co_return co_await answer_by_reading(call.services, read);
}

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
