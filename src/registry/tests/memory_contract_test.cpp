#include "registry/memory/store.hpp"
#include "registry/tests/contract.hpp"

namespace muster::registry {
namespace {

class MemoryEngine {
 public:
  Store& store() { return store_; }
  void reopen() {}  // What is in memory ends with it.

 private:
  memory::MemoryStore store_;
};

}  // namespace

MUSTER_REGISTRY_CONTRACT(Memory, MemoryEngine);

}  // namespace muster::registry
