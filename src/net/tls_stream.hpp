#pragma once

#include "net/connection_limits.hpp"
#include "net/polled_socket.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"
#include "net/tls_context.hpp"

#include <memory>
#include <string>

using SSL = struct ssl_st;
using X509_STORE_CTX = struct x509_store_ctx_st;

namespace muster::net {

/// A TCP connection as a listener hands it over.
struct Accepted {
  Descriptor socket;
  ConnectionSlot slot;                     ///< Kept as long as the connection is open.
  std::unique_ptr<OpeningPass> pass = {};  ///< Kept until the peer was let in; null: there is no gate.
};

/// TLS with OpenSSL on the descriptor itself: no copy between, and Asio only waits for readiness. As Stream,
/// and: try_read's `closed` means close_notify; a TCP end without it is connection_lost, since anybody on the
/// path can make one. Contexts must outlive the handshake; the shard must outlive the stream, and the stream
/// whoever waits for it.
class TlsStream final : public Stream {
 public:
  /// The server's end. The SSL object, most of what a connection costs, is made when the first byte is there.
  TlsStream(Shard& shard, Accepted accepted, const TlsServerContext& context);
  /// The client's end. `server_name` is the host name or address that the certificate must bear.
  TlsStream(Shard& shard, Descriptor socket, const TlsClientContext& context, std::string server_name);
  ~TlsStream() override;

  /// Errors    server_untrusted  the client's end: the certificate was refused, with OpenSSL's reason and the
  /// name
  ///           tls_failure       "peer alert unknown_ca (48)", or what we found wrong; the peer was given a
  ///           second to read it connection_lost   the peer went away cancelled         close() was called;
  ///           there is no time limit but that
  Task<void> handshake() override;
  const PeerInfo& peer() const override { return peer_; }
  Result<IoResult> try_read(std::span<std::byte> into) override;
  Result<IoResult> try_write(ByteView bytes) override;
  Task<void> readable() override;
  Task<void> writable() override;
  void opened() override { pass_.reset(); }
  void watch(StreamWatcher* watcher) override { socket_.watch(watcher); }
  void forget_session() override;
  void end_writing() override;
  void close() override;

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const noexcept;
  };
  /// What OpenSSL needs before a call that would have blocked can go on; a read may need to write and the
  /// reverse.
  enum class Want : std::uint8_t { nothing, read, write };

  void learn_addresses();
  Task<void> first_bytes();
  void leave_gate();
  Result<void> make_ssl();
  Task<void> settle(int ssl_error, int system_error);
  Task<void> give_up(int ssl_error, int system_error);
  Task<void> let_peer_read_alert();
  void learn_peer();
  Result<IoResult> outcome_of(int outcome, int system_error, std::size_t size, Want& want);
  Task<void> wait(Want want);
  void say_closed();
  void end_session();
  static int on_verify(int good, X509_STORE_CTX* store);

  Shard& shard_;
  PolledSocket socket_;
  ConnectionSlot slot_;
  std::unique_ptr<OpeningPass> pass_;
  const TlsServerContext* server_context_ = nullptr;  ///< Null: the client's end.
  std::shared_ptr<SSL_CTX> client_context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string server_name_;  ///< The client's end.
  std::string untrusted_;    ///< Why the server was refused; empty unless it was.
  PeerInfo peer_;
  Want read_wants_ = Want::nothing;
  Want write_wants_ = Want::nothing;
  bool ended_writing_ = false;
  bool lost_ = false;    ///< Failed because the connection went away.
  bool failed_ = false;  ///< After a fatal error OpenSSL wants no further call, SSL_shutdown included.
};

}  // namespace muster::net
