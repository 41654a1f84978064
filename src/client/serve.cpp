// One connection of a Session: a reader and a writer that end together.

#include "client/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster {
namespace {

/// How long nothing may come after a PINGREQ; C#'s value (protocol/device/04 section 13).
constexpr std::chrono::seconds kPingTimeout{30};

}  // namespace

asio::awaitable<Error> Client::Session::serve() {
  connected_at_ = last_sent_ = last_heard_ = engine_.clock.steady();
  pinged_at_.reset();
  ending_.reset();
  writing_ = true;
  const auto self = shared_from_this();
  asio::co_spawn(engine_.shard.io(), write(), [self](std::exception_ptr failed) {
    self->writing_ = false;
    self->changed_.notify();
    if (failed) std::rethrow_exception(failed);
  });
  const Result<void> read_on = co_await read();
  if (!ending_) ending_ = read_on.error();  // read() only ends with one.
  link_->close();
  work_.notify();
  while (writing_) {
    // After give_up_ this could only end at once, without waiting; but a connection is never ended by it.
    const Result<void> woken = co_await changed_.wait();
    static_cast<void>(woken);
  }
  co_return *ending_;
}

Task<void> Client::Session::read() {
  while (true) {
    MUSTER_CO_TRY(const mqtt::Packet packet, co_await link_->receive());
    last_heard_ = engine_.clock.steady();
    pinged_at_.reset();
    // Whatever else comes, messages to the device included, was not asked for: not acknowledged, it stays the
    // hub's.
    const auto* puback = std::get_if<mqtt::Puback>(&packet);
    const bool ours = puback != nullptr ? outbox_.acknowledge(puback->packet_id) : twin_.take(packet);
    if (!ours) continue;
    stable_ = true;
    work_.notify();
  }
}

/// Everything that is to be written now.
Bytes Client::Session::gather() {
  Bytes bytes;
  while (const client::Outgoing* message = outbox_.send_next()) {
    mqtt::Publish publish;
    publish.topic = message->topic;
    publish.payload = message->payload;
    publish.packet_id = message->packet_id;
    publish.qos = 1;
    publish.dup = message->sent_before;
    mqtt::encode(publish, bytes);
  }
  twin_.gather(bytes);
  const SteadyTime now = engine_.clock.steady();
  if (bytes.empty() && !pinged_at_ && now >= next_ping()) {
    mqtt::encode(mqtt::Pingreq{}, bytes);
    pinged_at_ = now;
  }
  return bytes;
}

/// Well before the keep-alive is over: the hub counts from when it hears us. And without traffic the hub's
/// silence is tested just as often, whatever we send.
SteadyTime Client::Session::next_ping() const {
  return std::min(last_sent_, last_heard_) + options_.keep_alive * 3 / 4;
}

void Client::Session::check_peer() {
  if (!pinged_at_ || engine_.clock.steady() < *pinged_at_ + kPingTimeout) return;
  ending_ = Error{ErrorCode::connection_lost,
                  fmt::format("{} has not answered a PINGREQ for {} s", options_.host, kPingTimeout.count())};
  link_->close();
}

asio::awaitable<void> Client::Session::write() {
  const auto self = shared_from_this();
  while (!ending_) {
    if (!wanted_) {
      Bytes farewell;
      mqtt::encode(mqtt::Disconnect{}, farewell);
      // We leave either way.
      static_cast<void>(co_await link_->send(std::move(farewell)));
      ending_ = Error{ErrorCode::cancelled, "the client was disconnected"};
      link_->close();
      co_return;
    }
    Bytes bytes = gather();
    if (!bytes.empty()) {
      const Result<void> sent = co_await link_->send(std::move(bytes));
      if (!sent) {
        if (!ending_ && sent.error().code() != ErrorCode::cancelled) ending_ = sent.error();
        link_->close();
        co_return;
      }
      last_sent_ = engine_.clock.steady();
      continue;
    }
    const SteadyTime due = std::min(pinged_at_ ? *pinged_at_ + kPingTimeout : next_ping(), twin_.due());
    const net::ScopedDeadline deadline{engine_.shard, due, [this] {
                                         check_peer();
                                         work_.notify();
                                       }};
    const Result<void> woken = co_await work_.wait();
    if (!woken) co_return;
  }
}

}  // namespace muster
