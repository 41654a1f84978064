#pragma once

#include "client/engine.hpp"
#include "protocol/mqtt/packet.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace muster::client {

/// Nothing that a service sends a device is larger: payload, topic, and headers.
inline constexpr std::uint32_t kPacketSizeMax = 512 * 1024;

/// One MQTT connection, client's end. One coroutine may receive while another sends. Lives on one shard.
class Link {
 public:
  Link(net::Shard& shard, std::unique_ptr<net::Stream> stream, std::string host)
      : shard_{shard}, stream_{std::move(stream)}, host_{std::move(host)} {}

  /// Until all of it is written. `cancelled` after close().
  Task<void> send(Bytes packets);
  /// The next packet; it borrows from this link until the next call. connection_lost, malformed_packet;
  /// `cancelled` after close().
  Task<mqtt::Packet> receive();
  /// Ends in order: DISCONNECT, as far as the peer takes it now, and close(). Never waits; without DISCONNECT
  /// when another packet is half sent.
  void leave();
  /// Wakes whoever waits. Idempotent.
  void close() { stream_->close(); }

  const std::string& host() const noexcept { return host_; }

 private:
  /// The packet at the front of the inbox, if it has arrived whole.
  Result<std::optional<mqtt::Packet>> take();

  net::Shard& shard_;
  std::unique_ptr<net::Stream> stream_;
  std::string host_;
  Bytes inbox_;
  bool sending_ = false;
  std::size_t handed_out_ = 0;  ///< Bytes at the front that the last packet borrows.
};

/// A CONNECT to be made.
struct Opening {
  DialRequest dial;
  std::string client_id;
  std::string user_name;
  std::chrono::seconds keep_alive{0};
  bool clean_session = true;
};

/// Dials, sends CONNECT and waits for CONNACK 0, all before `opening.dial.deadline`.
///
/// Errors    hub_refused     CONNACK 1, 2, 4, 5, and codes unknown: final
///           connect_failed  CONNACK 3
///           timed_out       nothing within the deadline
///           service_error   anything but a CONNACK
///           and those of Dialer::dial
Task<std::unique_ptr<Link>> open_link(Engine& engine, Opening opening);

}  // namespace muster::client
