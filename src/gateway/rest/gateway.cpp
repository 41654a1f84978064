#include "gateway/rest/gateway.hpp"

#include "base/log.hpp"
#include "gateway/rest/authorize.hpp"
#include "gateway/rest/error_table.hpp"
#include "gateway/rest/http_session.hpp"
#include "gateway/rest/router.hpp"
#include "protocol/rest/host.hpp"
#include "protocol/rest/problem.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::rest {

/// What is known of a request when its answer is an error.
struct Asked {
  Api api = Api::muster;
  std::string tracking_id;
  std::string allow;
  ErrorForm errors = ErrorForm::usual;
};

namespace {

constexpr std::size_t kEchoBytesMax = 256;

/// The API's own error body, with the headers that its SDKs read.
Response problem_response(const Error& error, const Asked& asked, WallTime now) {
  const bool of_module = asked.errors == ErrorForm::module;
  const ErrorRow row = of_module ? module_error_row(error.code()) : error_row(error.code());
  const Problem problem{error, asked.tracking_id, now};
  Response response;
  switch (asked.api) {
    case Api::hub:
      response = Response::json(of_module ? format_hub_module_problem(problem, hub_error_number(row.hub_name))
                                          : format_hub_problem(problem, row.hub_name),
                                row.status)
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

/// What Azure counts a call as (protocol/device/06); nullopt: it is not counted.
std::optional<throttle::Quota> quota_of(const Route& route) {
  using throttle::Quota;
  if (route.api == Api::dps) return Quota::dps_operations;
  if (route.api != Api::hub) return std::nullopt;
  if (route.pattern == "/devices/query") return Quota::queries;
  if (route.pattern.starts_with("/twins/"))
    return route.method == "GET" ? Quota::twin_reads : Quota::twin_updates;
  if (route.right == Right::registry_read || route.right == Right::registry_write)
    return Quota::registry_operations;
  return std::nullopt;
}

void log_answer(const Caller& caller, const Request& request, const Response& response, const Asked& asked,
                const Error* error) {
  const auto line = [&](std::string_view word) {
    return fmt::format("{} status={} method={} target={} remote={} trace={}{}{}", word, response.status,
                       request.method, log::field(request.target), log::field(caller.remote),
                       asked.tracking_id, error != nullptr ? " reason=" : "",
                       error != nullptr ? log::field(error->reason()) : "");
  };
  constexpr unsigned kNotImplemented = 501;
  if (response.status >= 500 && response.status != kNotImplemented) {
    log::warning("rest", "{}", line("failed"));
  } else if (response.status == 401) {
    log::info("rest", "{}", line("refused"));
  } else {
    log::debug("rest", "{}", line("answered"));
  }
}

/// By the first segment alone: a target that cannot be read further on is refused in the form of its own API.
std::optional<Api> api_of_target(std::string_view target) {
  const auto begin = std::min(target.find_first_not_of('/'), target.size());
  const auto first = target.substr(begin, target.find_first_of("/?", begin) - begin);
  const auto parsed = parse_target(first, PlusSign::plain);
  return parsed ? api_of_path(parsed->segments) : std::nullopt;
}

/// What a caller over the network has to show for this call.
Result<Access> access_of(const Call& call, Right right) {
  if (right == Right::control) {
    return failure(Error{ErrorCode::unauthorized, "this path answers on the control socket only"}.with_remedy(
        "Run the `muster` command on the machine of the service."));
  }
  std::optional<ServiceName> name = call.face.service;
  // muster's own paths are no service's: the hub is in the path.
  if (call.face.api == Api::muster) {
    if (auto hub = ServiceName::parse(call.ids.front())) name = *std::move(hub);
  }
  if (!name) return failure(ErrorCode::unknown_service, "the request names no hub and no DPS instance");
  const ServiceKind kind = call.face.api == Api::dps ? ServiceKind::dps : ServiceKind::hub;
  Access access{.right = right, .service = {kind, *std::move(name)}, .names = {}, .path = {}};
  access.names = call.services.names.names_of(access.service);
  for (const std::string& segment : call.target.segments) access.path += '/' + segment;
  return access;
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
  const Client client{shard, caller, stream->peer()};
  HttpSession session{shard,
                      stream,
                      limits_,
                      [this, &client](const Request& request) { return answer(client, request); },
                      [this, &client](unsigned status, const Error& error, const Request& so_far) {
                        return refuse(client, status, error, so_far);
                      },
                      [this, &client](const Request& head) { return judge_head(client, head); }};
  auto ended = co_await session.run();
  co_return ended;
}

asio::awaitable<void> Gateway::serve_tls(net::Shard& shard, std::shared_ptr<net::Stream> stream) {
  Result<void> secured;
  {
    const net::ScopedDeadline deadline{shard, shard.clock().steady() + limits_.handshake_timeout,
                                       [stream] { stream->close(); }};
    secured = co_await stream->handshake();
  }
  stream->opened();
  const Caller caller{.all_rights = false, .remote = stream->peer().remote.address};
  if (secured) secured = co_await serve(shard, stream, caller);
  stream->close();
  // A peer that went away, or never said a word, is no news; what TLS found wrong is.
  if (!secured && secured.error().code() != ErrorCode::connection_lost &&
      secured.error().code() != ErrorCode::cancelled) {
    log::info("rest", "connection ended code={} remote={} reason={}", error_id(secured.error().code()),
              log::field(caller.remote), log::field(secured.error().reason()));
  }
}

asio::awaitable<Response> Gateway::answer(const Client& client, const Request& request) {
  Asked asked{Api::muster, services_.journal.new_tracking_id(), "", ErrorForm::usual};
  auto answered = co_await dispatch(client, request, Extent::whole, asked);
  Response response =
      answered ? *std::move(answered) : problem_response(answered.error(), asked, services_.clock.wall());
  response.headers.emplace_back("x-ms-request-id", asked.tracking_id);
  if (const auto id = request.header("x-ms-client-request-id"); id && id->size() <= kEchoBytesMax) {
    response.headers.emplace_back("x-ms-client-request-id", std::string{*id});
  }
  log_answer(client.caller, request, response, asked, answered ? nullptr : &answered.error());
  co_return response;
}

/// Whether the caller may make this call, before a large body of it is kept: a stranger's is not. `head` is
/// asked once more when it is whole, for what held then may not hold later.
asio::awaitable<std::optional<Response>> Gateway::judge_head(const Client& client, const Request& head) {
  Asked asked{Api::muster, services_.journal.new_tracking_id(), "", ErrorForm::usual};
  const auto judged = co_await dispatch(client, head, Extent::head, asked);
  if (judged) co_return std::nullopt;
  Response response = problem_response(judged.error(), asked, services_.clock.wall());
  response.headers.emplace_back("x-ms-request-id", asked.tracking_id);
  log_answer(client.caller, head, response, asked, &judged.error());
  co_return response;
}

/// What is no request has no API but, if its head was read, that of its host.
Response Gateway::refuse(const Client& client, unsigned status, const Error& error, const Request& so_far) {
  Asked asked{Api::muster, services_.journal.new_tracking_id(), ""};
  if (const auto face = face_of(client, so_far)) asked.api = face->api;
  Response response = problem_response(error, asked, services_.clock.wall());
  response.status = status;
  response.headers.emplace_back("x-ms-request-id", asked.tracking_id);
  log_answer(client.caller, so_far, response, asked, &error);
  return response;
}

/// Who comes over the network is asked what the connection and the request say; the control socket only names
/// its service, as a Host that no other world answers to.
Result<Face> Gateway::face_of(const Client& client, const Request& request) const {
  const auto host = request.header("Host").value_or("");
  std::optional<Face> face;
  if (client.caller.all_rights) {
    face = face_of_host(host);
  } else {
    face =
        services_.names.face({std::string{without_port(host)}, api_of_target(request.target), client.peer});
  }
  if (face) return *std::move(face);
  return failure(
      Error{ErrorCode::unknown_service, fmt::format("Host {} (server name {}) is no service of this world",
                                                    log::field(host), log::field(client.peer.server_name))}
          .with_remedy("Use the hub's or DPS instance's own name, a listen address, or start "
                       "`muster up` with --name HOST."));
}

/// With Extent::head nothing is done once the caller's right is known, and the answer means nothing.
Task<Response> Gateway::dispatch(const Client& client, const Request& request, Extent extent, Asked& asked) {
  MUSTER_CO_TRY(const Face face, face_of(client, request));
  asked.api = face.api;
  MUSTER_CO_TRY(const auto target,
                parse_target(request.target, face.api == Api::dps ? PlusSign::space : PlusSign::plain));
  MUSTER_CO_TRY(const auto found,
                match(all_routes(), face.api, request.method, target.segments, asked.allow));
  asked.errors = found.route->errors;
  const Call call{services_, readers_,  client.shard,
                  request,   target,    asked.tracking_id,
                  face,      found.ids, !client.caller.all_rights};
  if (!client.caller.all_rights) {
    MUSTER_CO_TRY(Access access, access_of(call, found.route->right));
    const ServiceRef service = access.service;
    MUSTER_CO_CHECK(co_await authorize(services_, request, std::move(access)));
    if (const auto quota = quota_of(*found.route); quota && extent == Extent::whole)
      MUSTER_CO_CHECK(services_.throttles.take(service, *quota));
  }
  if (extent == Extent::head) co_return Response{};
  if (!found.route->handler) {
    co_return failure(ErrorCode::not_implemented,
                      fmt::format("{} {} is not in this version", found.route->method, found.route->pattern));
  }
  auto answered = co_await found.route->handler(call);
  co_return answered;
}

}  // namespace muster::rest
