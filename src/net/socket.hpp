#pragma once

#include "base/task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::net {

/// Until the descriptor is ready. `cancelled` when the socket was closed or cancelled here, connection_lost
/// otherwise. The socket must stay where it is until then.
template <typename Socket>
Task<void> wait_until(Socket& socket, asio::socket_base::wait_type ready) {
  if (!socket.is_open()) co_return failure(ErrorCode::cancelled, "the connection was closed here");
  const auto [ec] = co_await socket.async_wait(ready, asio::as_tuple(asio::use_awaitable));
  if (ec == asio::error::operation_aborted || !socket.is_open()) {
    co_return failure(ErrorCode::cancelled, "the connection was closed here");
  }
  if (ec) co_return failure(ErrorCode::connection_lost, ec.message());
  co_return Result<void>{};
}

/// Sends FIN and closes without waiting. Closing over unread bytes would send a reset, and that can overtake
/// the last words that the peer has yet to read: what has arrived is thrown away first, up to 64 KiB.
void close_gently(int descriptor);
template <typename Socket>
void close_socket(Socket& socket) {
  if (!socket.is_open()) return;
  close_gently(socket.native_handle());
  boost::system::error_code ignored;
  socket.close(ignored);
}

}  // namespace muster::net
