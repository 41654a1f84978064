#include "gateway/rest/gateway.hpp"

#include "base/log.hpp"
#include "gateway/rest/error_table.hpp"
#include "gateway/rest/http_session.hpp"
#include "gateway/rest/router.hpp"
#include "protocol/rest/problem.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace muster::rest {

/// What is known of a request when its answer is an error.
struct Asked {
  Api api = Api::muster;
  std::string tracking_id;
  std::string allow;
};

namespace {

constexpr std::size_t kEchoBytesMax = 256;

/// The API's own error body, with the headers that its SDKs read.
Response problem_response(const Error& error, const Asked& asked, WallTime now) {
  const auto row = error_row(error.code());
  const Problem problem{error, asked.tracking_id, now};
  Response response;
  switch (asked.api) {
    case Api::hub:
      response = Response::json(format_hub_problem(problem, row.hub_name), row.status)
                     .with("iothub-errorcode", std::string{row.hub_name});
      break;
    case Api::dps:
      response = Response::json(format_dps_problem(problem, row.dps_code), row.status)
                     .with("x-ms-error-code", std::to_string(row.dps_code));
      break;
    case Api::arm:
      response = Response::json(format_arm_problem(problem, row.status, row.arm_code), row.status)
                     .with("x-ms-error-code", std::string{row.arm_code});
      break;
    case Api::muster:
      response = Response::json(format_muster_problem(problem), row.status);
      break;
  }
  if (!asked.allow.empty()) response.headers.emplace_back("Allow", asked.allow);
  return response;
}

}  // namespace

OpenStreams::Entry::Entry(OpenStreams& owner, net::Shard& shard, std::weak_ptr<net::Stream> stream)
    : owner_{owner} {
  const std::lock_guard lock{owner.mutex_};
  id_ = owner.next_id_++;
  owner.open_.emplace(id_, Open{&shard, std::move(stream)});
}

OpenStreams::Entry::~Entry() {
  const std::lock_guard lock{owner_.mutex_};
  owner_.open_.erase(id_);
}

void OpenStreams::close_all() {
  const std::lock_guard lock{mutex_};
  for (const auto& [id, open] : open_) {
    asio::post(open.shard->io(), [weak = open.stream] {
      if (const auto stream = weak.lock()) stream->close();
    });
  }
}

Gateway::Gateway(Services services, HttpLimits limits)
    : services_{std::move(services)}, limits_{limits}, readers_{limits} {}

void Gateway::stop() {
  open_.close_all();
  readers_.stop();
}

Task<void> Gateway::serve(net::Shard& shard, std::shared_ptr<net::Stream> stream, Caller caller) {
  const OpenStreams::Entry entry{open_, shard, stream};
  HttpSession session{shard, stream, limits_, [this, &shard, &caller](const Request& request) {
                        return answer(shard, caller, request);
                      }};
  auto ended = co_await session.run();
  co_return ended;
}

asio::awaitable<Response> Gateway::answer(net::Shard& shard, const Caller& caller, const Request& request) {
  Asked asked{Api::muster, services_.journal.new_tracking_id(), ""};
  auto answered = co_await dispatch(shard, caller, request, asked);
  Response response =
      answered ? *std::move(answered) : problem_response(answered.error(), asked, services_.clock.wall());
  response.headers.emplace_back("x-ms-request-id", asked.tracking_id);
  if (const auto id = request.header("x-ms-client-request-id"); id && id->size() <= kEchoBytesMax) {
    response.headers.emplace_back("x-ms-client-request-id", std::string{*id});
  }
  if (response.status >= 500) {
    log::warning("rest", "failed status={} method={} target={} trace={} reason={}", response.status,
                 request.method, log::field(request.target), asked.tracking_id,
                 log::field(answered ? "" : answered.error().reason()));
  } else {
    log::debug("rest", "answered status={} method={} target={} trace={}", response.status, request.method,
               log::field(request.target), asked.tracking_id);
  }
  co_return response;
}

Task<Response> Gateway::dispatch(net::Shard& shard, const Caller& caller, const Request& request,
                                 Asked& asked) {
  const auto host = request.header("Host").value_or("");
  const auto face = face_of_host(host);
  if (!face) {
    co_return failure(ErrorCode::unknown_service,
                      fmt::format("Host {} is no hub, DPS instance, management or muster", log::field(host)));
  }
  asked.api = face->api;
  // Rights of single calls come with SAS; until then a caller has all of them or none.
  if (!caller.all_rights) co_return failure(ErrorCode::unauthorized, "the caller has no rights here");
  MUSTER_CO_TRY(const auto target,
                parse_target(request.target, face->api == Api::dps ? PlusSign::space : PlusSign::plain));
  MUSTER_CO_TRY(const auto found,
                match(all_routes(), face->api, request.method, target.segments, asked.allow));
  const Call call{services_, readers_, shard, request, target, asked.tracking_id, *face, found.ids};
  auto answered = co_await found.route->handler(call);
  co_return answered;
}

}  // namespace muster::rest
