#include "hub/outbox.hpp"

#include <utility>

namespace muster::hub {

Outbox::Offer Outbox::offer(std::shared_ptr<const DesiredChange> item) {
  const std::lock_guard lock{mutex_};
  if (items_.size() >= items_max_) return Offer::full;
  items_.push_back(std::move(item));
  return items_.size() == 1 ? Offer::first : Offer::taken;
}

std::shared_ptr<const DesiredChange> Outbox::take() {
  const std::lock_guard lock{mutex_};
  if (items_.empty()) return nullptr;
  auto oldest = std::move(items_.front());
  items_.erase(items_.begin());
  return oldest;
}

std::size_t Outbox::size() const {
  const std::lock_guard lock{mutex_};
  return items_.size();
}

}  // namespace muster::hub
