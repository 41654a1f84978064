#include "net/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace muster::net {

Task<void> Signal::wait() {
  if (closed_) co_return failure(ErrorCode::cancelled, "closed here");
  auto token = asio::as_tuple(asio::use_awaitable);
  const auto [ec] = co_await asio::async_initiate<decltype(token), void(boost::system::error_code)>(
      [this](auto handler) { add(std::move(handler)); }, token);
  // The signal may be gone by now: only `ec` is looked at.
  if (ec) co_return failure(ErrorCode::cancelled, "closed here");
  co_return Result<void>{};
}

void Signal::notify() { wake_all({}); }

void Signal::close() {
  closed_ = true;
  wake_all(asio::error::operation_aborted);
}

void Signal::add(Handler handler) {
  const std::uint64_t id = next_id_++;
  if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
    slot.assign([this, id](asio::cancellation_type) { cancel(id); });
  }
  waiters_.push_back(Waiter{id, std::move(handler)});
}

void Signal::cancel(std::uint64_t id) {
  const auto found =
      std::find_if(waiters_.begin(), waiters_.end(), [id](const Waiter& w) { return w.id == id; });
  if (found == waiters_.end()) return;
  Handler handler = std::move(found->handler);
  waiters_.erase(found);
  wake(std::move(handler), asio::error::operation_aborted);
}

void Signal::wake(Handler handler, boost::system::error_code ec) {
  // From here on cancelling must not reach this object, which may go before the handler runs.
  if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) slot.clear();
  asio::post(io_, [handler = std::move(handler), ec]() mutable { std::move(handler)(ec); });
}

void Signal::wake_all(boost::system::error_code ec) {
  std::list<Waiter> woken;
  woken.swap(waiters_);
  for (Waiter& waiter : woken) wake(std::move(waiter.handler), ec);
}

}  // namespace muster::net
