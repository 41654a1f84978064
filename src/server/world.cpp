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

/// Files that a making may have left before it was cut off; anything else in the folder is not ours.
bool is_ours(const std::string& name) {
  constexpr std::array kNames{
      "muster.json", "world.json",      "control.sock",    "lock",   "certs", "device",           "server",
      "registry.db", "registry.db-wal", "registry.db-shm", "events", "run",   "world-format.json"};
  return std::ranges::any_of(kNames, [&](const char* ours) { return name == ours; }) ||
         name.ends_with(".tmp");
}

}  // namespace

Result<std::unique_ptr<WorldLock>> WorldLock::take(const WorldPaths& paths) {
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
  if (!marked) {
    MUSTER_TRY(const auto names, disk.list(paths.folder));
    for (const std::string& name : names) {
      if (!is_ours(name)) {
        return failure(ErrorCode::world_missing,
                       fmt::format("{} holds {}, which is not a world's", paths.folder, name));
      }
    }
    return names.empty() ? WorldState::absent : WorldState::unfinished;
  }
  MUSTER_TRY(const Bytes bytes, disk::read_all(disk, paths.format(), kFormatBytesMax));
  const auto json = nlohmann::json::parse(as_text(bytes), nullptr, false);
  if (!json.is_object() || !json.contains("format") || !json["format"].is_number_integer()) {
    return failure(ErrorCode::world_damaged, fmt::format("{} does not say its format", paths.format()));
  }
  if (const auto format = json["format"].get<std::int64_t>(); format > kWorldFormat) {
    return failure(ErrorCode::world_newer,
                   fmt::format("{} has format {}, this muster knows {}", paths.folder, format, kWorldFormat));
  }
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

Result<void> finish_world(disk::Disk& disk, const WorldPaths& paths) {
  const std::string text = fmt::format("{{\"format\": {}}}\n", kWorldFormat);
  return disk::write_atomically(disk, paths.format(), as_bytes(text));
}

}  // namespace muster::server
