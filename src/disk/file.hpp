#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace muster::disk {

/// An open file. Not thread-safe: one owner. Errors are disk_full (ENOSPC, EDQUOT) or io_failed, with path
/// and errno text.
class File {
 public:
  virtual ~File() = default;
  /// Writes all of `bytes` at `offset`, extending the file as needed. A failure leaves that range undefined.
  virtual Result<void> write_at(std::uint64_t offset, ByteView bytes) = 0;
  /// Reads up to `into.size()` bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;
  /// fdatasync. After a failure the caller must never sync this data again: Linux may have dropped the pages.
  virtual Result<void> sync_data() = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
};

enum class OpenMode : std::uint8_t { read, read_write, create_new };

/// The file system as muster sees it: what a directory tree needs and nothing more. Paths are absolute or
/// relative to the process. Threads: may be called from any thread; each File is one owner's.
class Disk {
 public:
  virtual ~Disk() = default;
  /// create_new makes the file with mode 0600 and fails with file_exists when it is there.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  /// Names in the directory, without . and .., sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  /// A file, or a directory that is empty.
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  /// Makes the directory and its parents, 0700. Not an error when it is there.
  virtual Result<void> make_directory(const std::string& path) = 0;
  /// fsync of a directory: makes creations, renames and removals in it durable.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Bytes that an unprivileged writer may still use on the file system that holds `path`.
  virtual Result<std::uint64_t> free_bytes(const std::string& path) = 0;
};

/// The kernel's file system.
std::unique_ptr<Disk> make_real_disk();
/// A tree in memory; everything written is "durable" at once. For tests.
std::unique_ptr<Disk> make_memory_disk();

/// Writes `bytes` to `path` so that after a crash there is the old content or the new, never a mix:
/// `path`.tmp, fsync, rename, fsync of the directory. When it returns, the new content is durable.
Result<void> write_atomically(Disk& disk, const std::string& path, ByteView bytes);
/// Whole file, at most `size_max` bytes (io_failed beyond it).
Result<Bytes> read_all(Disk& disk, const std::string& path, std::uint64_t size_max);

}  // namespace muster::disk
