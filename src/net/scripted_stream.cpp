#include "net/scripted_stream.hpp"

#include "base/assert.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace muster::net {
namespace {

tl::unexpected<Error> closed_here() {
  return failure(ErrorCode::cancelled, "the connection was closed here");
}

}  // namespace

void ScriptedPeer::changed() {
  changed_.notify();
  if (watcher_ == nullptr || std::exchange(watcher_called_, true)) return;
  asio::post(shard_.io(), [self = shared_from_this()] {
    self->watcher_called_ = false;
    if (self->watcher_ != nullptr) self->watcher_->stream_ready();
  });
}

void ScriptedPeer::finish_handshake(Result<void> outcome) {
  handshake_held_ = false;
  handshake_outcome_ = std::move(outcome);
  changed();
}

void ScriptedPeer::push(ByteView bytes) {
  MUSTER_ASSERT(!ended_ && !read_failure_, "nothing comes after the end");
  if (bytes.empty()) return;
  pieces_.emplace_back(bytes.begin(), bytes.end());
  changed();
}

void ScriptedPeer::push_end() {
  ended_ = true;
  changed();
}

void ScriptedPeer::push_failure(Error error) {
  read_failure_ = std::move(error);
  changed();
}

void ScriptedPeer::accept_writes(std::size_t size) {
  room_ = size;
  changed();
}

void ScriptedPeer::accept_all_writes() {
  room_.reset();
  changed();
}

void ScriptedPeer::fail_writes(Error error) {
  write_failure_ = std::move(error);
  changed();
}

Bytes ScriptedPeer::take_written() { return std::exchange(written_, {}); }

ScriptedStream::Pair ScriptedStream::make(Shard& shard) {
  auto peer = std::make_shared<ScriptedPeer>(shard);
  return Pair{std::make_unique<ScriptedStream>(peer), peer};
}

Task<void> ScriptedStream::handshake() {
  const std::shared_ptr<ScriptedPeer> peer = peer_;
  while (peer->handshake_held_ && !peer->closed_) {
    MUSTER_CO_CHECK(co_await peer->changed_.wait());
  }
  if (peer->closed_) co_return closed_here();
  co_return peer->handshake_outcome_;
}

Result<IoResult> ScriptedStream::try_read(std::span<std::byte> into) {
  MUSTER_ASSERT(!into.empty(), "reading needs room");
  if (peer_->closed_) return closed_here();
  if (!peer_->pieces_.empty()) {
    Bytes& piece = peer_->pieces_.front();
    const std::size_t size = std::min(piece.size(), into.size());
    std::copy_n(piece.begin(), size, into.begin());
    piece.erase(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(size));
    if (piece.empty()) peer_->pieces_.pop_front();
    return IoResult{IoState::done, size};
  }
  if (peer_->read_failure_) return failure(*peer_->read_failure_);
  return IoResult{peer_->ended_ ? IoState::closed : IoState::would_block};
}

Result<IoResult> ScriptedStream::try_write(ByteView bytes) {
  MUSTER_ASSERT(!bytes.empty(), "writing needs bytes");
  if (peer_->closed()) return closed_here();
  if (peer_->write_failure_) return failure(*peer_->write_failure_);
  const std::size_t size = std::min(bytes.size(), peer_->room_.value_or(bytes.size()));
  if (size == 0) return IoResult{IoState::would_block};
  if (peer_->room_) *peer_->room_ -= size;
  peer_->written_.insert(peer_->written_.end(), bytes.begin(),
                         bytes.begin() + static_cast<std::ptrdiff_t>(size));
  return IoResult{IoState::done, size};
}

Task<void> ScriptedStream::readable() {
  const std::shared_ptr<ScriptedPeer> peer = peer_;
  while (!peer->closed_ && peer->pieces_.empty() && !peer->ended_ && !peer->read_failure_) {
    MUSTER_CO_CHECK(co_await peer->changed_.wait());
  }
  if (peer->closed_) co_return closed_here();
  co_return Result<void>{};
}

Task<void> ScriptedStream::writable() {
  const std::shared_ptr<ScriptedPeer> peer = peer_;
  while (!peer->closed_ && peer->room_ == std::size_t{0} && !peer->write_failure_) {
    MUSTER_CO_CHECK(co_await peer->changed_.wait());
  }
  if (peer->closed_) co_return closed_here();
  co_return Result<void>{};
}

void ScriptedStream::close() {
  peer_->watcher_ = nullptr;
  peer_->closed_ = true;
  peer_->changed_.close();
}

}  // namespace muster::net
