#include "net/shard.hpp"

#include "base/assert.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace muster::net {

Shard::Shard(Clock& clock, std::uint32_t index)
    : clock_{clock}, index_{index}, scratch_(kScratchSize), io_{1} {
  poller_ = std::make_unique<Poller>(io_);
}

Shard::~Shard() {
  stop();
  if (armed_ != 0) clock_.cancel(armed_);
  poller_->stop();
  // Before io_ goes: an action may own a session, whose socket belongs to io_.
  due_of_.clear();
  std::exchange(deadlines_, {}).clear();
}

Shard::DeadlineId Shard::at(SteadyTime due, std::function<void()> action) {
  const DeadlineId id = next_id_++;
  deadlines_.emplace(Due{due, id}, std::move(action));
  due_of_.emplace(id, due);
  if (!firing_) arm();
  return id;
}

void Shard::cancel(DeadlineId id) {
  const auto due = due_of_.find(id);
  if (due == due_of_.end()) return;
  // The clock's timer stays: it finds nothing due and is set anew, which is cheaper than moving it at each
  // cancel.
  const auto node = deadlines_.extract(Due{due->second, id});
  due_of_.erase(due);
}

void Shard::arm() {
  if (deadlines_.empty()) return;
  const SteadyTime earliest = deadlines_.begin()->first.due;
  if (earliest <= clock_.steady()) {  // A clock that stands still would never call.
    if (!std::exchange(fire_posted_, true)) boost::asio::post(io_, [this] { fire(); });
    return;
  }
  if (armed_ != 0) {
    if (armed_for_ <= earliest) return;
    clock_.cancel(armed_);
  }
  armed_for_ = earliest;
  // On the clock's thread, so it only posts. The shard cancels the timer before io_ dies.
  armed_ = clock_.call_at(earliest, [this] { boost::asio::post(io_, [this] { fire(); }); });
}

void Shard::fire() {
  fire_posted_ = false;
  // A timer that was replaced may have posted already: cancelling one that has run does nothing.
  if (armed_ != 0) clock_.cancel(std::exchange(armed_, 0));
  const SteadyTime now = clock_.steady();
  // First which, then run: an action that asks for "now" again waits for the next turn, behind other work.
  std::vector<Due> due;
  for (auto next = deadlines_.begin(); next != deadlines_.end() && next->first.due <= now; ++next) {
    due.push_back(next->first);
  }
  firing_ = true;
  for (const Due& key : due) {
    const auto node = deadlines_.extract(key);
    if (node.empty()) continue;  // Cancelled by one before it.
    due_of_.erase(key.id);
    node.mapped()();
  }
  firing_ = false;
  arm();
}

void Shard::start() {
  MUSTER_ASSERT(!thread_.joinable(), "a shard has one thread");
  io_.restart();
  thread_ = std::thread{[this] {
    const auto guard = boost::asio::make_work_guard(io_);
    io_.run();
    io_.restart();
    for (std::size_t turns = 0; turns < kStopTurnsMax && io_.poll_one() > 0; ++turns) {
    }
  }};
}

void Shard::stop() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
}

std::size_t Shard::poll() {
  io_.restart();
  return io_.poll();
}

}  // namespace muster::net
