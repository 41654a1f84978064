#include "net/plain_stream.hpp"

#include "base/assert.hpp"
#include "net/address.hpp"
#include "net/socket.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <sys/socket.h>
#include <system_error>

#include <cerrno>
#include <cstring>

namespace muster::net {
namespace {

using boost::asio::ip::tcp;
using Generic = boost::asio::generic::stream_protocol::endpoint;

tl::unexpected<Error> closed_here() {
  return failure(ErrorCode::cancelled, "the connection was closed here");
}

Endpoint endpoint_of(const Generic& generic) {
  const int family = generic.protocol().family();
  if (family != AF_INET && family != AF_INET6) return {};
  tcp::endpoint endpoint;
  endpoint.resize(generic.size());
  std::memcpy(endpoint.data(), generic.data(), generic.size());
  return from_asio(endpoint);
}

}  // namespace

std::optional<PeerCredentials> peer_credentials(int descriptor) {
  ucred found{};
  socklen_t size = sizeof found;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &found, &size) != 0) return std::nullopt;
  if (found.pid == 0) return std::nullopt;  // What TCP answers.
  return PeerCredentials{found.pid, found.uid, found.gid};
}

PlainStream::PlainStream(Socket socket, ConnectionSlot slot)
    : socket_{std::move(socket)}, slot_{std::move(slot)} {
  boost::system::error_code ec;
  socket_.non_blocking(true, ec);
  if (const auto remote = socket_.remote_endpoint(ec); !ec) peer_.remote = endpoint_of(remote);
  if (const auto local = socket_.local_endpoint(ec); !ec) peer_.local = endpoint_of(local);
  credentials_ = peer_credentials(socket_.native_handle());
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
  const ssize_t size = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  if (size == 0) return IoResult{IoState::closed};
  return outcome_of(size);
}

Result<IoResult> PlainStream::try_write(ByteView bytes) {
  MUSTER_ASSERT(!bytes.empty(), "writing needs bytes");
  if (!socket_.is_open()) return closed_here();
  return outcome_of(::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

Task<void> PlainStream::readable() { return wait_until(socket_, Socket::wait_read); }
Task<void> PlainStream::writable() { return wait_until(socket_, Socket::wait_write); }

void PlainStream::end_writing() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void PlainStream::close() {
  close_socket(socket_);
  slot_.release();
}

}  // namespace muster::net
