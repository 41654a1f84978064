#include "registry/sqlite/connection.hpp"

#include "base/assert.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace muster::registry::sqlite {
namespace {

/// SQLite makes files 0644 less the umask, and gives the write-ahead log and its index the mode of the
/// database. Keys of devices are in all three, so the database is made here first. Its directory is synced by
/// SQLite with the first commit, when the log is new too.
Result<void> make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return failure(errno == ENOSPC ? ErrorCode::disk_full : ErrorCode::registry_unavailable,
                   fmt::format("opening {}: {}", path, std::strerror(errno)));
  }
  ::close(file);
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Role role) {
  MUSTER_CHECK(make_private_file(path));
  sqlite3* db = nullptr;
  // NOMUTEX: each connection is one thread's, SQLite need not lock for it.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int status = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Connection> connection{new Connection{db, role}};
  if (status != SQLITE_OK) return failure(last_error(db, "opening " + path));
  sqlite3_busy_timeout(db, kBusyTimeoutMs);
  return connection;
}

void Connection::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Connection::~Connection() {
  statements_.clear();
  const int status = sqlite3_close(db_);
  MUSTER_ASSERT(status == SQLITE_OK, "a statement outlived its connection");
}

Result<void> Connection::configure() {
  const bool writer = role_ == Role::writer;
  const std::string pragmas = fmt::format(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
      "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cache_size=-{};"
      "PRAGMA wal_autocheckpoint={}; PRAGMA journal_size_limit={}; PRAGMA query_only={};",
      writer ? kWriterCacheKib : kReaderCacheKib, kCheckpointPages, kLogBytesMax, writer ? "OFF" : "ON");
  return execute(pragmas.c_str());
}

Result<Statement> Connection::prepare(const char* sql) {
  if (depth_ > 0) {
    MUSTER_CHECK(still_inside());
  }
  auto& held = statements_[sql];
  if (!held) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) != SQLITE_OK) {
      return failure(last_error(db_, sql));
    }
    held.reset(made);
  }
  MUSTER_ASSERT(!sqlite3_stmt_busy(held.get()), "a prepared statement is used twice at once");
  return Statement{held.get()};
}

Result<void> Connection::execute(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure(last_error(db_, sql));
  return {};
}

Result<std::int64_t> Connection::number(const char* sql) {
  MUSTER_TRY(auto statement, prepare(sql));
  MUSTER_TRY(const bool row, statement.step());
  MUSTER_ASSERT(row, "a statement for one number has no row");
  return statement.integer();
}

Result<void> Connection::transaction(const std::function<Result<void>()>& work) {
  return depth_ == 0 ? outermost(work) : savepoint(work);
}

Result<void> Connection::still_inside() const {
  if (sqlite3_get_autocommit(db_) == 0) return {};
  if (ended_by_) return failure(*ended_by_);
  return failure(ErrorCode::registry_unavailable, "an earlier failure has ended the transaction");
}

Result<void> Connection::outermost(const std::function<Result<void>()>& work) {
  if (sync_failed_) {
    return failure(
        ErrorCode::registry_unavailable,
        "an earlier commit could not be synced to disk; nothing is written until muster is restarted");
  }
  // IMMEDIATE takes the write lock now: a transaction that reads first could not be promoted later.
  MUSTER_TRY(auto begin, prepare(role_ == Role::writer ? "BEGIN IMMEDIATE" : "BEGIN"));
  MUSTER_CHECK(begin.run());
  ended_by_.reset();
  ++depth_;
  Result<void> done = work();
  if (done) done = still_inside();
  --depth_;
  if (done) done = commit();
  if (!done && sqlite3_get_autocommit(db_) == 0) {
    MUSTER_CHECK(execute("ROLLBACK"));
  }
  return done;
}

Result<void> Connection::commit() {
  MUSTER_TRY(auto statement, prepare("COMMIT"));
  Result<void> done = statement.run();
  const int status = sqlite3_extended_errcode(db_);
  if (!done && (status == SQLITE_IOERR_FSYNC || status == SQLITE_IOERR_DIR_FSYNC)) sync_failed_ = true;
  return done;
}

Result<void> Connection::savepoint(const std::function<Result<void>()>& work) {
  {
    MUSTER_TRY(auto mark, prepare("SAVEPOINT inner"));
    MUSTER_CHECK(mark.run());
  }
  ++depth_;
  Result<void> done = work();
  if (done) done = still_inside();
  --depth_;
  if (!done && sqlite3_get_autocommit(db_) != 0 && !ended_by_) ended_by_ = done.error();
  MUSTER_CHECK(still_inside());
  if (!done) {
    MUSTER_TRY(auto back, prepare("ROLLBACK TO inner"));
    MUSTER_CHECK(back.run());
  }
  // Rolling back to a savepoint leaves it open. Names nest: this is the innermost of them.
  MUSTER_TRY(auto release, prepare("RELEASE inner"));
  MUSTER_CHECK(release.run());
  return done;
}

}  // namespace muster::registry::sqlite
