#include "hub/desired_feed.hpp"

#include <algorithm>
#include <utility>

namespace muster::hub {

void DesiredFeed::Place::take(const SessionKey& key, std::shared_ptr<const DesiredChange> change) {
  settle(false);
  const std::lock_guard lock{feed_.mutex_};
  key_ = key;
  entry_ = std::make_shared<Entry>(Entry{std::move(change)});
  feed_.waiting_[key].push_back(entry_);
}

void DesiredFeed::Place::settle(bool durable) {
  if (!entry_) return;
  feed_.settle(*key_, *std::exchange(entry_, nullptr), durable);
}

void DesiredFeed::settle(const SessionKey& key, Place::Entry& entry, bool durable) {
  // Delivering only posts, so it may happen under the lock; it has to, or two threads could change the order.
  const std::lock_guard lock{mutex_};
  entry.settled = true;
  entry.durable = durable;
  const auto found = waiting_.find(key);
  auto& queue = found->second;
  while (!queue.empty() && queue.front()->settled) {
    if (queue.front()->durable) sessions_.deliver(key, std::move(queue.front()->change));
    queue.pop_front();
  }
  if (queue.empty()) waiting_.erase(found);
}

}  // namespace muster::hub
