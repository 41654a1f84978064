#include "client/link.hpp"

#include <fmt/format.h>

namespace muster::client {
namespace {

/// MQTT 3.1.1 table 3.1.
std::string_view connack_meaning(std::uint8_t code) {
  switch (code) {
    case 1:
      return "unacceptable protocol version";
    case 2:
      return "identifier rejected";
    case 3:
      return "server unavailable";
    case 4:
      return "bad user name or password";
    case 5:
      return "not authorized";
    default:
      return "a code that MQTT 3.1.1 does not have";
  }
}

Result<void> judge_connack(const mqtt::Packet& packet, const std::string& host) {
  const auto* connack = std::get_if<mqtt::Connack>(&packet);
  if (connack == nullptr) {
    return failure(ErrorCode::service_error, fmt::format("{} answered CONNECT with another packet", host));
  }
  if (connack->return_code == 0) return {};
  std::string reason = fmt::format("{} answered CONNECT with {}, {}", host, connack->return_code,
                                   connack_meaning(connack->return_code));
  // Every SDK takes 3 for a passing state (protocol/device/04 section 2).
  if (connack->return_code == 3) {
    return failure(Error{ErrorCode::connect_failed, std::move(reason)}.with_remedy(
        "Try again later: the service is overloaded, starting or stopping."));
  }
  return failure(ErrorCode::hub_refused, std::move(reason));
}

}  // namespace

Task<void> Link::send(Bytes packets) {
  ByteView rest = packets;
  sending_ = true;
  while (!rest.empty()) {
    MUSTER_CO_TRY(const net::IoResult written, stream_->try_write(rest));
    if (written.state == net::IoState::done) {
      rest = rest.subspan(written.size);
      continue;
    }
    if (written.state == net::IoState::closed) {
      co_return failure(ErrorCode::connection_lost, host_ + " closed the connection");
    }
    MUSTER_CO_CHECK(co_await stream_->writable());
  }
  sending_ = false;  // After a failure nothing more can be sent.
  co_return Result<void>{};
}

void Link::leave() {
  Bytes farewell;
  mqtt::encode(mqtt::Disconnect{}, farewell);
  // Best effort: the peer learns from the close as well, only not that it was meant.
  if (!sending_) static_cast<void>(stream_->try_write(farewell));
  close();
}

Result<std::optional<mqtt::Packet>> Link::take() {
  const auto malformed = [this] {
    return failure(ErrorCode::malformed_packet, host_ + " sent what is not MQTT 3.1.1");
  };
  const auto header = mqtt::decode_fixed_header(inbox_, kPacketSizeMax);
  if (!header && header.error() == mqtt::DecodeError::incomplete) return std::optional<mqtt::Packet>{};
  if (!header) return malformed();
  const std::size_t size = std::size_t{header->size_header} + header->size_remaining;
  if (inbox_.size() < size) return std::optional<mqtt::Packet>{};
  auto packet =
      mqtt::decode_body(*header, ByteView{inbox_}.subspan(header->size_header, header->size_remaining));
  if (!packet) return malformed();
  handed_out_ = size;
  return std::optional<mqtt::Packet>{*std::move(packet)};
}

Task<mqtt::Packet> Link::receive() {
  inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(handed_out_));
  handed_out_ = 0;
  while (true) {
    MUSTER_CO_TRY(std::optional<mqtt::Packet> packet, take());
    if (packet) co_return *std::move(packet);
    MUSTER_CO_TRY(const net::IoResult got, stream_->try_read(shard_.scratch()));
    if (got.state == net::IoState::closed) {
      co_return failure(ErrorCode::connection_lost, host_ + " closed the connection");
    }
    if (got.state == net::IoState::would_block) {
      MUSTER_CO_CHECK(co_await stream_->readable());
      continue;
    }
    const auto arrived = shard_.scratch().first(got.size);
    inbox_.insert(inbox_.end(), arrived.begin(), arrived.end());
  }
}

Task<std::unique_ptr<Link>> open_link(Engine& engine, Opening opening) {
  const SteadyTime until = opening.dial.deadline;
  const std::string host = opening.dial.host;
  MUSTER_CO_TRY(std::unique_ptr<net::Stream> stream,
                co_await engine.dialer->dial(engine.shard, std::move(opening.dial)));
  auto link = std::make_unique<Link>(engine.shard, std::move(stream), host);
  bool late = false;
  Link& open = *link;
  const net::ScopedDeadline deadline{engine.shard, until, [&open, &late] {
                                       late = true;
                                       open.close();
                                     }};
  mqtt::Connect connect;
  connect.client_id = opening.client_id;
  connect.user_name = opening.user_name;
  connect.keep_alive_s = static_cast<std::uint16_t>(opening.keep_alive.count());
  connect.clean_session = opening.clean_session;
  Bytes bytes;
  mqtt::encode(connect, bytes);
  Result<void> sent = co_await link->send(std::move(bytes));
  if (!sent && !late) co_return failure(std::move(sent).error());
  const Result<mqtt::Packet> answer = co_await link->receive();
  if (late) co_return failure(ErrorCode::timed_out, host + ": no answer to CONNECT");
  if (!answer) co_return failure(answer.error());
  MUSTER_CO_CHECK(judge_connack(*answer, host));
  co_return std::move(link);
}

}  // namespace muster::client
