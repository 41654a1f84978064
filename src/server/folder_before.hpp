#pragma once

#include "disk/file.hpp"
#include "server/world_paths.hpp"

#include <set>
#include <string>
#include <vector>

namespace muster::server {

/// What was there before the first start of a world, so that a start that fails can take away what it has
/// made and nothing else. Borrows the disk.
class FolderBefore {
 public:
  /// Looks which folders on the way to the world's are missing, and whether there is a lock.
  static Result<FolderBefore> look(disk::Disk& disk, WorldPaths paths);
  /// Looks at what the folder holds. Call it with the world's lock held: from then on nobody else makes
  /// anything there.
  Result<void> look_inside();
  /// Removes what has come since, deepest first. Before look_inside only folders that are empty. What cannot
  /// be removed is logged.
  void restore() const;

 private:
  FolderBefore(disk::Disk& disk, WorldPaths paths) : disk_{&disk}, paths_{std::move(paths)} {}

  disk::Disk* disk_;
  WorldPaths paths_;
  std::vector<std::string> missing_folders_;  ///< Deepest first.
  bool had_lock_ = false;
  bool looked_inside_ = false;
  std::set<std::string> held_;
};

}  // namespace muster::server
