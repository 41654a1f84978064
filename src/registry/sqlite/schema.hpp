#pragma once

#include "registry/sqlite/connection.hpp"

#include <span>

namespace muster::registry::sqlite {

/// One step from a schema version to the next: steps are only ever added, and one that has been released
/// never changes.
struct Migration {
  std::int64_t version;  ///< What the database is at afterwards.
  const char* sql;
  Result<void> (*fill)(Connection&) = nullptr;  ///< Runs after `sql`, for what SQL cannot compute.
};

/// All steps, ascending from 1. docs/reference/registry-schema.md describes what they make.
std::span<const Migration> migrations();

/// Brings the database to the last of `steps`, all in one transaction, so that a failure leaves it as it was.
/// A newer one is refused with registry_newer, a file of another program with registry_unavailable; neither
/// is touched.
Result<void> migrate(Connection& connection, std::span<const Migration> steps);

}  // namespace muster::registry::sqlite
