#pragma once

#include "histogram.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace muster::bench {

/// Says on standard output what the load is at, a JSON object a line: {"event":"measuring"}. `members` is the
/// rest of the object, with its leading comma.
void say(const char* event, const std::string& members = {});

/// `,"name_p50_us":...` and so on.
std::string quantiles(const char* name, const Histogram& histogram);

/// CPU at one moment, nanoseconds since each began.
struct CpuSample {
  std::uint64_t at_ns = 0;
  std::uint64_t server = 0;  ///< All threads of the server, by the scheduler's own account.
  std::map<std::string, std::uint64_t> threads;  ///< The same by the threads' names.
  std::uint64_t load = 0;                        ///< This process.
  std::vector<std::uint64_t> busy;  ///< Each core's time in anything but idle, in ticks of 10 ms.
};

/// Samples CPU exactly at the two ends of what is measured, in the process that knows when those are.
class Meter {
 public:
  /// `pid` 0: there is no server of which it could be read.
  explicit Meter(int pid) : pid_{pid} {}

  void begin();
  /// What was used since begin(), as members: seconds, server_cpu_ns, threads, load_cpu_ns, busy_ns by core.
  std::string end();

 private:
  CpuSample sample() const;

  int pid_;
  CpuSample first_;
};

}  // namespace muster::bench
