// The registry with few devices and with many: what single reads and writes, the first page of a query and
// memory cost, each size in a process of its own. bench/README.md says how to read it.

#include "base/random.hpp"
#include "registry/registry.hpp"
#include "server/blocking.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace muster::bench {
namespace {

namespace fs = std::filesystem;
using registry::Registry;
using registry::Store;

constexpr std::size_t kOperations = 2'000;
constexpr std::size_t kFillBatch =
    100;  // As a bulk request: with more, SQLite walks a longer journal at each savepoint.
const ServiceName kHub = *ServiceName::parse("hub");
const ServiceName kDps = *ServiceName::parse("dps");

/// What a step of the benchmark needs to have done; the benchmark ends where it has not.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "registry_at_scale: {}\n", result.error().reason());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

DeviceId device_id(std::size_t n) { return *DeviceId::parse(fmt::format("device-{:07}", n)); }
RegistrationId registration_id(std::size_t n) {
  return *RegistrationId::parse(fmt::format("device-{:07}", n));
}

DeviceIdentity identity_of(std::size_t n) {
  return {.hub = kHub,
          .id = device_id(n),
          .generation_id = std::to_string(n),
          .auth = {.type = DeviceAuthType::self_signed, .primary_thumbprint = fmt::format("{:064X}", n)}};
}
Twin twin_of(std::size_t n) {
  Twin twin{.hub = kHub, .device = device_id(n)};
  twin.tags_json = fmt::format(R"({{"site":"site-{:03}","floor":{}}})", n % 1'000, n % 10);
  twin.desired_json = R"({"interval":30,"firmware":{"version":"1.2.3"}})";
  twin.reported_json = R"({"temperature":21.5,"firmware":{"version":"1.2.3"}})";
  return twin;
}
Registration registration_of(std::size_t n) {
  return {.dps = kDps,
          .id = registration_id(n),
          .group_id = "group",
          .operation_id = fmt::format("5.{:016x}", n),
          .status = RegistrationStatus::assigned,
          .device_id = std::string{device_id(n).str()},
          .assigned_hub = "hub.azure-devices.net"};
}

void fill(Registry& registry, std::size_t count) {
  must(server::run_blocking(registry.write([](Store& store) -> Result<void> {
    MUSTER_CHECK(store.services().put_hub({.name = kHub}, 0));
    const DpsInstance dps{.name = kDps, .id_scope = "0ne00000001", .linked_hubs = {{kHub, "", 1, true}}};
    MUSTER_CHECK(store.services().put_dps(dps, 0));
    return {};
  })));
  for (std::size_t from = 0; from < count; from += kFillBatch) {
    must(server::run_blocking(registry.write([from, count](Store& store) -> Result<void> {
      for (std::size_t n = from; n < std::min(count, from + kFillBatch); ++n) {
        const Twin twin = twin_of(n);
        MUSTER_CHECK(store.devices().put(identity_of(n), 0, &twin));
        MUSTER_CHECK(store.registrations().put(registration_of(n), 0));
      }
      return {};
    })));
  }
}

struct Measured {
  double median_us = 0;
  double p99_us = 0;
};

/// Each of `count` random devices, one after the other.
template <typename Operation>
Measured measure(std::size_t devices, std::size_t operations, Operation operation) {
  const auto random = make_seeded_random(1);
  std::vector<double> micros;
  for (std::size_t i = 0; i < operations; ++i) {
    const std::size_t n = random->below(devices);
    const auto begin = std::chrono::steady_clock::now();
    operation(n);
    micros.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(micros);
  return {micros[micros.size() / 2], micros[micros.size() * 99 / 100]};
}

double resident_mib() {
  std::size_t pages = 0;
  std::size_t resident = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr || std::fscanf(file, "%zu %zu", &pages, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

void report(std::string_view name, const Measured& measured) {
  fmt::print("{:<44} {:>12.1f} {:>12.1f}\n", name, measured.median_us, measured.p99_us);
  std::fflush(stdout);
}

void measure_all(Registry& registry, std::size_t devices) {
  const auto read = [&registry](auto work) { must(server::run_blocking(registry.read(work))); };
  report("hub CONNECT: identity", measure(devices, kOperations, [&](std::size_t n) {
           must(server::run_blocking(registry.connect_snapshot({.hub = kHub, .device = device_id(n)})));
         }));
  report("DPS register: enrollment and registration", measure(devices, kOperations, [&](std::size_t n) {
           must(server::run_blocking(registry.enrollment_snapshot(kDps, registration_id(n), 0)));
         }));
  report("GET /twins/{id}", measure(devices, kOperations, [&](std::size_t n) {
           read([n](Store& store) -> Result<void> {
             MUSTER_CHECK(store.devices().find_record(kHub, device_id(n)));
             return {};
           });
         }));
  report("query, first page of 100 by a tag", measure(devices, 200, [&](std::size_t n) {
           read([n](Store& store) -> Result<void> {
             registry::DeviceFilter filter;
             filter.tag = registry::TagIs{{"site"}, fmt::format("site-{:03}", n % 1'000)};
             MUSTER_CHECK(store.devices().search(kHub, filter, "", 100));
             return {};
           });
         }));
  report("PATCH /twins/{id}, durable", measure(devices, kOperations / 4, [&](std::size_t n) {
           must(server::run_blocking(registry.write([n](Store& store) -> Result<void> {
             Twin twin = twin_of(n);
             twin.tags_json = R"({"site":"moved"})";
             MUSTER_CHECK(store.devices().put_twin(twin, registry::kAnyVersion));
             return {};
           })));
         }));
  report("PUT /devices/{id}, durable", measure(devices, kOperations / 4, [&](std::size_t n) {
           must(server::run_blocking(registry.write([n](Store& store) -> Result<void> {
             MUSTER_CHECK(store.devices().put(identity_of(n), registry::kAnyVersion, nullptr));
             return {};
           })));
         }));
}

/// In a process of its own, so that its memory is its own.
int run_size(std::size_t devices) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("muster-bench-{}", ::getpid());
  fs::create_directories(folder);
  const std::string path = (folder / "registry.db").string();
  {
    const auto filling = must(registry::open_sqlite_registry({.path = path}));
    const auto begin = std::chrono::steady_clock::now();
    fill(*filling, devices);
    filling->stop();
    fmt::print("\n{} devices and registrations, made in {:.1f} s, file {:.0f} MiB\n{:<44} {:>12} {:>12}\n",
               devices, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(),
               static_cast<double>(fs::file_size(path)) / (1 << 20), "", "median us", "p99 us");
  }
  const auto registry = must(registry::open_sqlite_registry({.path = path}));
  measure_all(*registry, devices);
  fmt::print("{:<44} {:>12.1f} MiB\n", "resident memory", resident_mib());
  registry->stop();
  fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes{1'000, 1'000'000};
  if (argc > 1) {
    sizes.clear();
    for (const char* text : std::vector<const char*>(argv + 1, argv + argc))
      sizes.push_back(std::strtoull(text, nullptr, 10));
  }
  for (const std::size_t size : sizes) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
      const int status = muster::bench::run_size(size);
      std::fflush(stdout);
      ::_exit(status);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) < 0 || status != 0) return 1;
  }
  return 0;
}
