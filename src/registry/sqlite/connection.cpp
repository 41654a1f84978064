#include "registry/sqlite/connection.hpp"

#include "base/assert.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace muster::registry::sqlite {
namespace {

constexpr int kPageBytes = 4096;          // SQLite's default, which the schema leaves alone.
constexpr int kRewriteBytes = 64 * 1024;  // At a time; beyond 128 KiB SQLite writes a part.

tl::unexpected<Error> of_system(std::string_view doing, const std::string& path) {
  return failure(errno == ENOSPC ? ErrorCode::disk_full : ErrorCode::registry_unavailable,
                 fmt::format("{} {}: {}", doing, path, std::strerror(errno)));
}

/// SQLite syncs the directory when it has made a file in it; a process that made one and failed there leaves
/// that to the next.
Result<void> sync_directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return of_system("opening", directory);
  const int status = ::fsync(file);
  const Result<void> synced = status == 0 ? Result<void>{} : of_system("syncing", directory);
  ::close(file);
  return synced;
}

/// SQLite makes files 0644 less the umask, and gives the write-ahead log and its index the mode of the
/// database. Keys of devices are in all three, so the database is made here first.
Result<void> make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return of_system("opening", path);
  ::close(file);
  return sync_directory_of(path);
}

Error file_error(sqlite3* db, int status, std::string_view doing) {
  return Error{(status & 0xff) == SQLITE_FULL ? ErrorCode::disk_full : ErrorCode::registry_unavailable,
               fmt::format("{} {}: {} (SQLite {})", doing, sqlite3_db_filename(db, "main"),
                           sqlite3_errstr(status), status)};
}

/// The file that SQLite has open: the database's, or its write-ahead log's.
sqlite3_file* file_of(sqlite3* db, int which) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db, "main", which, &file);
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

Result<std::int64_t> size_of(sqlite3* db, sqlite3_file* file) {
  sqlite3_int64 size = 0;
  if (file == nullptr) return 0;
  const int status = file->pMethods->xFileSize(file, &size);
  if (status != SQLITE_OK) return failure(file_error(db, status, "reading the size of"));
  return size;
}

/// Writes what the file holds to where it stands, and syncs it.
Result<void> write_again(sqlite3* db, sqlite3_file* file, std::int64_t size) {
  Bytes bytes(static_cast<std::size_t>(std::min<std::int64_t>(size, kRewriteBytes)));
  for (std::int64_t at = 0; at < size; at += kRewriteBytes) {
    const int count = static_cast<int>(std::min<std::int64_t>(size - at, kRewriteBytes));
    int status = file->pMethods->xRead(file, bytes.data(), count, at);
    if (status == SQLITE_OK) status = file->pMethods->xWrite(file, bytes.data(), count, at);
    if (status != SQLITE_OK) return failure(file_error(db, status, "writing anew"));
  }
  const int status = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (status != SQLITE_OK) return failure(file_error(db, status, "syncing"));
  return {};
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Role role, const char* vfs) {
  if (vfs == nullptr) {
    MUSTER_CHECK(make_private_file(path));
  }
  sqlite3* db = nullptr;
  // NOMUTEX: each connection is one thread's, SQLite need not lock for it.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (vfs == nullptr ? 0 : SQLITE_OPEN_CREATE);
  const int status = sqlite3_open_v2(path.c_str(), &db, flags, vfs);
  std::unique_ptr<Connection> connection{new Connection{db, role}};
  if (status != SQLITE_OK) return failure(last_error(db, "opening " + path));
  sqlite3_busy_timeout(db, role == Role::near ? 0 : kBusyTimeoutMs);
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
  MUSTER_CHECK(execute(pragmas.c_str()));
  return writer ? make_durable() : Result<void>{};
}

/// An earlier process may have failed to sync what is read here: Linux then keeps it in memory, marked as
/// clean, and what is committed behind it would be lost with it, acknowledged or not. Written again, it is
/// durable. The log is the only file that commits are written to; the database is written by checkpoints,
/// which begin anew with each process, but for its first page, which is made before there is a log.
Result<void> Connection::make_durable() {
  MUSTER_CHECK(execute("BEGIN IMMEDIATE"));
  const auto rewrite = [this]() -> Result<void> {
    sqlite3_file* database = file_of(db_, SQLITE_FCNTL_FILE_POINTER);
    sqlite3_file* log = file_of(db_, SQLITE_FCNTL_JOURNAL_POINTER);
    MUSTER_TRY(const std::int64_t database_size, size_of(db_, database));
    if (database_size > 0 && database_size <= kPageBytes) {
      MUSTER_CHECK(write_again(db_, database, database_size));
    }
    MUSTER_TRY(const std::int64_t log_size, size_of(db_, log));
    return log_size > 0 ? write_again(db_, log, log_size) : Result<void>{};
  };
  const Result<void> done = rewrite();
  MUSTER_CHECK(execute("ROLLBACK"));
  return done;
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
