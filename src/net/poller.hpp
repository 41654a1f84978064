#pragma once

#include "net/descriptor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

namespace muster::net {

/// Who is told about its descriptor. On the shard, from the poller's turn.
class Pollable {
 public:
  virtual ~Pollable() = default;
  /// `events` as epoll's: what has become possible since the last call. May forget() and destroy itself.
  virtual void on_events(std::uint32_t events) = 0;
  /// What it does on_events() may take long, as a step of a handshake does: others go first.
  virtual bool takes_long() const noexcept { return false; }

 private:
  friend class Poller;
  std::uint32_t deferred_ = 0;  ///< Events that it is to be told of later; 0: none, and it is in no queue.
};

/// The readiness of a shard's connections, edge by edge: a descriptor is registered once in its life, and
/// waiting for it costs no system call, where Asio makes one for each wait (docs/adr/0016). Its own epoll
/// descriptor is what Asio waits for. When a fleet comes back, those that are connected already do not wait
/// for all its handshakes: a turn has kLongMax of them. Not thread-safe: on the shard.
class Poller {
 public:
  explicit Poller(boost::asio::io_context& io);
  /// Nobody is told anything from here on: before the io_context goes, whose last handlers may still
  /// forget().
  void stop();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// False when the kernel has no room for it.
  bool add(int descriptor, Pollable& pollable);
  /// Before its descriptor is closed, which takes it out of the kernel's set. After it returns `pollable`
  /// hears nothing more.
  void forget(const Pollable& pollable);

 private:
  void wait();
  void turn();

  void take_ready();
  void take_deferred();

  static constexpr std::size_t kEventsMax = 256;  ///< Of a turn, before other work of the shard has its own.
  static constexpr std::size_t kLongMax =
      8;  ///< Of a turn; half a millisecond each, where it is a handshake.

  Descriptor epoll_;
  std::optional<boost::asio::posix::stream_descriptor> ready_;  ///< `epoll_` as Asio waits for it.
  std::array<epoll_event, kEventsMax> events_{};
  std::size_t next_ = 0;  ///< Of `events_`, during a turn.
  std::size_t count_ = 0;
  std::deque<Pollable*> deferred_;  ///< Null where it was forgotten.
  std::size_t watched_ = 0;
  bool waiting_ = false;
};

}  // namespace muster::net
