#include "registry/sqlite/schema.hpp"

#include <fmt/format.h>

namespace muster::registry::sqlite {
namespace {

/// "MUST": says whose database this is (sqlite.org/fileformat2.html, application id).
constexpr std::int64_t kApplicationId = 0x4d555354;

Result<void> check_owner(Connection& connection, std::int64_t version) {
  MUSTER_TRY(const std::int64_t owner, connection.number("PRAGMA application_id"));
  if (owner == kApplicationId) return {};
  MUSTER_TRY(const std::int64_t tables, connection.number("SELECT count(*) FROM sqlite_schema"));
  if (owner == 0 && version == 0 && tables == 0) return {};  // New, or a crash came before its first commit.
  return failure(ErrorCode::registry_unavailable, "the file is a database of another program");
}

}  // namespace

Result<void> migrate(Connection& connection, std::span<const Migration> steps) {
  MUSTER_TRY(const std::int64_t held, connection.number("PRAGMA user_version"));
  MUSTER_CHECK(check_owner(connection, held));
  const std::int64_t known = steps.back().version;
  if (held > known) {
    return failure(
        ErrorCode::registry_newer,
        fmt::format("the registry has schema version {}, this muster knows up to {}", held, known));
  }
  // Before any transaction, where the journal mode cannot be changed; after the checks, since it writes.
  MUSTER_CHECK(connection.configure());
  if (held == known) return {};
  return connection.transaction([&]() -> Result<void> {
    for (const Migration& step : steps) {
      if (step.version > held) {
        MUSTER_CHECK(connection.execute(step.sql));
        if (step.fill != nullptr) {
          MUSTER_CHECK(step.fill(connection));
        }
      }
    }
    const std::string marks =
        fmt::format("PRAGMA user_version={}; PRAGMA application_id={};", known, kApplicationId);
    return connection.execute(marks.c_str());
  });
}

}  // namespace muster::registry::sqlite
