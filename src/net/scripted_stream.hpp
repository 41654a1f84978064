#pragma once

#include "net/shard.hpp"
#include "net/signal.hpp"
#include "net/stream.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace muster::net {

class ScriptedStream;

/// The test's end of a ScriptedStream: what the peer does. Use it on the stream's shard, or from the thread
/// that poll()s it.
class ScriptedPeer : public std::enable_shared_from_this<ScriptedPeer> {
 public:
  explicit ScriptedPeer(Shard& shard) : shard_{shard}, changed_{shard} {}

  void set_info(PeerInfo info) { info_ = std::move(info); }
  /// The handshake waits from now on until finish_handshake(); without this it is done at once.
  void hold_handshake() { handshake_held_ = true; }
  void finish_handshake(Result<void> outcome = {});

  /// Bytes to be read, as one piece: a try_read never crosses the border of two pushes, as with records or
  /// segments.
  void push(ByteView bytes);
  void push(std::string_view text) { push(as_bytes(text)); }
  /// After what was pushed: the peer's close, or the connection's failure.
  void push_end();
  void push_failure(Error error);

  /// How many more bytes writes accept before they would block; without limit until the first call.
  void accept_writes(std::size_t size);
  void accept_all_writes();
  /// Writes fail from now on.
  void fail_writes(Error error);

  const Bytes& written() const noexcept { return written_; }
  std::string_view written_text() const noexcept { return as_text(written_); }
  /// What was written since the last take.
  Bytes take_written();
  /// The session closed its end, for reading and writing or for writing alone: what the peer takes for a
  /// close.
  bool closed() const noexcept { return closed_ || ended_writing_; }
  /// The session lets go of the connection: what the peer sends now would meet a reset.
  bool gone() const noexcept { return closed_; }
  /// Everything pushed has been read.
  bool drained() const noexcept { return pieces_.empty(); }

 private:
  friend class ScriptedStream;
  void changed();

  Shard& shard_;
  Signal changed_;
  StreamWatcher* watcher_ = nullptr;
  bool watcher_called_ = false;  ///< And has not run yet.
  PeerInfo info_;
  bool handshake_held_ = false;
  Result<void> handshake_outcome_;
  std::deque<Bytes> pieces_;
  bool ended_ = false;
  std::optional<Error> read_failure_;
  std::optional<Error> write_failure_;
  std::optional<std::size_t> room_;  ///< nullopt: without limit.
  Bytes written_;
  bool ended_writing_ = false;
  bool closed_ = false;
};

/// A Stream in memory whose peer is a script: for sessions' tests and the simulator. Waits run on the shard's
/// io_context.
class ScriptedStream final : public Stream {
 public:
  struct Pair {
    std::unique_ptr<Stream> stream;
    std::shared_ptr<ScriptedPeer> peer;
  };
  static Pair make(Shard& shard);

  explicit ScriptedStream(std::shared_ptr<ScriptedPeer> peer) : peer_{std::move(peer)} {}
  ~ScriptedStream() override { close(); }

  Task<void> handshake() override;
  const PeerInfo& peer() const override { return peer_->info_; }
  Result<IoResult> try_read(std::span<std::byte> into) override;
  Result<IoResult> try_write(ByteView bytes) override;
  Task<void> readable() override;
  Task<void> writable() override;
  void watch(StreamWatcher* watcher) override { peer_->watcher_ = watcher; }
  void end_writing() override { peer_->ended_writing_ = true; }
  void close() override;

 private:
  std::shared_ptr<ScriptedPeer> peer_;
};

}  // namespace muster::net
