#include "sqlite_memory.hpp"

#include "base/assert.hpp"

#include <sqlite3.h>

#include <limits>

namespace muster::simulation {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

sqlite3_mem_methods g_real;
std::uint64_t g_left = kNever;  ///< Allocations that still succeed.
bool g_lasting = false;
bool g_fired = false;

bool fails() {
  if (g_left == kNever) return false;
  if (g_left > 0) {
    --g_left;
    return false;
  }
  g_fired = true;
  if (!g_lasting) g_left = kNever;
  return true;
}

void* allocate(int size) { return fails() ? nullptr : g_real.xMalloc(size); }
void* reallocate(void* old, int size) { return fails() ? nullptr : g_real.xRealloc(old, size); }

/// SQLite takes another allocator only while it is shut down.
bool install() {
  sqlite3_initialize();
  MUSTER_ASSERT(sqlite3_shutdown() == SQLITE_OK, "SQLite is in use");
  MUSTER_ASSERT(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &g_real) == SQLITE_OK, "SQLite has an allocator");
  sqlite3_mem_methods ours = g_real;
  ours.xMalloc = allocate;
  ours.xRealloc = reallocate;
  MUSTER_ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK, "SQLite takes an allocator");
  // Lookaside memory would satisfy small allocations unseen.
  MUSTER_ASSERT(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK, "lookaside can be turned off");
  return sqlite3_initialize() == SQLITE_OK;
}

}  // namespace

void fail_sqlite_allocation(std::uint64_t nth, bool lasting) {
  g_left = nth;
  g_lasting = lasting;
  g_fired = false;
}

bool stop_failing_sqlite_allocations() {
  g_left = kNever;
  return g_fired;
}

std::int64_t sqlite_memory_used() {
  static const bool installed = install();
  return installed ? sqlite3_memory_used() : -1;
}

}  // namespace muster::simulation
