#include "net/polled_socket.hpp"

#include "base/assert.hpp"
#include "net/socket.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace muster::net {

class PolledSocket::Waiters final : public asio::execution_context::service {
 public:
  inline static asio::execution_context::id id;
  explicit Waiters(asio::execution_context& context) : service{context} {}

  std::list<Waiter> all;

 private:
  void shutdown() override {
    while (!all.empty()) {
      // Its coroutine's end may close the socket, which is not to find it here.
      all.front().direction->waiter.reset();
      std::list<Waiter> one;
      one.splice(one.begin(), all, all.begin());
    }
  }
};

PolledSocket::PolledSocket(Shard& shard, Descriptor socket)
    : shard_{shard}, waiters_{asio::use_service<Waiters>(shard.io())}, socket_{std::move(socket)} {
  if (!shard_.poller().add(socket_.get(), *this)) socket_ = Descriptor{};
}

std::optional<PolledSocket::Handler> PolledSocket::take(Direction& direction) {
  std::optional<Handler> taken;
  if (!direction.waiter) return taken;
  const auto waiter = *std::exchange(direction.waiter, std::nullopt);
  taken.emplace(std::move(waiter->handler));
  waiters_.all.erase(waiter);
  return taken;
}

ssize_t PolledSocket::receive(void* into, std::size_t size) {
  if (!read_.ready) {
    errno = EAGAIN;
    return -1;
  }
  const ssize_t received = ::recv(socket_.get(), into, size, MSG_DONTWAIT);
  // Less than there was room for means that all is read, and what comes now is a new event.
  const bool emptied =
      received > 0 ? static_cast<std::size_t>(received) < size : received < 0 && errno == EAGAIN;
  if (emptied && !hung_up_) read_.ready = false;
  return received;
}

ssize_t PolledSocket::send(const void* from, std::size_t size) {
  if (!write_.ready) {
    errno = EAGAIN;
    return -1;
  }
  const ssize_t sent = ::send(socket_.get(), from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  const bool filled = sent >= 0 ? static_cast<std::size_t>(sent) < size : errno == EAGAIN;
  if (filled) write_.ready = false;
  return sent;
}

Task<void> PolledSocket::wait(Direction& direction) {
  constexpr std::string_view kClosed = "the connection was closed here";
  if (!is_open()) co_return failure(ErrorCode::cancelled, std::string{kClosed});
  if (direction.ready) co_return Result<void>{};
  MUSTER_ASSERT(!direction.waiter, "one coroutine waits for a direction");
  auto token = asio::as_tuple(asio::use_awaitable);
  const auto [ec] = co_await asio::async_initiate<decltype(token), void(boost::system::error_code)>(
      [this, &direction](auto handler) {
        direction.waiter =
            waiters_.all.insert(waiters_.all.end(), Waiter{Handler{std::move(handler)}, &direction});
      },
      token);
  // The socket may be gone by now: only `ec` is looked at.
  if (ec) co_return failure(ErrorCode::cancelled, std::string{kClosed});
  co_return Result<void>{};
}

void PolledSocket::on_events(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if (hung_up_ || (events & EPOLLIN) != 0) read_.ready = true;
  // A peer that says no more may read on, or not: its half of the close is no room to write.
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) write_.ready = true;
  std::optional<Handler> reader{read_.ready ? take(read_) : std::nullopt};
  std::optional<Handler> writer{write_.ready ? take(write_) : std::nullopt};
  StreamWatcher* const watcher = reader || writer ? nullptr : watcher_;
  // From here on this object may be gone.
  if (reader) (*std::move(reader))(boost::system::error_code{});
  if (writer) (*std::move(writer))(boost::system::error_code{});
  if (watcher != nullptr) watcher->stream_ready();
}

void PolledSocket::cancel() {
  for (Direction* direction : {&read_, &write_}) {
    auto waiter = take(*direction);
    if (!waiter) continue;
    asio::post(shard_.io(), [waiter = std::move(*waiter)]() mutable {
      std::move(waiter)(boost::system::error_code{asio::error::operation_aborted});
    });
  }
}

void PolledSocket::end_writing() {
  if (is_open()) ::shutdown(socket_.get(), SHUT_WR);
}

void PolledSocket::close() {
  if (!is_open()) return;
  watcher_ = nullptr;
  shard_.poller().forget(*this);
  throw_away_unread(socket_.get());
  socket_ = Descriptor{};
  cancel();
}

}  // namespace muster::net
