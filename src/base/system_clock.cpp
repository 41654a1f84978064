#include "base/clock.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace muster {
namespace {

using TimerId = Clock::TimerId;

class SystemClock final : public Clock {
 public:
  ~SystemClock() override {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  WallTime wall() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }

  TimerId call_at(SteadyTime due, std::function<void()> action) override {
    TimerId id = 0;
    bool earliest = false;
    {
      const std::lock_guard lock{mutex_};
      // Started for the first timer only: a command that sets none stays a process of one thread, which may
      // fork, and whose signals reach the one that waits for them.
      if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
      id = next_id_++;
      pending_.emplace(Key{due, id}, std::move(action));
      due_of_.emplace(id, due);
      earliest = pending_.begin()->first.id == id;
    }
    if (earliest) changed_.notify_all();
    return id;
  }

  void cancel(TimerId id) override {
    std::unique_lock lock{mutex_};
    if (const auto due = due_of_.find(id); due != due_of_.end()) {
      pending_.erase(Key{due->second, id});
      due_of_.erase(due);
    } else if (running_ == id && std::this_thread::get_id() != thread_.get_id()) {
      changed_.wait(lock, [this, id] { return running_ != id; });
    }
  }

 private:
  struct Key {
    SteadyTime due;
    TimerId id;
    friend auto operator<=>(const Key&, const Key&) = default;
  };

  void run() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
      if (pending_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const SteadyTime due = pending_.begin()->first.due;
      if (steady() < due) {
        changed_.wait_until(lock, due);
        continue;
      }
      auto next = pending_.extract(pending_.begin());
      due_of_.erase(next.key().id);
      running_ = next.key().id;
      lock.unlock();
      next.mapped()();
      next.mapped() = nullptr;
      lock.lock();
      running_ = 0;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::function<void()>> pending_;
  std::map<TimerId, SteadyTime> due_of_;
  TimerId next_id_ = 1;
  TimerId running_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Clock> make_system_clock() { return std::make_unique<SystemClock>(); }

}  // namespace muster
