#include "gateway/rest/gateway.hpp"
#include "gateway/rest/http_session.hpp"
#include "gateway/rest/metrics.hpp"
#include "gateway/rest/target.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

/// 503 from /readyz means "send nothing new": from the first failed write or fsync on, while telemetry waits
/// for room on the disk (it goes on by itself), and while stopping.
Response readiness(const Services& services, const AdminFace& face) {
  const eventlog::LogFigures log = services.log.figures();
  if (log.failed)
    return Response::text(503, fmt::format("{}: {}\n", error_id(ErrorCode::event_log_failed), log.failure));
  if (!log.room_missing.empty())
    return Response::text(503, fmt::format("{}: {}\n", error_id(ErrorCode::disk_full), log.room_missing));
  if (face.stopping()) return Response::text(503, "stopping\n");
  return Response::text(200, "ready\n");
}

Response metrics(const Services& services, const AdminFace& face) {
  std::string text = metrics_text(services);
  if (face.limit_metrics) text += face.limit_metrics();
  auto response = Response::text(200, std::move(text));
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}};
  return response;
}

asio::awaitable<Response> answer_now(const AdminGateway& gateway, const Request& request) {
  co_return gateway.answer(request);
}

}  // namespace

AdminGateway::AdminGateway(Services services, AdminFace face, HttpLimits limits)
    : services_{std::move(services)}, face_{std::move(face)}, limits_{limits} {}

Task<void> AdminGateway::serve(net::Shard& shard, std::shared_ptr<net::Stream> stream) {
  const OpenStreams::Entry entry{open_, shard, stream};
  HttpSession session{shard, stream, limits_,
                      [this](const Request& request) { return answer_now(*this, request); }};
  auto ended = co_await session.run();
  co_return ended;
}

Response AdminGateway::answer(const Request& request) const {
  const auto target = parse_target(request.target, PlusSign::plain);
  if (!target || target->segments.size() != 1) return Response::text(404, "not found\n");
  const auto& name = target->segments.front();
  const bool known = name == "healthz" || name == "readyz" || name == "metrics" || name == "server.crl";
  if (!known) return Response::text(404, "not found\n");
  if (request.method != "GET") return Response::text(405, "GET is allowed here\n").with("Allow", "GET");
  if (name == "healthz") return Response::text(200, "ok\n");
  if (name == "readyz") return readiness(services_, face_);
  if (name == "metrics") return metrics(services_, face_);
  Response crl;
  crl.headers = {{"Content-Type", "application/pkix-crl"}};
  crl.body = std::string{as_text(face_.crl_der)};
  return crl;
}

}  // namespace muster::rest
