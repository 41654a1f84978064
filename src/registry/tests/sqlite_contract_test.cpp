#include "registry/sqlite/store.hpp"
#include "registry/tests/contract.hpp"
#include "registry/tests/temporary_directory.hpp"

namespace muster::registry {
namespace {

class SqliteEngine {
 public:
  Store& store() { return *store_; }
  void reopen() {
    store_.reset();
    store_ = sqlite::open_store(path_, sqlite::Role::writer).value();
  }

 private:
  TemporaryDirectory directory_;
  std::string path_ = directory_.file("registry.db");
  std::unique_ptr<Store> store_ = sqlite::open_store(path_, sqlite::Role::writer).value();
};

}  // namespace

MUSTER_REGISTRY_CONTRACT(Sqlite, SqliteEngine);

}  // namespace muster::registry
