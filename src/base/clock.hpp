#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace muster {

/// UTC, to the microsecond. What certificates, tokens and stored times are compared with.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
/// Never goes back, has no meaning across processes. What keep-alives, retries and flushes are measured with.
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// The only source of time. Certificates and tokens ask `wall`; keep-alives, retries and flushes ask
/// `steady`. Threads: all members may be called from any thread.
class Clock {
 public:
  using TimerId = std::uint64_t;

  virtual ~Clock() = default;
  virtual WallTime wall() const = 0;
  virtual SteadyTime steady() const = 0;

  /// Runs `action` once, not before steady() reaches `due`, on the clock's own thread: post from it, never
  /// work in it.
  virtual TimerId call_at(SteadyTime due, std::function<void()> action) = 0;
  /// After it returns the action will not start; one that is running on another thread is waited for.
  virtual void cancel(TimerId id) = 0;
};

/// The kernel's clock, with one thread for its timers.
std::unique_ptr<Clock> make_system_clock();

/// Time that moves only when told to: unit tests, the simulator and `muster up --test-clock`.
class TestClock final : public Clock {
 public:
  explicit TestClock(WallTime start);
  ~TestClock() override;

  WallTime wall() const override;
  SteadyTime steady() const override;
  TimerId call_at(SteadyTime due, std::function<void()> action) override;
  void cancel(TimerId id) override;

  /// Runs what falls due, in order of time and then of asking, each with the clock at its own due time. `by`
  /// >= 0.
  void advance(std::chrono::nanoseconds by);
  /// Moves the wall clock alone, as an operator or NTP would; timers do not notice. May go back.
  void jump_wall(std::chrono::microseconds by);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "2026-01-21T10:30:00.1234560Z": seven fractional digits, as Azure prints times and as C# clients parse
/// them.
std::string format_utc_7(WallTime time);
/// "2026-01-21T10:30:00Z".
std::string format_utc(WallTime time);

}  // namespace muster
