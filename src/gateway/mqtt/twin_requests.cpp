#include "gateway/mqtt/twin_requests.hpp"

#include "gateway/mqtt/error_table.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "protocol/hub/topic.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::mqtt {
namespace {

// QoS 0: an answer that is lost with its connection is asked for again, and nothing has to be kept for it.
void send_answer(Connection& connection, int status, std::string_view rid, std::string_view body,
                 std::optional<std::int64_t> version = {}) {
  const std::string topic = hub::format_twin_response_topic(status, rid, version);
  connection.send(Publish{.topic = topic, .payload = as_bytes(body)});
}

void send_refusal(Connection& connection, std::string_view rid, const Error& error, WallTime now) {
  const TwinRefusal refusal = twin_refusal(error);
  send_answer(connection, refusal.status, rid,
              hub::format_twin_error(refusal.error_code, refusal.message, connection.tracking_id(), now));
}

}  // namespace

void TwinRequests::get(std::string rid) { start({std::move(rid), true, std::nullopt}); }

void TwinRequests::patch(std::string rid, std::string_view body, bool answered) {
  Result<hub::TwinChange> change = hub::parse_reported_patch(body);
  if (change) return start({std::move(rid), answered, *std::move(change)});
  if (answered) send_refusal(connection_, rid, change.error(), services_.clock.wall());
}

void TwinRequests::start(Request request) {
  if (refuse_beyond_limit(request)) return;
  ++*under_way_;
  asio::co_spawn(connection_.shard().io(),
                 answer(connection_.shared_from_this(), services_, key_, std::move(request), under_way_),
                 asio::detached);
}

bool TwinRequests::refuse_beyond_limit(const Request& request) {
  const std::uint32_t requests_max = services_.limits.requests_max;
  const ServiceRef hub{ServiceKind::hub, key_.hub};
  Result<void> may;
  if (*under_way_ >= requests_max) {
    may = failure(ErrorCode::throttled,
                  fmt::format("{} twin requests of this connection are under way", requests_max));
  } else {
    may = services_.throttles.take(
        hub, request.change ? throttle::Quota::twin_updates : throttle::Quota::twin_reads);
  }
  if (may) return false;
  if (request.answered) send_refusal(connection_, request.rid, may.error(), services_.clock.wall());
  return true;
}

asio::awaitable<void> TwinRequests::answer(std::shared_ptr<Connection> connection, GatewayServices& services,
                                           hub::SessionKey key, Request request,
                                           std::shared_ptr<std::uint32_t> under_way) {
  std::optional<Error> failed;
  std::optional<std::int64_t> version;
  std::string body;
  if (request.change) {
    const auto patched = co_await services.twins.patch_reported(key, *std::move(request.change));
    if (patched) version = *patched;
    if (!patched) failed = patched.error();
  } else {
    const auto read = co_await services.twins.read(key);
    if (read) body = hub::format_device_view(read->twin);
    if (!read) failed = read.error();
  }
  --*under_way;
  if (connection->ending() || !request.answered) co_return;
  if (failed) {
    send_refusal(*connection, request.rid, *failed, services.clock.wall());
  } else {
    send_answer(*connection, version ? 204 : 200, request.rid, body, version);
  }
  connection->flush();
}

void TwinRequests::deliver(std::uint8_t granted) {
  while (unacknowledged_.size() < services_.limits.desired_inflight_max) {
    const auto change = connection_.for_device().take();
    if (!change) return;
    if (granted == hub::kNotSubscribed) continue;
    const std::string topic = hub::format_desired_topic(change->version);
    Publish publish{.topic = topic, .payload = as_bytes(change->patch), .qos = granted};
    if (granted == 1) {
      publish.packet_id = next_packet_id();
      unacknowledged_.push_back(publish.packet_id);
    }
    connection_.send(publish);
  }
}

void TwinRequests::acknowledged(std::uint16_t packet_id) { std::erase(unacknowledged_, packet_id); }

std::uint16_t TwinRequests::next_packet_id() {
  do {
    ++last_packet_id_;
  } while (last_packet_id_ == 0 ||
           std::ranges::find(unacknowledged_, last_packet_id_) != unacknowledged_.end());
  return last_packet_id_;
}

}  // namespace muster::mqtt
