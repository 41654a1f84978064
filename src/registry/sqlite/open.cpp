#include "registry/registry.hpp"
#include "registry/sqlite/store.hpp"
#include "registry/threaded_registry.hpp"

#include <algorithm>

namespace muster::registry {

Result<std::unique_ptr<Registry>> open_sqlite_registry(RegistryConfig config) {
  Stores stores;
  MUSTER_TRY(stores.writer, sqlite::open_store(config.path, sqlite::Role::writer));
  for (std::size_t count = std::max<std::size_t>(config.reader_count, 1); count > 0; --count) {
    MUSTER_TRY(auto reader, sqlite::open_store(config.path, sqlite::Role::reader));
    stores.readers.push_back(std::move(reader));
  }
  for (std::size_t count = config.near_count; count > 0; --count) {
    MUSTER_TRY(auto near, sqlite::open_store(config.path, sqlite::Role::near));
    stores.near.push_back(std::move(near));
  }
  return std::make_unique<ThreadedRegistry>(std::move(config), std::move(stores));
}

}  // namespace muster::registry
