#include "gateway/rest/gateway.hpp"
#include "gateway/rest/http_session.hpp"
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

void metric(std::string& text, std::string_view name, std::string_view type, std::string_view help,
            std::uint64_t value) {
  text +=
      fmt::format("# HELP muster_{0} {2}\n# TYPE muster_{0} {1}\nmuster_{0} {3}\n", name, type, help, value);
}

/// Prometheus text format 0.0.4.
Response metrics(const Services& services, const AdminFace& face) {
  const auto log = services.log.figures();
  std::string text;
  metric(text, "events_appended_total", "counter", "Events taken by the log.", log.events_appended);
  metric(text, "event_bytes_appended_total", "counter", "Bytes of their records.", log.bytes_appended);
  metric(text, "event_log_commits_total", "counter", "Commits, one fdatasync each.", log.commits);
  metric(text, "event_log_commit_nanoseconds_total", "counter", "Time inside write and fdatasync.",
         log.commit_ns_total);
  metric(text, "event_log_queue_bytes", "gauge", "Bytes waiting to be committed.", log.queue_bytes);
  metric(text, "event_log_segments", "gauge", "Segments kept.", log.segments);
  metric(text, "event_log_failed", "gauge", "1 from the first failed write or fsync on.", log.failed ? 1 : 0);
  metric(text, "event_log_waits_for_room", "gauge", "1 while telemetry waits for room on the disk.",
         log.room_missing.empty() ? 0 : 1);
  metric(text, "devices_connected", "gauge", "Devices and modules connected now.",
         services.sessions.connected_count());
  metric(text, "refusals_total", "counter", "Connections and requests refused.", services.journal.refusals());
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
