#include "registry/work_queue.hpp"

namespace muster::registry {

WorkQueue::Push WorkQueue::push(Call& call) {
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return Push::closed;
    if (calls_.size() >= count_max_) return Push::full;
    calls_.push_back(std::move(call));
  }
  changed_.notify_one();
  return Push::taken;
}

std::vector<Call> WorkQueue::take(std::size_t count_max) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return closed_ || !calls_.empty(); });
  std::vector<Call> taken;
  while (!calls_.empty() && taken.size() < count_max) {
    taken.push_back(std::move(calls_.front()));
    calls_.pop_front();
  }
  return taken;
}

void WorkQueue::close() {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace muster::registry
