#include "gateway/rest/event_stream.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/timestamp.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::rest {
namespace {

template <typename Number>
bool parse_number(std::string_view text, Number& into) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

/// `start`, `latest`, an offset (with a partition), or a time.
Result<eventlog::ReadPosition> parse_from(std::string_view text, bool has_partition) {
  if (equals_ignoring_case(text, "start")) return eventlog::ReadPosition{eventlog::FromStart{}};
  if (text.empty() || equals_ignoring_case(text, "latest"))
    return eventlog::ReadPosition{eventlog::FromLatest{}};
  std::uint64_t offset = 0;
  if (parse_number(text, offset)) {
    if (has_partition) return eventlog::ReadPosition{eventlog::FromOffset{offset}};
    return failure(ErrorCode::field_invalid, "from: an offset is one partition's, and no partition is given");
  }
  if (const auto time = parse_utc(text)) return eventlog::ReadPosition{eventlog::FromTime{*time}};
  return failure(ErrorCode::field_invalid,
                 fmt::format("from: \"{}\" is not start, latest, an offset or a UTC time", text));
}

Result<EventPosition> parse_last_event_id(std::string_view text) {
  const auto colon = text.find(':');
  EventPosition position;
  if (colon == std::string_view::npos || !parse_number(text.substr(0, colon), position.partition) ||
      !parse_number(text.substr(colon + 1), position.offset)) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("Last-Event-ID: \"{}\" is not partition:offset", text));
  }
  return position;
}

Result<EventRequest> event_request(const Call& call) {
  EventRequest request;
  if (const auto text = call.target.parameter("partition"); text && !text->empty()) {
    std::uint32_t partition = 0;
    if (!parse_number(*text, partition)) {
      return failure(ErrorCode::field_invalid, fmt::format("partition: \"{}\" is not a number", *text));
    }
    request.partition = partition;
  }
  MUSTER_TRY(request.from,
             parse_from(call.target.parameter("from").value_or(""), request.partition.has_value()));
  if (const auto id = call.request.header("Last-Event-ID"); id && !id->empty()) {
    MUSTER_TRY(request.after, parse_last_event_id(*id));
    if (request.partition && *request.partition != request.after->partition) {
      return failure(ErrorCode::field_invalid, "Last-Event-ID: of another partition than the one asked for");
    }
  }
  request.device_id = call.target.parameter("device").value_or("");
  return request;
}

/// The name in the path, or the full host name; as the registry spells it, which is how the log knows it.
Task<Response> require_hub_spelling(const Call& call) {
  const auto name = ServiceName::parse(std::string_view{call.ids[0]}.substr(0, call.ids[0].find('.')));
  if (!name)
    co_return failure(ErrorCode::field_invalid, fmt::format("hub: \"{}\" {}", call.ids[0], name.error()));
  const auto read = [wanted = *name](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto hub, require_hub(store, wanted));
    return Response::text(200, std::string{hub.name.str()});
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace

Task<Response> stream_events(const Call& call) {
  MUSTER_CO_TRY(auto request, event_request(call));
  MUSTER_CO_TRY(const auto hub, co_await require_hub_spelling(call));
  request.hub = hub.body;
  MUSTER_CO_TRY(const auto slot, call.readers.admit());
  MUSTER_CO_TRY(const auto source, co_await open_source(call.readers, call.services.log, std::move(request)));
  const EventStream stream{call.shard, call.services.log, call.readers, slot, source};
  Response response;
  response.headers = {{"Content-Type", "text/event-stream; charset=utf-8"}, {"Cache-Control", "no-cache"}};
  response.stream = [stream](BodyWriter& writer) { return run_event_stream(stream, writer); };
  co_return response;
}

}  // namespace muster::rest
