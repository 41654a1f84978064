#pragma once

#include "base/result.hpp"
#include "registry/sqlite/statement.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace muster::registry::sqlite {

/// `near` reads on a thread that must not wait: it waits for no lock.
enum class Role : std::uint8_t { writer, reader, near };

/// How long a connection waits for another process's lock. Our own never meet one: there is one writer.
inline constexpr int kBusyTimeoutMs = 5000;
/// Page cache of a connection. What the registry keeps in memory does not grow with the number of devices
/// beyond this.
inline constexpr int kWriterCacheKib = 8 * 1024;
inline constexpr int kReaderCacheKib = 4 * 1024;
/// Pages in the write-ahead log at which the writer copies them into the database: 16 MiB.
inline constexpr int kCheckpointPages = 4096;
/// What the write-ahead log is cut to after such a copy, should a long read have let it grow.
inline constexpr int kLogBytesMax = 64 * 1024 * 1024;

/// One connection to the database, with its prepared statements and its transactions. One thread at a time.
class Connection {
 public:
  /// Makes the file (0600) when it is not there. The schema is migrate()'s business. `vfs` names a file
  /// system that was registered with SQLite: that of a test, which makes its files itself; null is the
  /// kernel's.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, Role role,
                                                  const char* vfs = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sets WAL, synchronous FULL and the limits above; a writer makes durable what it finds. Apart from
  /// open(), so that a file of a newer muster is not touched.
  Result<void> configure();

  /// `sql` must live as long as the connection: a constant. It is prepared once; one use at a time.
  Result<Statement> prepare(const char* sql);
  /// Runs statements that are not worth keeping prepared.
  Result<void> execute(const char* sql);
  /// A pragma's or count's one number.
  Result<std::int64_t> number(const char* sql);

  /// Store::transaction. After a commit that could not be synced nothing is written any more: Linux may have
  /// dropped what was to be synced, and a second try would succeed without it (reliability.md 4.4).
  Result<void> transaction(const std::function<Result<void>()>& work);

 private:
  Connection(sqlite3* db, Role role) : db_{db}, role_{role} {}
  Result<void> make_durable();
  Result<void> outermost(const std::function<Result<void>()>& work);
  Result<void> savepoint(const std::function<Result<void>()>& work);
  Result<void> commit();
  /// SQLite ends the whole transaction by itself after some failures (disk full, I/O): what follows must not
  /// believe that it is still inside.
  Result<void> still_inside() const;

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  sqlite3* db_;
  Role role_;
  int depth_ = 0;
  bool sync_failed_ = false;
  std::optional<Error> ended_by_;  ///< What made SQLite end the open transaction.
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace muster::registry::sqlite
