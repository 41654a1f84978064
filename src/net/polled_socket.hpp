#pragma once

#include "base/task.hpp"
#include "net/descriptor.hpp"
#include "net/poller.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/system/error_code.hpp>
#include <sys/types.h>

#include <optional>

namespace muster::net {

/// A connected socket on its shard, with what is known of its readiness: an attempt that would block is not
/// made, and costs no system call. One coroutine may wait for each direction, or one watcher for both. Not
/// thread-safe; the shard must outlive it, and it its waiters.
class PolledSocket final : public Pollable {
 public:
  /// Where the poller has no room for it, it is closed from the start.
  PolledSocket(Shard& shard, Descriptor socket);
  ~PolledSocket() override { close(); }
  PolledSocket(const PolledSocket&) = delete;
  PolledSocket& operator=(const PolledSocket&) = delete;

  int get() const noexcept { return socket_.get(); }
  bool is_open() const noexcept { return static_cast<bool>(socket_); }
  /// The peer has ended its side, or the connection is broken.
  bool hung_up() const noexcept { return hung_up_; }

  /// Something has come, or may have.
  bool may_receive() const noexcept { return read_.ready; }
  /// As recv(2) and send(2): -1 with errno EAGAIN when it would block.
  ssize_t receive(void* into, std::size_t size);
  ssize_t send(const void* from, std::size_t size);

  /// Until receive() or send() may come to something; at once when it may already. `cancelled` after close()
  /// and cancel().
  Task<void> readable() { return wait(read_); }
  Task<void> writable() { return wait(write_); }
  /// Told at each event from now on; null: nobody. A waiting coroutine goes first.
  void watch(StreamWatcher* watcher) noexcept { watcher_ = watcher; }

  /// Wakes who waits, with `cancelled`; they run later.
  void cancel();
  /// Sends FIN; what was received and not read is thrown away, since a reset would overtake what the peer has
  /// yet to read. Wakes who waits. Idempotent.
  void close();
  void end_writing();

 private:
  using Handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
  struct Direction {
    bool ready = false;
    std::optional<Handler> waiter;  ///< Assigning a handler goes wrong in Boost 1.81: it wraps itself.
    std::optional<Handler> take();
  };
  Task<void> wait(Direction& direction);
  void on_events(std::uint32_t events) override;
  /// A session is open when it has a watcher; before, handshakes and look-ups may follow.
  bool takes_long() const noexcept override { return watcher_ == nullptr; }

  Shard& shard_;
  Descriptor socket_;
  Direction read_, write_;
  StreamWatcher* watcher_ = nullptr;
  bool hung_up_ = false;  ///< The peer's end is known: no further event will tell of it.
};

}  // namespace muster::net
