#include "gateway/mqtt/ack_queue.hpp"

#include "gateway/mqtt/connection.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace muster::mqtt {

AckQueue::AckQueue(eventlog::EventLog& log, net::Shard& shard) : log_{log}, shard_{shard} {
  subscription_ = log_.on_progress([this, posted = posted_] {
    // Only the first commit since the shard last looked needs to wake it.
    if (posted->exchange(true)) return;
    asio::post(shard_.io(), [this] { progress(); });
  });
}

AckQueue::~AckQueue() { log_.remove_on_progress(subscription_); }

void AckQueue::wait_for_acks(std::shared_ptr<Connection> connection) {
  acks_.push_back(std::move(connection));
}
void AckQueue::wait_for_room(std::shared_ptr<Connection> connection) {
  room_.push_back(std::move(connection));
}

void AckQueue::progress() {
  // Cleared before the look: a commit that comes after it posts again.
  posted_->store(false);
  const eventlog::Ticket durable = log_.durable_ticket();
  const bool failed = log_.failed();

  // Completing may run into fail(), which touches neither list; what is added meanwhile goes to the fresh
  // ones.
  std::vector<std::shared_ptr<Connection>> waiting = std::exchange(acks_, {});
  for (auto& connection : waiting) {
    const bool more = connection->complete(durable);
    if (more && failed) connection->fail(Error{ErrorCode::event_log_failed, "messages could not be stored"});
    if (more && !failed) acks_.push_back(std::move(connection));
  }
  for (const auto& connection : std::exchange(room_, {})) connection->room();
}

}  // namespace muster::mqtt
