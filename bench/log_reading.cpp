// How fast the event log is read: fills one through its own face, then reads all of it back on one thread.
// Usage: log_reading DIRECTORY [EVENTS [PARTITIONS]]; the directory is made, and removed at the end.

#include "base/clock.hpp"
#include "disk/file.hpp"
#include "eventlog/event_log.hpp"
#include "eventlog/segmented_log.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <span>
#include <string>
#include <thread>

namespace muster::bench {
namespace {

using eventlog::EventLog;

constexpr std::size_t kBodyBytes = 256;
constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::size_t kDevices = 1'000;
constexpr std::string_view kHub = "bench";

template <typename T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "log_reading: {}\n", result.error().reason());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void fill(EventLog& log, std::size_t events) {
  const std::string body(kBodyBytes, 'x');
  eventlog::Ticket last = 0;
  for (std::size_t n = 0; n < events;) {
    const std::string device = fmt::format("device-{:06}", n % kDevices);
    const auto ticket = log.append({.hub = kHub,
                                    .device_id = device,
                                    .generation_id = "638000000000000000",
                                    .auth_method = AuthMethod::x509_ca,
                                    .body = as_bytes(body)});
    if (ticket) {
      last = *ticket;
      ++n;
    } else if (ticket.error().code() == ErrorCode::event_log_full) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    } else {
      must<void>(tl::unexpected{ticket.error()});
    }
  }
  while (log.durable_ticket() < last) std::this_thread::sleep_for(std::chrono::milliseconds{1});
}

struct Read {
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  ///< Of bodies: looked at, so that reading is not optimised away.
};

Read read_partition(EventLog& log, std::uint32_t partition) {
  Read read;
  const auto reader = must(log.open_reader(kHub, partition, eventlog::FromStart{}));
  while (true) {
    const auto batch = must(reader->read(kReadBytes));
    for (const auto& event : batch.events) read.bytes += event.event.body.size();
    read.events += batch.events.size();
    if (batch.at_end && batch.events.empty()) return read;
  }
}

int run(const std::string& directory, std::size_t events, std::uint32_t partitions) {
  std::filesystem::create_directories(directory);
  const auto disk = disk::make_real_disk();
  const auto clock = make_system_clock();
  const auto log = must(eventlog::open_segmented_log(*disk, *clock, {.directory = directory}));
  must(log->add_hub(kHub, partitions));
  fill(*log, events);

  const double wall = seconds_of(CLOCK_MONOTONIC);
  const double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
  Read all;
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    const Read one = read_partition(*log, partition);
    all.events += one.events;
    all.bytes += one.bytes;
  }
  fmt::print(R"({{"event":"done","events":{},"body_bytes":{},"seconds":{:.6f},"cpu_seconds":{:.6f}}})"
             "\n",
             all.events, all.bytes, seconds_of(CLOCK_MONOTONIC) - wall,
             seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu);
  log->stop();
  std::filesystem::remove_all(directory);
  return all.events == events ? 0 : 1;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  const std::span words{argv, static_cast<std::size_t>(argc)};
  if (argc < 2 || argc > 4) {
    fmt::print(stderr, "usage: log_reading DIRECTORY [EVENTS [PARTITIONS]]\n");
    return 2;
  }
  const std::size_t events = argc > 2 ? std::strtoull(words[2], nullptr, 10) : 2'000'000;
  const std::size_t partitions = argc > 3 ? std::strtoull(words[3], nullptr, 10) : 4;
  return muster::bench::run(words[1], events, static_cast<std::uint32_t>(partitions));
}
