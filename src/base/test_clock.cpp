#include "base/assert.hpp"
#include "base/clock.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace muster {

struct TestClock::State {
  struct Key {
    SteadyTime due;
    TimerId id;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  mutable std::mutex mutex;
  std::condition_variable finished;
  WallTime wall_start;
  SteadyTime now{};
  std::map<Key, std::function<void()>> pending;
  std::map<TimerId, SteadyTime> due_of;
  TimerId next_id = 1;
  TimerId running = 0;
  std::thread::id running_on;
};

TestClock::TestClock(WallTime start) : state_{std::make_unique<State>()} { state_->wall_start = start; }
TestClock::~TestClock() = default;

WallTime TestClock::wall() const {
  const std::lock_guard lock{state_->mutex};
  return state_->wall_start + std::chrono::floor<std::chrono::microseconds>(state_->now.time_since_epoch());
}

SteadyTime TestClock::steady() const {
  const std::lock_guard lock{state_->mutex};
  return state_->now;
}

Clock::TimerId TestClock::call_at(SteadyTime due, std::function<void()> action) {
  const std::lock_guard lock{state_->mutex};
  const TimerId id = state_->next_id++;
  state_->pending.emplace(State::Key{due, id}, std::move(action));
  state_->due_of.emplace(id, due);
  return id;
}

void TestClock::cancel(TimerId id) {
  std::unique_lock lock{state_->mutex};
  if (const auto due = state_->due_of.find(id); due != state_->due_of.end()) {
    state_->pending.erase(State::Key{due->second, id});
    state_->due_of.erase(due);
  } else if (state_->running == id && state_->running_on != std::this_thread::get_id()) {
    state_->finished.wait(lock, [this, id] { return state_->running != id; });
  }
}

void TestClock::advance(std::chrono::nanoseconds by) {
  MUSTER_ASSERT(by >= std::chrono::nanoseconds::zero(), "time does not go back");
  std::unique_lock lock{state_->mutex};
  const SteadyTime target = state_->now + by;
  while (!state_->pending.empty() && state_->pending.begin()->first.due <= target) {
    auto next = state_->pending.extract(state_->pending.begin());
    state_->due_of.erase(next.key().id);
    state_->now = std::max(state_->now, next.key().due);
    state_->running = next.key().id;
    state_->running_on = std::this_thread::get_id();
    lock.unlock();
    next.mapped()();
    next.mapped() = nullptr;
    lock.lock();
    state_->running = 0;
    state_->finished.notify_all();
  }
  state_->now = target;
}

void TestClock::jump_wall(std::chrono::microseconds by) {
  const std::lock_guard lock{state_->mutex};
  state_->wall_start += by;
}

}  // namespace muster
