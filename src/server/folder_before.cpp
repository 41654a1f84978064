#include "server/folder_before.hpp"

#include "base/log.hpp"
#include "disk/path.hpp"

#include <ranges>

namespace muster::server {
namespace {

/// A world's tree has three levels; a link that leads back into it would have no end.
constexpr int kLevelsMax = 8;

/// Adds everything below `folder`, each folder before what is in it. Nothing for a file.
void collect(disk::Disk& disk, const std::string& folder, int levels, std::vector<std::string>& found) {
  if (levels == 0) return;
  const auto names = disk.list(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    const std::string path = folder + "/" + name;
    found.push_back(path);
    collect(disk, path, levels - 1, found);
  }
}

void remove_or_say(disk::Disk& disk, const std::string& path) {
  const auto removed = disk.remove(path);
  if (removed || removed.error().code() == ErrorCode::file_unreadable) return;
  log::warning("server", "left behind by a start that failed file={} reason={}", log::field(path),
               log::field(removed.error().reason()));
}

}  // namespace

Result<FolderBefore> FolderBefore::look(disk::Disk& disk, WorldPaths paths) {
  FolderBefore before{disk, std::move(paths)};
  for (std::string folder = before.paths_.folder;; folder = disk::parent_of(folder)) {
    MUSTER_TRY(const bool there, disk.exists(folder));
    if (there) break;
    before.missing_folders_.push_back(folder);
  }
  MUSTER_TRY(before.had_lock_, disk.exists(before.paths_.lock()));
  return before;
}

Result<void> FolderBefore::look_inside() {
  std::vector<std::string> found;
  collect(*disk_, paths_.folder, kLevelsMax, found);
  held_ = {found.begin(), found.end()};
  looked_inside_ = true;
  return {};
}

void FolderBefore::restore() const {
  if (looked_inside_) {
    std::vector<std::string> found;
    collect(*disk_, paths_.folder, kLevelsMax, found);
    for (const std::string& path : std::views::reverse(found)) {
      if (!held_.contains(path)) remove_or_say(*disk_, path);
    }
    // Last, since it keeps others out.
    if (!had_lock_) remove_or_say(*disk_, paths_.lock());
  }
  for (const std::string& folder : missing_folders_) {
    if (const auto names = disk_->list(folder); names && names->empty()) remove_or_say(*disk_, folder);
  }
}

}  // namespace muster::server
