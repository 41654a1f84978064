#include "disk/file.hpp"

#include "disk/path.hpp"

namespace muster::disk {

Result<void> write_atomically(Disk& disk, const std::string& path, ByteView bytes) {
  const std::string temporary = path + ".tmp";
  // Left over from a crash in the middle of an earlier call.
  MUSTER_TRY(const bool stale, disk.exists(temporary));
  if (stale) {
    MUSTER_CHECK(disk.remove(temporary));
  }
  {
    MUSTER_TRY(const std::unique_ptr<File> file, disk.open(temporary, OpenMode::create_new));
    Result<void> written = file->write_at(0, bytes);
    if (written) written = file->sync_data();
    if (!written) {
      (void)disk.remove(temporary);  // The first failure is the one to report.
      return failure(std::move(written).error());
    }
  }
  MUSTER_CHECK(disk.rename(temporary, path));
  return disk.sync_directory(parent_of(path));
}

Result<Bytes> read_all(Disk& disk, const std::string& path, std::uint64_t size_max) {
  MUSTER_TRY(const std::unique_ptr<File> file, disk.open(path, OpenMode::read));
  MUSTER_TRY(const std::uint64_t size, file->size());
  if (size > size_max) {
    return failure(
        ErrorCode::io_failed,
        fmt::format("reading {}: it has {} bytes, more than the {} expected at most", path, size, size_max));
  }
  Bytes bytes(size);
  MUSTER_TRY(const std::size_t got, file->read_at(0, bytes));
  bytes.resize(got);
  return bytes;
}

}  // namespace muster::disk
