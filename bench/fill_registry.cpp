// Puts devices and their registrations into the registry of a world that is not running, as many as no client
// would wait for. Usage: fill_registry REGISTRY_DB HUB DPS PREFIX COUNT

#include "registry/registry.hpp"
#include "server/blocking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

namespace muster::bench {
namespace {

using registry::Registry;
using registry::Store;

constexpr std::size_t kBatch =
    100;  ///< As a bulk request: with more, SQLite walks a longer journal at each savepoint.

struct Filling {
  ServiceName hub;
  ServiceName dps;
  std::string prefix;
  std::size_t count = 0;
};

/// A name or id of this program's own making, or of its command line.
template <typename Id>
Id id_of(const std::string& text) {
  auto id = Id::parse(text);
  if (!id) {
    fmt::print(stderr, "fill_registry: \"{}\" {}\n", text, id.error());
    std::exit(2);
  }
  return *std::move(id);
}

template <typename T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "fill_registry: {}\n", result.error().reason());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Result<void> put_device(Store& store, const Filling& filling, std::size_t n) {
  const std::string name = fmt::format("{}-{:06}", filling.prefix, n);
  const auto device = id_of<DeviceId>(name);
  const DeviceIdentity identity{.hub = filling.hub,
                                .id = device,
                                .generation_id = std::to_string(n),
                                .auth = {.type = DeviceAuthType::certificate_authority}};
  const Twin twin{.hub = filling.hub, .device = device};
  MUSTER_CHECK(store.devices().put(identity, 0, &twin));
  MUSTER_CHECK(
      store.registrations().put({.dps = filling.dps,
                                 .id = id_of<RegistrationId>(name),
                                 .group_id = "bench",
                                 .operation_id = fmt::format("5.{:016x}", n),
                                 .status = RegistrationStatus::assigned,
                                 .device_id = name,
                                 .assigned_hub = fmt::format("{}.azure-devices.net", filling.hub.str())},
                                0));
  return {};
}

void fill(Registry& registry, const Filling& filling) {
  for (std::size_t from = 0; from < filling.count; from += kBatch) {
    const std::size_t to = std::min(filling.count, from + kBatch);
    must(server::run_blocking(registry.write([&filling, from, to](Store& store) -> Result<void> {
      for (std::size_t n = from; n < to; ++n) MUSTER_CHECK(put_device(store, filling, n));
      return {};
    })));
  }
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  if (argc != 6) {
    fmt::print(stderr, "usage: fill_registry REGISTRY_DB HUB DPS PREFIX COUNT\n");
    return 2;
  }
  const std::span words{argv, 6};
  const muster::bench::Filling filling{muster::bench::id_of<muster::ServiceName>(words[2]),
                                       muster::bench::id_of<muster::ServiceName>(words[3]), words[4],
                                       std::strtoull(words[5], nullptr, 10)};
  const auto registry = muster::bench::must(muster::registry::open_sqlite_registry({.path = words[1]}));
  muster::bench::fill(*registry, filling);
  registry->stop();
  return 0;
}
