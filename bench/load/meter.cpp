#include "meter.hpp"

#include "fail.hpp"
#include "loop.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace muster::bench {
namespace {

namespace fs = std::filesystem;

std::uint64_t own_cpu_ns() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<std::uint64_t>(used.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(used.tv_nsec);
}

/// /proc/stat: user nice system idle iowait irq softirq steal, in ticks.
std::vector<std::uint64_t> busy_ns_by_core() {
  const auto tick_ns = 1'000'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  std::vector<std::uint64_t> found;
  std::ifstream file{"/proc/stat"};
  std::string line;
  while (std::getline(file, line) && line.starts_with("cpu")) {
    if (line[3] == ' ') continue;  // The sum over all cores.
    std::istringstream words{line};
    std::string name;
    std::uint64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    words >> name >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
    found.push_back((user + nice + system + irq + softirq + steal) * tick_ns);
  }
  return found;
}

std::string first_line(const fs::path& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

void say(const char* event, const std::string& members) {
  fmt::print("{{\"event\":\"{}\"{}}}\n", event, members);
  std::fflush(stdout);
}

std::string quantiles(const char* name, const Histogram& histogram) {
  return fmt::format(
      R"(,"{0}_p50_us":{1:.1f},"{0}_p99_us":{2:.1f},"{0}_p999_us":{3:.1f},"{0}_max_us":{4:.1f})", name,
      histogram.quantile_us(0.5), histogram.quantile_us(0.99), histogram.quantile_us(0.999),
      histogram.max_us());
}

CpuSample Meter::sample() const {
  CpuSample sample{.at_ns = now_ns(), .load = own_cpu_ns(), .busy = busy_ns_by_core()};
  if (pid_ == 0) return sample;
  std::error_code gone;
  for (const auto& task : fs::directory_iterator{fmt::format("/proc/{}/task", pid_), gone}) {
    std::istringstream words{first_line(task.path() / "schedstat")};
    std::uint64_t on_cpu = 0;
    words >> on_cpu;
    sample.server += on_cpu;
    sample.threads[first_line(task.path() / "comm")] += on_cpu;
  }
  if (gone) fail("process {} cannot be read: {}", pid_, gone.message());
  return sample;
}

void Meter::begin() {
  say("measuring");
  first_ = sample();
}

std::string Meter::end() {
  const CpuSample last = sample();
  std::string threads;
  for (const auto& [name, on_cpu] : last.threads) {
    threads += fmt::format("{}\"{}\":{}", threads.empty() ? "" : ",", name, on_cpu - first_.threads[name]);
  }
  std::string busy;
  for (std::size_t i = 0; i < last.busy.size(); ++i) {
    busy += fmt::format("{}{}", busy.empty() ? "" : ",", last.busy[i] - first_.busy[i]);
  }
  return fmt::format(
      R"(,"seconds":{:.6f},"server_cpu_ns":{},"threads_ns":{{{}}},"load_cpu_ns":{},"busy_ns":[{}])",
      static_cast<double>(last.at_ns - first_.at_ns) / 1e9, last.server - first_.server, threads,
      last.load - first_.load, busy);
}

}  // namespace muster::bench
