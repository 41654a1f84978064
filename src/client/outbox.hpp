#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "net/signal.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace muster::client {

/// Messages on one connection that wait for their PUBACK, at most: the rest follow as these come in.
inline constexpr std::size_t kInflightMax = 16;
/// The greatest packet id of a message; those above are for subscriptions, which share the numbers.
inline constexpr std::uint16_t kMessageIdMax = 0xFFEF;

/// One message from publish() to its PUBACK.
struct Outgoing {
  Outgoing(net::Shard& shard, std::string its_topic, Bytes its_payload)
      : topic{std::move(its_topic)}, payload{std::move(its_payload)}, settled{shard} {}

  std::string topic;
  Bytes payload;
  std::uint16_t packet_id = 0;          ///< 0 until it was first sent.
  bool sent_before = false;             ///< On an earlier connection: DUP is set.
  bool abandoned = false;               ///< Nobody waits: not sent again.
  std::optional<Result<void>> outcome;  ///< Set once, then `settled` is notified.
  net::Signal settled;
};

/// What publish() was given and the hub has not acknowledged, in order. The front of it is on the wire. Order
/// and sending again: MQTT 3.1.1 sections 4.4 and 4.6. Lives on one shard.
class Outbox {
 public:
  Outbox(net::Shard& shard, std::size_t messages_max) : shard_{shard}, messages_max_{messages_max} {}

  /// not_connected when it is full.
  Result<std::shared_ptr<Outgoing>> add(std::string topic, Bytes payload);
  /// The next one to go on the wire, which it is from now on; null when there is none, or enough are in
  /// flight.
  const Outgoing* send_next();
  /// A PUBACK. False when no message on the wire has that id.
  bool acknowledge(std::uint16_t packet_id);
  /// Nothing is on the wire any more; what was is sent again, first and in order.
  void connection_lost();
  /// Nobody waits for it any more: forgotten, or if on the wire, as soon as it is off it.
  void abandon(const std::shared_ptr<Outgoing>& message);
  /// Every message's outcome is `error`, and the outbox is empty.
  void fail_all(const Error& error);

  std::size_t size() const noexcept { return messages_.size(); }
  std::size_t on_wire() const noexcept { return on_wire_; }
  bool has_next() const noexcept { return on_wire_ < messages_.size() && on_wire_ < kInflightMax; }

 private:
  std::uint16_t free_packet_id();

  net::Shard& shard_;
  std::size_t messages_max_;
  std::deque<std::shared_ptr<Outgoing>> messages_;
  std::size_t on_wire_ = 0;  ///< The first so many of them.
  std::uint16_t last_packet_id_ = 0;
};

}  // namespace muster::client
