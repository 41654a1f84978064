#pragma once

#include "base/random.hpp"
#include "net/scripted_stream.hpp"
#include "protocol/mqtt/packet.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace muster::simulation {

/// Puts packets together from bytes that come in pieces.
class PacketReader {
 public:
  /// Gives each whole packet to `visit`. False when the bytes are not MQTT.
  bool take(ByteView bytes, const std::function<void(const mqtt::Packet&)>& visit);

 private:
  Bytes unread_;
};

/// One connection: bytes on their way in both directions, which arrive when the run says so. It is the
/// network's: it holds them back, cuts them into pieces, and loses the connection.
class Wire {
 public:
  Wire(std::shared_ptr<net::ScriptedPeer> peer, Random& random, bool narrow);

  // The device's end.
  void send(ByteView bytes);
  /// FIN behind what was sent.
  void hang_up();
  /// What has arrived at the device since the last call.
  Bytes arrived();
  /// The service closed, or the connection broke, and everything before that has arrived.
  bool ended() const noexcept { return (closed_by_service_ && to_device_.empty()) || broken_; }

  // The network's doings.
  /// Takes up what the service wrote since; it is on its way now. Returns it.
  Bytes collect();
  void deliver_to_service();
  void deliver_to_device();
  /// Both ends lose each other. The service notices now, or only by keep-alive.
  void cut(bool service_notices);
  /// The service's process ended: what it had written may still arrive.
  void service_died(bool lose_written);

  bool closed_by_service() const noexcept { return !peer_ || peer_->closed(); }
  bool idle() const noexcept { return to_service_.empty() && to_device_.empty(); }

  // What the run notes about it.
  std::size_t device = 0;
  std::optional<std::size_t> hub;                                  ///< None: DPS.
  std::map<std::uint16_t, std::optional<std::uint64_t>> awaiting;  ///< PUBACKs: message number, if telemetry.
  bool accepted = false;                                           ///< The service has written CONNACK 0.
  PacketReader tap;

 private:
  static constexpr std::size_t kNarrowBytes = 150;

  std::shared_ptr<net::ScriptedPeer> peer_;
  Random& random_;
  bool narrow_;
  std::deque<Bytes> to_service_;
  std::deque<Bytes> to_device_;
  Bytes arrived_;
  bool hung_up_ = false;
  bool end_told_ = false;
  bool closed_by_service_ = false;
  bool broken_ = false;
};

}  // namespace muster::simulation
