#pragma once

#include "net/connection_limits.hpp"
#include "net/polled_socket.hpp"

#include <sys/types.h>

#include <optional>

namespace muster::net {

/// Who is at the other end of a Unix-domain socket, as the kernel saw it connect.
struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// The same as TlsStream without TLS: the admin port (TCP) and the control socket (Unix domain). handshake()
/// is done at once. try_read's `closed` is FIN.
class PlainStream final : public Stream {
 public:
  /// The shard must outlive it.
  explicit PlainStream(Shard& shard, Descriptor socket, ConnectionSlot slot = {});
  ~PlainStream() override;

  Task<void> handshake() override;
  const PeerInfo& peer() const override { return peer_; }
  Result<IoResult> try_read(std::span<std::byte> into) override;
  Result<IoResult> try_write(ByteView bytes) override;
  Task<void> readable() override { return socket_.readable(); }
  Task<void> writable() override { return socket_.writable(); }
  void watch(StreamWatcher* watcher) override { socket_.watch(watcher); }
  void end_writing() override { socket_.end_writing(); }
  void close() override;

  /// nullopt on TCP.
  const std::optional<PeerCredentials>& credentials() const noexcept { return credentials_; }

 private:
  Result<IoResult> outcome_of(ssize_t size);

  PolledSocket socket_;
  ConnectionSlot slot_;
  PeerInfo peer_;
  std::optional<PeerCredentials> credentials_;
};

/// SO_PEERCRED of a Unix-domain socket; nullopt for others.
std::optional<PeerCredentials> peer_credentials(int descriptor);

}  // namespace muster::net
