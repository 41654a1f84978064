#pragma once

#include "disk/file.hpp"

#include <map>
#include <memory>
#include <string>

struct sqlite3_vfs;

namespace muster::simulation {

/// A disk::Disk as SQLite's file system, so that the registry's files can be torn, lost and made to fail like
/// the log's. Registered under name() while it lives, never as the default. Locks and the write-ahead log's
/// shared memory are plain memory: all connections are this process's and this thread's, and a new SqliteDisk
/// begins without them, as a new process does.
class SqliteDisk {
 public:
  explicit SqliteDisk(disk::Disk& disk);
  ~SqliteDisk();
  SqliteDisk(const SqliteDisk&) = delete;
  SqliteDisk& operator=(const SqliteDisk&) = delete;

  const char* name() const noexcept { return name_.c_str(); }

  struct Shared;  ///< What the connections to one database have in common.
  disk::Disk& disk() noexcept { return disk_; }
  std::shared_ptr<Shared> shared(const std::string& path);

 private:
  disk::Disk& disk_;
  std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  std::map<std::string, std::shared_ptr<Shared>> shared_;
};

}  // namespace muster::simulation
