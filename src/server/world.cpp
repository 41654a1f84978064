#include "server/world.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace muster::server {
namespace {

constexpr int kWorldFormat = 1;
constexpr std::uint64_t kFormatBytesMax = 4096;

/// What every whole world has. The event log and the registry say themselves when they are damaged.
constexpr std::array kNeeded{"registry.db",          "server/ca.pem",        "server/ca.key",
                             "server/server-ec.pem", "server/server-ec.key", "server/server-rsa.pem",
                             "server/server-rsa.key"};

/// What only a world that was begun has; the rest of a world's names may be a person's own preparations.
constexpr std::array kBegun{"registry.db", "events", "server"};

/// Files that a making may have left before it was cut off; anything else in the folder is not ours.
bool is_ours(const std::string& name) {
  constexpr std::array kNames{
      "muster.json", "world.json",      "control.sock",    "lock",   "certs", "device",           "server",
      "registry.db", "registry.db-wal", "registry.db-shm", "events", "run",   "world-format.json"};
  return std::ranges::any_of(kNames, [&](const char* ours) { return name == ours; }) ||
         name.ends_with(".tmp");
}

/// A making begins with the mark: a folder without one is fresh, or it is a world's that has lost it.
Result<WorldState> inspect_unmarked(disk::Disk& disk, const WorldPaths& paths) {
  MUSTER_TRY(const auto names, disk.list(paths.folder));
  for (const std::string& name : names) {
    if (!is_ours(name)) {
      return failure(ErrorCode::world_missing,
                     fmt::format("{} holds {}, which is not a world's", paths.folder, name));
    }
  }
  for (const char* begun : kBegun) {
    if (std::ranges::find(names, begun) == names.end()) continue;
    return failure(Error{ErrorCode::world_damaged,
                         fmt::format("{} is missing, though {} is there", paths.format(), paths.at(begun))}
                       .with_remedy(fmt::format("Restore {} from a backup (of a whole world it is the line "
                                                "{{\"format\": {}}}), or make a new world in another folder.",
                                                paths.format(), kWorldFormat)));
  }
  return names.empty() ? WorldState::absent : WorldState::unfinished;
}

Result<void> write_mark(disk::Disk& disk, const WorldPaths& paths, std::string_view more) {
  const std::string text = fmt::format("{{\"format\": {}{}}}\n", kWorldFormat, more);
  return disk::write_atomically(disk, paths.format(), as_bytes(text));
}

}  // namespace

Result<std::unique_ptr<WorldLock>> WorldLock::take(const WorldPaths& paths) {
  const bool made = ::access(paths.lock().c_str(), F_OK) != 0;
  const int descriptor = ::open(paths.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return failure(errno == EACCES ? ErrorCode::permission_denied : ErrorCode::io_failed,
                   fmt::format("{}: {}", paths.lock(), std::strerror(errno)));
  }
  std::unique_ptr<WorldLock> lock{new WorldLock{descriptor}};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const ssize_t size = ::pread(descriptor, holder.data(), holder.size() - 1, 0);
    const std::string pid{holder.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
    return failure(ErrorCode::world_in_use, fmt::format("{} is run by process {}", paths.folder,
                                                        pid.empty() ? "of unknown number" : pid));
  }
  const std::string pid = fmt::format("{}", ::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
    const int error = errno;
    if (made) ::unlink(paths.lock().c_str());
    errno = error;
    return failure(errno == ENOSPC ? ErrorCode::disk_full : ErrorCode::io_failed,
                   fmt::format("{}: {}", paths.lock(), std::strerror(errno)));
  }
  return lock;
}

WorldLock::~WorldLock() { ::close(descriptor_); }

Result<WorldState> inspect_world(disk::Disk& disk, const WorldPaths& paths) {
  MUSTER_TRY(const bool there, disk.exists(paths.folder));
  if (!there) return WorldState::absent;
  MUSTER_TRY(const bool marked, disk.exists(paths.format()));
  if (!marked) return inspect_unmarked(disk, paths);
  MUSTER_TRY(const Bytes bytes, disk::read_all(disk, paths.format(), kFormatBytesMax));
  const auto json = nlohmann::json::parse(as_text(bytes), nullptr, false);
  if (!json.is_object() || !json.contains("format") || !json["format"].is_number_integer()) {
    return failure(ErrorCode::world_damaged, fmt::format("{} does not say its format", paths.format()));
  }
  if (const auto format = json["format"].get<std::int64_t>(); format > kWorldFormat) {
    return failure(ErrorCode::world_newer,
                   fmt::format("{} has format {}, this muster knows {}", paths.folder, format, kWorldFormat));
  }
  if (json.contains("finished") && json["finished"] == false) return WorldState::unfinished;
  for (const char* name : kNeeded) {
    MUSTER_TRY(const bool present, disk.exists(paths.at(name)));
    if (!present) return failure(ErrorCode::world_damaged, fmt::format("{} is missing", paths.at(name)));
    MUSTER_TRY(const auto file, disk.open(paths.at(name), disk::OpenMode::read));
    MUSTER_TRY(const std::uint64_t size, file->size());
    // SQLite would take an empty file for a new database, and the world would come up with nothing in it.
    if (size == 0) return failure(ErrorCode::world_damaged, fmt::format("{} is empty", paths.at(name)));
  }
  return WorldState::whole;
}

Result<void> begin_world(disk::Disk& disk, const WorldPaths& paths) {
  return write_mark(disk, paths, ", \"finished\": false");
}

Result<void> finish_world(disk::Disk& disk, const WorldPaths& paths) { return write_mark(disk, paths, ""); }

}  // namespace muster::server
