#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "muster/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// SQLite's own types; its header stays in the .cpp files.
struct sqlite3;
struct sqlite3_stmt;

namespace muster::registry::sqlite {

/// The failure that `db` last had, as ours: disk_full, registry_busy (locked for longer than we wait),
/// registry_damaged (its reason names the file), else registry_unavailable, whose reason `doing` leads.
Error last_error(sqlite3* db, std::string_view doing);

/// One use of a prepared statement: bind in the order of the placeholders, step, read columns in their order.
/// Gives the statement back, reset, when it goes. Not thread-safe; borrows from the Connection that made it.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_{statement} {}
  Statement(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  /// A bind that fails (out of memory, over the size limit) is reported by the next step().
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint32_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::uint8_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::int32_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(bool value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::string_view value);
  Statement& bind(const std::string& value) { return bind(std::string_view{value}); }
  Statement& bind(const char* value) = delete;  // Would be taken for a bool.
  Statement& bind(ByteView value);
  Statement& bind(WallTime value) {
    return bind(static_cast<std::int64_t>(value.time_since_epoch().count()));
  }
  Statement& bind_null();

  /// True when there is a row to read.
  Result<bool> step();
  /// For statements without rows.
  Result<void> run();

  std::int64_t integer();
  bool flag() { return integer() != 0; }
  std::string text();
  Bytes blob();
  WallTime wall_time() { return WallTime{std::chrono::microseconds{integer()}}; }
  /// Whether the next column is NULL; does not move on.
  bool next_is_null() const;
  void skip(int columns) { column_ += columns; }

  /// Ids were parsed before they were stored; one that no longer parses is a damaged file, and ends the
  /// process.
  ServiceName service_name();
  RegistrationId registration_id();
  EnrollmentGroupId group_id();
  CertificateName certificate_name();
  DeviceId device_id();

 private:
  void note(int status);

  sqlite3_stmt* statement_;
  int parameter_ = 0;
  int column_ = 0;
  int bind_status_ = 0;  ///< The first that was not SQLITE_OK.
};

}  // namespace muster::registry::sqlite
