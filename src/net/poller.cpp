#include "net/poller.hpp"

#include "base/assert.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace muster::net {

namespace asio = boost::asio;

Poller::Poller(asio::io_context& io) : epoll_{::epoll_create1(EPOLL_CLOEXEC)}, ready_{io} {
  MUSTER_ASSERT(epoll_, "epoll is there");
  ready_->assign(epoll_.get());
}

void Poller::stop() {
  if (!ready_) return;
  ready_->release();
  ready_.reset();
}

bool Poller::add(int descriptor, Pollable& pollable) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &pollable;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) return false;
  ++watched_;
  wait();
  return true;
}

void Poller::forget(const Pollable& pollable) {
  for (std::size_t i = next_; i < count_; ++i) {
    if (events_[i].data.ptr == &pollable) events_[i].data.ptr = nullptr;
  }
  if (pollable.deferred_ != 0) *std::ranges::find(deferred_, &pollable) = nullptr;
  // A loop without connections has nothing to wait for, and may end.
  if (--watched_ == 0 && ready_) ready_->cancel();
}

void Poller::wait() {
  if (waiting_ || !ready_) return;
  waiting_ = true;
  ready_->async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& ec) {
    if (ec == asio::error::operation_aborted && watched_ == 0) {
      waiting_ = false;
      return;
    }
    turn();
  });
}

void Poller::turn() {
  take_ready();
  const bool more = count_ == kEventsMax;
  next_ = count_ = 0;
  take_deferred();
  waiting_ = false;
  if (watched_ == 0) return;
  if (!more && deferred_.empty()) return wait();
  // More is ready already: after what else the shard has to do.
  waiting_ = true;
  asio::post(ready_->get_executor(), [this] { turn(); });
}

void Poller::take_ready() {
  const int ready = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(kEventsMax), 0);
  count_ = ready > 0 ? static_cast<std::size_t>(ready) : 0;
  for (next_ = 0; next_ < count_;) {
    const epoll_event& event = events_[next_++];
    auto* const pollable = static_cast<Pollable*>(event.data.ptr);
    if (pollable == nullptr) continue;
    if (!pollable->takes_long() && pollable->deferred_ == 0) {
      pollable->on_events(event.events);
      continue;
    }
    if (pollable->deferred_ == 0) deferred_.push_back(pollable);
    pollable->deferred_ |= event.events;
  }
}

void Poller::take_deferred() {
  for (std::size_t taken = 0; taken < kLongMax && !deferred_.empty(); ++taken) {
    Pollable* const pollable = deferred_.front();
    deferred_.pop_front();
    if (pollable != nullptr) pollable->on_events(std::exchange(pollable->deferred_, 0));
  }
}

}  // namespace muster::net
