#include "net/plain_stream.hpp"

#include "base/assert.hpp"
#include "net/address.hpp"

#include <sys/socket.h>
#include <system_error>

#include <cerrno>

namespace muster::net {
namespace {

tl::unexpected<Error> closed_here() {
  return failure(ErrorCode::cancelled, "the connection was closed here");
}

}  // namespace

std::optional<PeerCredentials> peer_credentials(int descriptor) {
  ucred found{};
  socklen_t size = sizeof found;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) return std::nullopt;
  if (found.pid == 0) return std::nullopt;  // What TCP answers.
  return PeerCredentials{found.pid, found.uid, found.gid};
}

PlainStream::PlainStream(Shard& shard, Descriptor socket, ConnectionSlot slot)
    : socket_{shard, std::move(socket)}, slot_{std::move(slot)} {
  if (!socket_.is_open()) return;
  peer_.remote = remote_of(socket_.get());
  peer_.local = local_of(socket_.get());
  credentials_ = peer_credentials(socket_.get());
}

PlainStream::~PlainStream() { close(); }

Task<void> PlainStream::handshake() { co_return Result<void>{}; }

Result<IoResult> PlainStream::outcome_of(ssize_t size) {
  const int system_error = errno;
  if (size >= 0) return IoResult{IoState::done, static_cast<std::size_t>(size)};
  if (system_error == EAGAIN || system_error == EINTR) return IoResult{IoState::would_block};
  return failure(ErrorCode::connection_lost, std::generic_category().message(system_error));
}

Result<IoResult> PlainStream::try_read(std::span<std::byte> into) {
  MUSTER_ASSERT(!into.empty(), "reading needs room");
  if (!socket_.is_open()) return closed_here();
  const ssize_t size = socket_.receive(into.data(), into.size());
  if (size == 0) return IoResult{IoState::closed};
  return outcome_of(size);
}

Result<IoResult> PlainStream::try_write(ByteView bytes) {
  MUSTER_ASSERT(!bytes.empty(), "writing needs bytes");
  if (!socket_.is_open()) return closed_here();
  return outcome_of(socket_.send(bytes.data(), bytes.size()));
}

void PlainStream::close() {
  socket_.close();
  slot_.release();
}

}  // namespace muster::net
