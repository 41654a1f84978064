#pragma once

#include <cstdint>

namespace muster::simulation {

/// From now on the `nth` allocation by SQLite (zero-based) returns null; all after it too when `lasting`.
void fail_sqlite_allocation(std::uint64_t nth, bool lasting);
/// Allocations succeed again. Whether one has failed.
bool stop_failing_sqlite_allocations();
/// Bytes that SQLite holds. The first call puts the allocator in place: no file system of a test may be
/// registered and no connection open then.
std::int64_t sqlite_memory_used();

}  // namespace muster::simulation
