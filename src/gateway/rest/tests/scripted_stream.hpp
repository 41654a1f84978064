#pragma once

#include "net/signal.hpp"
#include "net/stream.hpp"

#include <algorithm>
#include <cstring>
#include <string>

namespace muster::rest {

/// The other end of a connection as a script: what the peer sends, and what it was sent.
class ScriptedStream final : public net::Stream {
 public:
  explicit ScriptedStream(net::Shard& shard) : arrived_{shard}, room_made_{shard} {
    peer_.remote = {"127.0.0.1", 40'000};
  }

  void peer_sends(std::string_view text) {
    inbox_ += text;
    arrived_.notify();
  }
  void peer_closes() {
    peer_closed_ = true;
    arrived_.notify();
  }
  /// How many more bytes the peer takes.
  void peer_takes(std::size_t size) {
    room_ = size;
    room_made_.notify();
  }

  std::string sent;
  bool closed = false;

  Task<void> handshake() override { co_return Result<void>{}; }
  const net::PeerInfo& peer() const override { return peer_; }
  Result<net::IoResult> try_read(std::span<std::byte> into) override {
    if (closed) return failure(ErrorCode::cancelled, "closed here");
    if (inbox_.empty())
      return net::IoResult{peer_closed_ ? net::IoState::closed : net::IoState::would_block, 0};
    const std::size_t size = std::min(into.size(), inbox_.size());
    std::memcpy(into.data(), inbox_.data(), size);
    inbox_.erase(0, size);
    return net::IoResult{net::IoState::done, size};
  }
  Result<net::IoResult> try_write(ByteView bytes) override {
    if (closed) return failure(ErrorCode::cancelled, "closed here");
    const std::size_t size = std::min(bytes.size(), room_);
    if (size == 0) return net::IoResult{net::IoState::would_block, 0};
    room_ -= size;
    sent += as_text(bytes.first(size));
    return net::IoResult{net::IoState::done, size};
  }
  Task<void> readable() override {
    if (!inbox_.empty() || peer_closed_) co_return Result<void>{};
    co_return co_await arrived_.wait();
  }
  void watch(net::StreamWatcher*) override {}  ///< HTTP waits in coroutines.
  Task<void> writable() override {
    if (room_ > 0) co_return Result<void>{};
    co_return co_await room_made_.wait();
  }
  void end_writing() override {}  // HTTP says where an answer ends.
  void close() override {
    closed = true;
    arrived_.close();
    room_made_.close();
  }

 private:
  net::PeerInfo peer_;
  net::Signal arrived_, room_made_;
  std::string inbox_;
  std::size_t room_ = SIZE_MAX;
  bool peer_closed_ = false;
};

}  // namespace muster::rest
