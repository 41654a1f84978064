#pragma once

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "pki/presented_chain.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace muster::net {

/// An address and port as text and as bytes; compares by value.
struct Endpoint {
  std::string address;  ///< "127.0.0.1", "::1".
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// What is known of the peer once the handshake is done. Does not change afterwards.
struct PeerInfo {
  Endpoint remote, local;
  std::string server_name;  ///< SNI, lower case; empty when none was sent or it was an address.
  std::shared_ptr<const pki::PresentedChain> chain;  ///< What the peer presented, now or when the session
                                                     ///< that it resumes began; null when nothing.
  std::string tls_version;                           ///< "TLSv1.3"; empty on a plain stream.
  bool resumed = false;
};

/// What one non-blocking attempt to read or write came to.
enum class IoState : std::uint8_t { done, would_block, closed };
struct IoResult {
  IoState state = IoState::done;
  std::size_t size = 0;  ///< Bytes moved when `done` (at least 1).
};

/// Who is told, on the shard, that try_read or try_write may come to something again.
class StreamWatcher {
 public:
  virtual ~StreamWatcher() = default;
  /// May destroy the stream.
  virtual void stream_ready() = 0;
};

/// A session's only view of its connection: TLS, WebSocket or scripted. Lives on one shard; not thread-safe.
/// Waiting is apart from moving bytes, so that an idle session holds no buffer: wait, then read into a buffer
/// of the shard's.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Completes when the handshake is done and peer() is known; tls_failure with the alert's name otherwise
  /// (after a fatal alert of ours the stream half-closes and reads on for up to a second, so that the peer
  /// gets to see it).
  virtual Task<void> handshake() = 0;
  virtual const PeerInfo& peer() const = 0;

  /// Reads what is there. `closed` after close_notify (TLS) or FIN (plain); a TLS connection that ends
  /// without close_notify is connection_lost; else tls_failure. `cancelled` after close(). Never waits.
  virtual Result<IoResult> try_read(std::span<std::byte> into) = 0;
  /// Writes what fits. After would_block the same bytes must be offered again. Never waits.
  virtual Result<IoResult> try_write(ByteView bytes) = 0;
  /// Until try_read may make progress. cancelled after close(). One coroutine at a time; likewise writable().
  virtual Task<void> readable() = 0;
  virtual Task<void> writable() = 0;
  /// In place of the two above, for a session that is to have no coroutine: after `would_block`, `watcher` is
  /// told when it is worth another try, and now and then when it is not. Null: nobody any more, as after
  /// close(). Attempts made before this call may have missed what has come since: try once after it.
  virtual void watch(StreamWatcher* watcher) = 0;
  /// The peer is to be judged anew, from its certificate, before it may resume this TLS session: what it was
  /// told is "no".
  virtual void forget_session() {}

  /// The session has let the peer in: from here on it takes no place among those that are being opened
  /// (OpeningGate).
  virtual void opened() {}

  /// Sends close_notify and FIN, best effort, and goes on reading: a connection that is closed with bytes
  /// unread is reset, and the peer then loses what was written last. Idempotent, never waits.
  virtual void end_writing() = 0;
  /// Sends close_notify and FIN, best effort; wakes whoever waits, with `cancelled`. Idempotent, never waits.
  virtual void close() = 0;
};

}  // namespace muster::net
