#pragma once

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "eventlog/event_log.hpp"
#include "gateway/mqtt/limits.hpp"
#include "hub/outbox.hpp"
#include "hub/session_directory.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"
#include "protocol/mqtt/packet.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::mqtt {

struct GatewayServices;
class AckQueue;
class Connection;

/// What an accepted connection is for: DPS or a hub. Runs on the connection's shard, never waits; what has to
/// wait is spawned.
class PacketHandler {
 public:
  enum class Next : std::uint8_t {
    go_on,
    wait_for_room,  ///< The packet was not taken: offer it again once there is room.
    pause,          ///< Likewise, once the time has passed that the handler gave to pause_for().
    disconnect,     ///< DISCONNECT came: end in an orderly way.
  };
  virtual ~PacketHandler() = default;
  /// One packet after CONNECT. A failure closes the connection with it.
  virtual Result<Next> handle(const FixedHeader& header, ByteView body) = 0;
  /// Something waits in the connection's outbox.
  virtual void outbox_ready() {}
  /// The connection is over. `orderly`: by DISCONNECT.
  virtual void closed(bool orderly) = 0;
};

/// The acknowledgements that a connection owes, in the order of its messages. Holds no memory when there are
/// none, nor a block of them for the one that a device usually has under way.
class OwedAcks {
 public:
  struct Ack {
    eventlog::Ticket ticket;
    std::uint16_t packet_id;
  };
  bool empty() const noexcept { return next_ == acks_.size(); }
  std::size_t size() const noexcept { return acks_.size() - next_; }
  const Ack& front() const { return acks_[next_]; }
  void push(Ack ack);
  void pop();
  void clear();
  /// How many it has memory for: of the order of those owed, however many there have been.
  std::size_t capacity() const noexcept { return acks_.capacity(); }

 private:
  std::vector<Ack> acks_;
  std::size_t next_ = 0;  ///< Those before it have been sent.
};

/// One MQTT connection from accept to close: a coroutine for the handshake and CONNECT, then turn() each time
/// that its stream has something. What there is to write is written at once as far as the peer takes it.
/// Lives and dies on one shard; end(), tell() and last_activity() may be called from any thread.
class Connection final : public hub::LiveSession,
                         public net::StreamWatcher,
                         public std::enable_shared_from_this<Connection> {
 public:
  Connection(GatewayServices& services, AckQueue& acks, net::Shard& shard,
             std::unique_ptr<net::Stream> stream);
  ~Connection() override;

  /// Until the connection is open, or refused and over. From then on it keeps itself, until it ends.
  asio::awaitable<void> run();
  void stream_ready() override;

  void end(Error reason) override;
  WallTime last_activity() const override;
  void tell(std::shared_ptr<const hub::DesiredChange> change) override;

  // For handlers, on the shard.
  net::Shard& shard() noexcept { return shard_; }
  const net::PeerInfo& peer() const { return stream_->peer(); }
  const std::string& remote() const noexcept { return remote_; }
  const std::string& tracking_id() const noexcept { return tracking_id_; }
  bool ending() const noexcept { return ending_.has_value(); }
  /// Appends one packet to what will be written when the packets at hand are handled.
  template <typename P>
  void send(const P& packet) {
    encode(packet, outbox_);
  }
  /// Writes what there is, as far as the peer takes it.
  void flush();
  /// Acknowledges `packet_id` once `ticket` is durable; in the order of the calls.
  void acknowledge_when_durable(eventlog::Ticket ticket, std::uint16_t packet_id);
  /// Nothing is read for so long. For a handler that returns Next::pause.
  void pause_for(std::chrono::nanoseconds time);
  std::size_t inflight() const noexcept { return unacknowledged_.size(); }
  /// On the shard, when the log has moved: sends the acknowledgements that are due. True while some are still
  /// waited for.
  bool complete(eventlog::Ticket durable);
  /// There may be room in the log again.
  void room() {
    in_room_queue_ = false;
    turn_soon();
  }
  void fail(Error reason);
  /// What the service has for the device and the handler has not taken yet.
  hub::Outbox& for_device() noexcept { return for_device_; }
  /// CONNECT, whole. protocol_violation as soon as another packet begins: nothing of a stranger's is kept.
  Task<Bytes> read_connect(std::uint32_t size_max);
  /// What the journal says of this connection; set as it becomes known.
  void name(std::string service, std::string subject) {
    service_ = std::move(service);
    subject_ = std::move(subject);
  }
  void at_step(std::string_view step) { step_ = step; }
  void answered(std::string what) { answered_ = std::move(what); }

 private:
  static Error header_error(DecodeError error, std::uint32_t size_max);
  void turn();
  void turn_soon();
  Result<bool> take_turn();
  void finish();
  Result<std::size_t> consume(ByteView bytes);
  Result<bool> read_more();
  void arm(std::chrono::nanoseconds in, Error reason);
  void arm_keep_alive();
  SteadyTime keep_alive_ends() const noexcept;
  /// Nothing is read for want of room in the log, or on the way to the disk.
  bool waits_for_log() const noexcept;
  void journal_connected();
  /// Reads on for a little after a refusal, so that the client gets to see it.
  asio::awaitable<void> let_peer_read_answer();
  void close_with(const std::optional<Error>& reason, bool orderly);
  void journal_end(const std::optional<Error>& reason);
  void close(Error reason);

  GatewayServices& services_;
  AckQueue& acks_;
  net::Shard& shard_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<PacketHandler> handler_;
  Bytes inbox_;   ///< Bytes of a packet that has not arrived whole; empty, and without memory, when idle.
  Bytes outbox_;  ///< What the peer has not taken yet.
  std::size_t outbox_written_ = 0;
  hub::Outbox for_device_;
  OwedAcks unacknowledged_;
  std::optional<Error> ending_;
  std::string remote_, subject_, service_, tracking_id_, answered_;
  std::string_view step_ = "tls";  ///< Of a refusal; always a literal.
  net::Shard::DeadlineId deadline_ = 0;
  std::chrono::nanoseconds keep_alive_{};
  SteadyTime last_heard_{};
  SteadyTime last_packet_{};  ///< When the last byte of a whole packet was heard.
  std::atomic<std::int64_t> last_activity_us_{0};
  std::shared_ptr<Connection> self_;  ///< Itself, between CONNECT and the end.
  bool in_ack_queue_ = false;
  bool in_room_queue_ = false;
  bool turning_ = false;
  bool turn_posted_ = false;
  bool blocked_ = false;                        ///< The peer takes no more just now.
  std::unique_ptr<net::ScopedDeadline> pause_;  ///< Null unless the connection pauses.
  bool starved_ = false;  ///< The handler asked to wait for room, and has not been asked again since.
  bool orderly_ = false;
};

}  // namespace muster::mqtt
