#pragma once

#include "net/descriptor.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <optional>

namespace muster::net {

/// Who is told about its descriptor. On the shard, from the poller's turn.
class Pollable {
 public:
  virtual ~Pollable() = default;
  /// `events` as epoll's: what has become possible since the last call. May remove and destroy itself.
  virtual void on_events(std::uint32_t events) = 0;
};

/// The readiness of a shard's connections, edge by edge: a descriptor is registered once in its life, and
/// waiting for it costs no system call, where Asio makes one for each wait (docs/adr/0016). Its own epoll
/// descriptor is what Asio waits for. Not thread-safe: on the shard.
class Poller {
 public:
  explicit Poller(boost::asio::io_context& io);
  /// Nobody is told anything from here on: before the io_context goes, whose last handlers may still
  /// remove().
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

  static constexpr std::size_t kEventsMax = 256;  ///< Of a turn, before other work of the shard has its own.

  Descriptor epoll_;
  std::optional<boost::asio::posix::stream_descriptor> ready_;  ///< `epoll_` as Asio waits for it.
  std::array<epoll_event, kEventsMax> events_{};
  std::size_t next_ = 0;  ///< Of `events_`, during a turn.
  std::size_t count_ = 0;
  std::size_t watched_ = 0;
  bool waiting_ = false;
};

}  // namespace muster::net
