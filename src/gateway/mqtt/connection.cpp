#include "gateway/mqtt/connection.hpp"

#include "gateway/mqtt/error_table.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "gateway/mqtt/opening.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::mqtt {
namespace {

/// Reads of one turn before the shard looks at its other connections.
constexpr int kReadsPerTurn = 4;
/// A buffer that grew for one large packet is given back; a usual one is kept while there is traffic.
constexpr std::size_t kBufferKept = 256;
/// Acknowledgements likewise, 16 bytes each.
constexpr std::size_t kAcksKept = 4;
/// How long, and for how many bytes, a client that was refused may go on before it has read its CONNACK: a
/// close over unread bytes resets the connection, and the CONNACK is lost (as with TLS alerts,
/// protocol/device/10 section 3).
constexpr std::chrono::seconds kReadOnMax{1};
constexpr std::size_t kReadOnSizeMax = 64 * 1024;

void release(Bytes& buffer) {
  buffer.clear();
  if (buffer.capacity() > kBufferKept) Bytes{}.swap(buffer);
}

}  // namespace

Connection::Connection(GatewayServices& services, AckQueue& acks, net::Shard& shard,
                       std::unique_ptr<net::Stream> stream)
    : services_{services},
      acks_{acks},
      shard_{shard},
      stream_{std::move(stream)},
      for_device_{services.limits.desired_waiting_max} {
  remote_ = fmt::format("{}:{}", stream_->peer().remote.address, stream_->peer().remote.port);
  tracking_id_ = services_.journal.new_tracking_id();
}

Connection::~Connection() = default;

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();  // The coroutine keeps the connection, whoever else lets go.
  const MqttLimits& limits = services_.limits;
  const SteadyTime connect_by = services_.clock.steady() + limits.connect_timeout;
  arm(std::min(limits.handshake_timeout, limits.connect_timeout),
      Error{ErrorCode::connect_timeout, "the TLS handshake did not end in time"});
  const Result<void> secured = co_await stream_->handshake();
  if (!secured) {
    close_with(ending_ ? ending_ : std::optional{secured.error()}, false);
    co_return;
  }
  arm(connect_by - services_.clock.steady(), Error{ErrorCode::connect_timeout, "no CONNECT arrived in time"});
  Result<Opened> opened = co_await open(*this, services_);
  if (!opened) {
    shard_.cancel(deadline_);
    const bool answered = !ending_ && !answered_.empty() && !blocked_;
    stream_->forget_session();  // Sessions are for devices: a stranger's would fill the cache.
    journal_end(ending_ ? ending_ : std::optional{opened.error()});
    if (answered) co_await let_peer_read_answer();
    close(opened.error());
    co_return;
  }
  stream_->opened();
  handler_ = std::move(opened->handler);
  keep_alive_ = opened->keep_alive;
  last_heard_ = last_packet_ = services_.clock.steady();
  journal_connected();
  arm_keep_alive();
  handler_->outbox_ready();  // What was told since the session was claimed found no handler.
  flush();
  self_ = self;
  stream_->watch(this);
  stream_ready();  // What became possible before there was a watcher was told to nobody.
}

void Connection::stream_ready() {
  const auto self = shared_from_this();  // turn() may let go of it.
  if (blocked_) {
    blocked_ = false;
    flush();
  }
  turn();
}

void Connection::turn_soon() {
  if (!self_ || std::exchange(turn_posted_, true)) return;
  asio::post(shard_.io(), [self = self_] {
    self->turn_posted_ = false;
    self->turn();
  });
}

/// Reads and handles what there is. Stops, until it is told that it is worth going on, when there is nothing
/// to read, and while the disk or the peer is behind: then nothing is read, and TCP tells the device.
void Connection::turn() {
  if (!self_) return;
  const auto self = self_;
  turning_ = true;
  int reads = 0;
  while (!ending_ && !orderly_) {
    const Result<bool> more = take_turn();
    if (!more) {
      flush();  // What was answered before the packet that was wrong.
      fail(more.error());
    } else if (!*more) {
      break;
    } else if (++reads == kReadsPerTurn) {
      turn_soon();  // The shard's other connections have their turn.
      break;
    }
  }
  turning_ = false;
  if (ending_ || orderly_) finish();
}

/// One read at most. False when there is nothing to do just now.
Result<bool> Connection::take_turn() {
  if (pause_) return false;
  if (!inbox_.empty()) {
    MUSTER_TRY(const std::size_t consumed, consume(inbox_));
    inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(consumed));
    if (inbox_.empty()) release(inbox_);
    flush();
  }
  if (ending_ || orderly_ || blocked_ || waits_for_log()) return false;
  MUSTER_TRY(const bool more, read_more());
  flush();
  return more;
}

void Connection::finish() {
  if (!self_) return;
  const auto self = std::exchange(self_, nullptr);
  flush();  // DISCONNECT may have come in one read with packets that were answered.
  close_with(ending_, orderly_);
}

/// A device with a window is never owed nothing: what was sent makes room before more is taken.
void OwedAcks::push(Ack ack) {
  if (acks_.size() == acks_.capacity() && next_ > acks_.size() / 2) {
    acks_.erase(acks_.begin(), acks_.begin() + static_cast<std::ptrdiff_t>(std::exchange(next_, 0)));
  }
  acks_.push_back(ack);
}

void OwedAcks::pop() {
  if (++next_ == acks_.size()) clear();
}

void OwedAcks::clear() {
  next_ = 0;
  if (acks_.capacity() > kAcksKept) {
    std::vector<Ack>{}.swap(acks_);
  } else {
    acks_.clear();
  }
}

Task<Bytes> Connection::read_connect(std::uint32_t size_max) {
  while (true) {
    const auto header = decode_fixed_header(inbox_, size_max);
    if (header && header->type != PacketType::connect) {
      co_return failure(ErrorCode::protocol_violation,
                        fmt::format("the first packet is {}, not CONNECT", packet_name(header->type)));
    }
    if (header && inbox_.size() >= header->size_header + std::size_t{header->size_remaining}) {
      const auto end =
          inbox_.begin() + static_cast<std::ptrdiff_t>(header->size_header + header->size_remaining);
      Bytes packet{inbox_.begin(), end};
      inbox_.erase(inbox_.begin(), end);
      co_return packet;
    }
    if (!header && header.error() != DecodeError::incomplete)
      co_return failure(header_error(header.error(), size_max));
    const Result<net::IoResult> read = stream_->try_read(shard_.scratch());
    if (!read) co_return failure(read.error());
    if (read->state == net::IoState::closed) {
      co_return failure(ErrorCode::connection_lost, "the peer closed before it had sent CONNECT");
    }
    if (read->state == net::IoState::would_block) {
      const Result<void> ready = co_await stream_->readable();
      if (!ready) co_return failure(ready.error());
      continue;
    }
    const auto arrived = shard_.scratch().first(read->size);
    inbox_.insert(inbox_.end(), arrived.begin(), arrived.end());
  }
}

Error Connection::header_error(DecodeError error, std::uint32_t size_max) {
  if (error == DecodeError::packet_too_large) {
    return {ErrorCode::packet_too_large,
            fmt::format("a packet announces more than the {} bytes allowed", size_max)};
  }
  return {ErrorCode::malformed_packet, "the fixed header is not one of MQTT 3.1.1"};
}

/// Reads once into the shard's buffer and handles what came; keeps the rest. False when there is nothing to
/// read just now.
Result<bool> Connection::read_more() {
  MUSTER_TRY(const net::IoResult read, stream_->try_read(shard_.scratch()));
  if (read.state == net::IoState::would_block) return false;
  if (read.state == net::IoState::closed) {
    return failure(ErrorCode::connection_lost, "the peer closed without DISCONNECT");
  }
  last_heard_ = services_.clock.steady();
  last_activity_us_.store(services_.clock.wall().time_since_epoch().count(), std::memory_order_relaxed);
  const ByteView arrived = shard_.scratch().first(read.size);
  if (!inbox_.empty()) {
    inbox_.insert(inbox_.end(), arrived.begin(), arrived.end());
    return true;
  }
  MUSTER_TRY(const std::size_t consumed, consume(arrived));
  const ByteView rest = arrived.subspan(consumed);
  inbox_.assign(rest.begin(), rest.end());
  return true;
}

/// Hands whole packets to the handler. Returns the bytes that are done with; stops early when the handler has
/// to wait.
Result<std::size_t> Connection::consume(ByteView bytes) {
  std::size_t done = 0;
  // Whoever was starved asks again here: room may have come while the shard had its other turn, when nobody
  // waited for it.
  starved_ = false;
  while (done < bytes.size() && !ending_ && !orderly_ && inflight() < services_.limits.inflight_max) {
    const ByteView unread = bytes.subspan(done);
    const auto header = decode_fixed_header(unread, services_.limits.packet_bytes_max);
    if (!header && header.error() == DecodeError::incomplete) break;
    if (!header) return failure(header_error(header.error(), services_.limits.packet_bytes_max));
    const std::size_t size = header->size_header + std::size_t{header->size_remaining};
    if (unread.size() < size) break;

    const ByteView body = unread.subspan(header->size_header, header->size_remaining);
    MUSTER_TRY(const PacketHandler::Next next, handler_->handle(*header, body));
    if (next == PacketHandler::Next::wait_for_room) {
      starved_ = true;
      if (!std::exchange(in_room_queue_, true)) acks_.wait_for_room(shared_from_this());
      break;
    }
    if (next == PacketHandler::Next::pause) break;
    done += size;
    if (next == PacketHandler::Next::disconnect) orderly_ = true;
  }
  if (done > 0) last_packet_ = last_heard_;
  return done;
}

void Connection::pause_for(std::chrono::nanoseconds time) {
  pause_ = std::make_unique<net::ScopedDeadline>(shard_, services_.clock.steady() + time, [this] {
    // Not reset(): it is the deadline's own action that runs.
    asio::post(shard_.io(), [self = shared_from_this()] {
      self->pause_ = nullptr;
      self->turn();
    });
  });
}

void Connection::flush() {
  while (!blocked_ && outbox_written_ < outbox_.size()) {
    const Result<net::IoResult> wrote = stream_->try_write(ByteView{outbox_}.subspan(outbox_written_));
    if (!wrote) return fail(wrote.error());
    if (wrote->state == net::IoState::closed) {
      return fail(Error{ErrorCode::connection_lost, "the peer closed the connection"});
    }
    if (wrote->state == net::IoState::would_block) {
      blocked_ = true;
      break;
    }
    outbox_written_ += wrote->size;
  }
  if (outbox_written_ == outbox_.size()) {
    release(outbox_);
    outbox_written_ = 0;
  } else if (outbox_.size() - outbox_written_ > services_.limits.outbox_bytes_max) {
    fail(Error{ErrorCode::peer_stalled,
               fmt::format("{} bytes wait for it", outbox_.size() - outbox_written_)});
  }
}

void Connection::acknowledge_when_durable(eventlog::Ticket ticket, std::uint16_t packet_id) {
  unacknowledged_.push({ticket, packet_id});
  if (std::exchange(in_ack_queue_, true)) return;
  acks_.wait_for_acks(shared_from_this());
}

bool Connection::complete(eventlog::Ticket durable) {
  if (ending_) unacknowledged_.clear();
  const bool was_full = inflight() >= services_.limits.inflight_max;
  while (!unacknowledged_.empty() && unacknowledged_.front().ticket <= durable) {
    send(Puback{unacknowledged_.front().packet_id});
    unacknowledged_.pop();
  }
  flush();
  if (was_full) turn_soon();
  in_ack_queue_ = !unacknowledged_.empty();
  return in_ack_queue_;
}

void Connection::fail(Error reason) {
  if (ending_) return;
  ending_ = std::move(reason);
  stream_->close();
  // From wherever this was called: whoever called may still be at work on the connection.
  if (self_ && !turning_) asio::post(shard_.io(), [self = self_] { self->finish(); });
}

void Connection::end(Error reason) {
  asio::post(shard_.io(), [self = shared_from_this(), reason = std::move(reason)] { self->fail(reason); });
}

void Connection::tell(std::shared_ptr<const hub::DesiredChange> change) {
  switch (for_device_.offer(std::move(change))) {
    case hub::Outbox::Offer::taken:
      return;
    case hub::Outbox::Offer::full:
      return end(
          Error{ErrorCode::peer_stalled, fmt::format("{} changes of its desired properties wait for it",
                                                     services_.limits.desired_waiting_max)});
    case hub::Outbox::Offer::first:
      asio::post(shard_.io(), [self = shared_from_this()] {
        if (!self->handler_ || self->ending_) return;
        self->handler_->outbox_ready();
        self->flush();
      });
  }
}

WallTime Connection::last_activity() const {
  return WallTime{std::chrono::microseconds{last_activity_us_.load(std::memory_order_relaxed)}};
}

void Connection::arm(std::chrono::nanoseconds in, Error reason) {
  shard_.cancel(deadline_);
  deadline_ = shard_.at(services_.clock.steady() + in, [weak = weak_from_this(), reason = std::move(reason)] {
    if (const auto self = weak.lock()) self->fail(reason);
  });
}

/// What counts are packets, not bytes [MQTT-3.1.2-24]: who drips one is no longer there. A large one over a
/// slow line may take as long again.
SteadyTime Connection::keep_alive_ends() const noexcept {
  const std::chrono::nanoseconds silence_max = keep_alive_ * 3 / 2;
  return std::min(last_heard_ + silence_max, last_packet_ + 2 * silence_max);
}

/// One deadline a connection, moved only when it fires: a message costs a stored time, not a timer.
void Connection::arm_keep_alive() {
  shard_.cancel(deadline_);
  deadline_ = shard_.at(keep_alive_ends(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->ending_) return;
    const SteadyTime now = self->services_.clock.steady();
    // A silence that is ours: what the device sends stays unread while the log has no room.
    if (self->waits_for_log()) self->last_heard_ = self->last_packet_ = now;
    if (now < self->keep_alive_ends()) return self->arm_keep_alive();
    self->fail(Error{
        ErrorCode::keep_alive_timeout,
        fmt::format("no packet for {} s",
                    std::chrono::duration_cast<std::chrono::seconds>(now - self->last_packet_).count())});
  });
}

bool Connection::waits_for_log() const noexcept {
  return starved_ || pause_ || inflight() >= services_.limits.inflight_max;
}

void Connection::journal_connected() {
  if (ending_) return;
  journal::Entry entry;
  entry.kind = journal::EntryKind::connected;
  entry.tracking_id = tracking_id_;
  entry.service = service_;
  entry.subject = subject_;
  entry.remote = remote_;
  entry.step = "connect";
  entry.answered = "CONNACK 0";
  services_.journal.write(std::move(entry));
}

void Connection::close_with(const std::optional<Error>& reason, bool orderly) {
  shard_.cancel(deadline_);
  if (handler_) handler_->closed(orderly);
  journal_end(reason);
  close(reason ? *reason : Error{ErrorCode::connection_lost, "closed"});
}

asio::awaitable<void> Connection::let_peer_read_answer() {
  stream_->end_writing();
  arm(kReadOnMax, Error{ErrorCode::connection_lost, "the client did not close after it was refused"});
  std::size_t left = kReadOnSizeMax;
  while (!ending_ && left > 0) {
    const auto into = shard_.scratch();
    const Result<net::IoResult> read = stream_->try_read(into.first(std::min(left, into.size())));
    if (!read || read->state == net::IoState::closed) break;
    left -= read->state == net::IoState::done ? read->size : 0;
    if (read->state == net::IoState::done) continue;
    const Result<void> ready = co_await stream_->readable();
    if (!ready) break;
  }
  shard_.cancel(deadline_);
}

void Connection::journal_end(const std::optional<Error>& reason) {
  journal::Entry entry;
  entry.kind = handler_ ? journal::EntryKind::closed : journal::EntryKind::refused;
  entry.tracking_id = tracking_id_;
  entry.service = service_;
  entry.subject = subject_;
  entry.remote = remote_;
  entry.step = handler_ ? "session" : step_;
  entry.answered = answered_.empty() ? "closed" : answered_;
  if (reason) {
    entry.code = reason->code();
    entry.reason = reason->reason();
    entry.remedy = reason->remedy();
  } else {
    entry.reason = "DISCONNECT";
  }
  services_.journal.write(std::move(entry));
}

void Connection::close(Error reason) {
  if (!ending_) ending_ = std::move(reason);
  handler_.reset();
  pause_ = nullptr;  // A deadline is the shard's: whoever lets go of the connection last may be another one.
  stream_->close();
}

}  // namespace muster::mqtt
