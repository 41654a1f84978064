#pragma once

#include "net/descriptor.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace muster::net {

inline bool no_delay(int descriptor) {
  int set = 0;
  socklen_t size = sizeof set;
  return ::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &set, &size) == 0 && set != 0;
}

inline constexpr WallTime kStart = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};

/// A shard without a thread, on a clock that stands still; coroutines run until a stated thing has happened.
class Loop {
 public:
  using tcp = asio::ip::tcp;

  TestClock clock{kStart};
  Shard shard{clock, 0};

  template <typename T>
  struct Pending {
    std::optional<Result<T>> result;
    bool done() const { return result.has_value(); }
  };

  template <typename T>
  std::shared_ptr<Pending<T>> start(Task<T> task) {
    auto pending = std::make_shared<Pending<T>>();
    asio::co_spawn(shard.io(), store(std::move(task), pending), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    return pending;
  }

  /// Runs handlers until `reached`; gives up (and fails the test) when nothing happens for long.
  template <typename Reached>
  void until(Reached reached) {
    while (!reached()) {
      shard.io().restart();
      if (shard.io().run_one_for(std::chrono::seconds{10}) == 0 && !reached()) {
        ADD_FAILURE() << "nothing happens any more";
        return;
      }
    }
  }

  /// For a peer that is no coroutine: lets the shard and `step` take turns until `step` says that it is done.
  template <typename Step>
  void turns(Step step) {
    constexpr int kTurnsMax = 2'000'000;
    for (int i = 0; i < kTurnsMax; ++i) {
      shard.poll();
      if (step()) return;
    }
    ADD_FAILURE() << "the other end does not get on";
  }

  template <typename T>
  Result<T> run(Task<T> task) {
    const auto pending = start(std::move(task));
    until([&] { return pending->done(); });
    if (!pending->done()) return failure(ErrorCode::timed_out, "the test gave up");
    return std::move(*pending->result);
  }

  template <typename T>
  static asio::awaitable<void> store(Task<T> task, std::shared_ptr<Pending<T>> pending) {
    Result<T> result = co_await std::move(task);
    pending->result.emplace(std::move(result));
  }

  struct SocketPair {
    Descriptor server, client;
  };
  SocketPair connected(int send_buffer = 0) {
    tcp::acceptor acceptor{shard.io(), {asio::ip::address_v4::loopback(), 0}};
    tcp::socket client{shard.io()};
    client.connect(acceptor.local_endpoint());
    tcp::socket server = acceptor.accept();
    if (send_buffer > 0) server.set_option(asio::socket_base::send_buffer_size{send_buffer});
    if (send_buffer > 0) client.set_option(asio::socket_base::receive_buffer_size{send_buffer});
    return {Descriptor{server.release()}, Descriptor{client.release()}};
  }
};

/// Reads until `size` bytes are there, or the end or a failure comes.
inline Task<std::string> read_exactly(Stream& stream, std::size_t size) {
  std::string text;
  std::array<std::byte, 4096> into;
  while (text.size() < size) {
    MUSTER_CO_TRY(const IoResult got,
                  stream.try_read(std::span{into}.first(std::min(into.size(), size - text.size()))));
    if (got.state == IoState::closed) break;
    if (got.state == IoState::done) text.append(as_text(ByteView{into}.first(got.size)));
    if (got.state == IoState::would_block) {
      MUSTER_CO_CHECK(co_await stream.readable());
    }
  }
  co_return text;
}

inline Task<void> write_all(Stream& stream, std::string text) {
  ByteView rest = as_bytes(text);
  while (!rest.empty()) {
    MUSTER_CO_TRY(const IoResult put, stream.try_write(rest));
    if (put.state == IoState::done) rest = rest.subspan(put.size);
    if (put.state == IoState::would_block) {
      MUSTER_CO_CHECK(co_await stream.writable());
    }
  }
  co_return Result<void>{};
}

}  // namespace muster::net
