#include "client/engine.hpp"

namespace muster::client {

void Engine::at_end(const std::weak_ptr<void>& owner, std::function<void()> end) {
  std::erase_if(enders_, [](const Ender& ender) { return ender.owner.expired(); });
  enders_.push_back({owner, std::move(end)});
}

void Engine::end() {
  const auto enders = std::move(enders_);
  for (const Ender& ender : enders) {
    if (const auto alive = ender.owner.lock()) ender.end();
  }
  alarm.close();
}

Task<void> pause(Engine& engine, std::chrono::nanoseconds by) {
  const SteadyTime due = engine.clock.steady() + by;
  const net::ScopedDeadline deadline{engine.shard, due, [&engine] { engine.alarm.notify(); }};
  while (engine.clock.steady() < due) {
    MUSTER_CO_CHECK(co_await engine.alarm.wait());
  }
  co_return Result<void>{};
}

}  // namespace muster::client
