#pragma once

#include "disk/file.hpp"
#include "eventlog/event_log.hpp"

namespace muster::eventlog {

/// A log's directory as another process may read it while its owner writes: segments end where that one says
/// that the disk has them, later segments are not there, and nothing can be changed. What is read disturbs
/// nobody: no lock is taken and nothing is synced. `disk` outlives it.
class DurableView final : public disk::Disk {
 public:
  DurableView(disk::Disk& disk, DurableEnd end) : disk_{disk}, end_{end} {}

  Result<std::unique_ptr<disk::File>> open(const std::string& path, disk::OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> remove(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> make_directory(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override { return disk_.free_bytes(path); }

 private:
  /// It is a segment, or the index of one, that was begun after the end.
  bool hides(const std::string& path) const;

  disk::Disk& disk_;
  DurableEnd end_;
};

}  // namespace muster::eventlog
