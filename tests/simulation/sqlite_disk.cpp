#include "sqlite_disk.hpp"

#include "disk/path.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <set>
#include <vector>

namespace muster::simulation {

struct SqliteDisk::Shared {
  std::map<const void*, int> levels;  ///< Of the database file's lock, by who holds it.
  std::vector<std::vector<std::byte>> regions;
  std::array<std::set<const void*>, SQLITE_SHM_NLOCK> readers;
  std::array<const void*, SQLITE_SHM_NLOCK> writers{};
};

namespace {

/// What SQLite sees of an open file. It gives the memory, and knows no destructor.
struct OpenFile {
  sqlite3_file base;
  struct State {
    SqliteDisk* owner;
    std::unique_ptr<disk::File> file;
    std::string path;
    bool directory_unsynced;  ///< It was made here: its first sync covers its name, as in SQLite's unix VFS.
    bool remove_at_close;
    std::shared_ptr<SqliteDisk::Shared> shared;
  };
  State* state;
};

OpenFile::State& state_of(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file)->state; }
SqliteDisk& owner_of(sqlite3_vfs* vfs) { return *static_cast<SqliteDisk*>(vfs->pAppData); }

int status_of(const Result<void>& done, int otherwise) {
  if (done) return SQLITE_OK;
  return done.error().code() == ErrorCode::disk_full ? SQLITE_FULL : otherwise;
}

int close_file(sqlite3_file* file) {
  auto* open = reinterpret_cast<OpenFile*>(file);
  OpenFile::State& state = *open->state;
  state.shared->levels.erase(open);
  if (state.remove_at_close) (void)state.owner->disk().remove(state.path);
  delete open->state;
  open->state = nullptr;
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  const std::span bytes{static_cast<std::byte*>(into), static_cast<std::size_t>(size)};
  const auto got = state_of(file).file->read_at(static_cast<std::uint64_t>(offset), bytes);
  if (!got) return SQLITE_IOERR_READ;
  if (*got == bytes.size()) return SQLITE_OK;
  std::ranges::fill(bytes.subspan(*got), std::byte{0});
  return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const ByteView bytes{static_cast<const std::byte*>(from), static_cast<std::size_t>(size)};
  return status_of(state_of(file).file->write_at(static_cast<std::uint64_t>(offset), bytes),
                   SQLITE_IOERR_WRITE);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return status_of(state_of(file).file->truncate(static_cast<std::uint64_t>(size)), SQLITE_IOERR_TRUNCATE);
}

int sync_file(sqlite3_file* file, int) {
  OpenFile::State& state = state_of(file);
  if (!state.file->sync_data()) return SQLITE_IOERR_FSYNC;
  if (!state.directory_unsynced) return SQLITE_OK;
  if (!state.owner->disk().sync_directory(disk::parent_of(state.path))) return SQLITE_IOERR_DIR_FSYNC;
  state.directory_unsynced = false;
  return SQLITE_OK;
}

int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  const auto found = state_of(file).file->size();
  if (!found) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(*found);
  return SQLITE_OK;
}

/// The rules of SQLite's own locks: many SHARED, one RESERVED beside them, PENDING lets no more in, EXCLUSIVE
/// alone.
int lock_file(sqlite3_file* file, int wanted) {
  auto& levels = state_of(file).shared->levels;
  int& mine = levels.try_emplace(file, SQLITE_LOCK_NONE).first->second;
  if (mine >= wanted) return SQLITE_OK;
  for (const auto& [other, level] : levels) {
    if (other == file) continue;
    const bool barred = wanted == SQLITE_LOCK_SHARED      ? level >= SQLITE_LOCK_PENDING
                        : wanted == SQLITE_LOCK_EXCLUSIVE ? level >= SQLITE_LOCK_SHARED
                                                          : level >= SQLITE_LOCK_RESERVED;
    if (barred) return SQLITE_BUSY;
  }
  mine = wanted;
  return SQLITE_OK;
}

int unlock_file(sqlite3_file* file, int level) {
  int& mine = state_of(file).shared->levels[file];
  mine = std::min(mine, level);
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* reserved) {
  const auto& levels = state_of(file).shared->levels;
  *reserved =
      std::ranges::any_of(levels, [](const auto& held) { return held.second >= SQLITE_LOCK_RESERVED; });
  return SQLITE_OK;
}

int control_file(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return 4096; }
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_shared(sqlite3_file* file, int index, int size, int extend, void volatile** region) {
  auto& regions = state_of(file).shared->regions;
  const auto wanted = static_cast<std::size_t>(index);
  *region = nullptr;
  if (wanted >= regions.size()) {
    if (extend == 0) return SQLITE_OK;
    while (wanted >= regions.size()) regions.emplace_back(static_cast<std::size_t>(size));
  }
  *region = regions[wanted].data();
  return SQLITE_OK;
}

int lock_shared(sqlite3_file* file, int first, int count, int flags) {
  SqliteDisk::Shared& shared = *state_of(file).shared;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (auto slot = static_cast<std::size_t>(first); slot < static_cast<std::size_t>(first + count); ++slot) {
    auto& readers = shared.readers[slot];
    auto& writer = shared.writers[slot];
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      if (exclusive && writer == file) writer = nullptr;
      if (!exclusive) readers.erase(file);
      continue;
    }
    const bool others = readers.size() > readers.count(file);
    if ((writer != nullptr && writer != file) || (exclusive && others)) return SQLITE_BUSY;
  }
  if ((flags & SQLITE_SHM_UNLOCK) != 0) return SQLITE_OK;
  for (auto slot = static_cast<std::size_t>(first); slot < static_cast<std::size_t>(first + count); ++slot) {
    if (exclusive) {
      shared.writers[slot] = file;
    } else {
      shared.readers[slot].insert(file);
    }
  }
  return SQLITE_OK;
}

void shared_barrier(sqlite3_file*) {}

int unmap_shared(sqlite3_file* file, int remove) {
  SqliteDisk::Shared& shared = *state_of(file).shared;
  for (auto& readers : shared.readers) readers.erase(file);
  for (auto& writer : shared.writers) {
    if (writer == file) writer = nullptr;
  }
  if (remove != 0) shared.regions.clear();
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods{.iVersion = 2,
                                  .xClose = close_file,
                                  .xRead = read_file,
                                  .xWrite = write_file,
                                  .xTruncate = truncate_file,
                                  .xSync = sync_file,
                                  .xFileSize = size_of_file,
                                  .xLock = lock_file,
                                  .xUnlock = unlock_file,
                                  .xCheckReservedLock = check_reserved,
                                  .xFileControl = control_file,
                                  .xSectorSize = sector_size,
                                  .xDeviceCharacteristics = characteristics,
                                  .xShmMap = map_shared,
                                  .xShmLock = lock_shared,
                                  .xShmBarrier = shared_barrier,
                                  .xShmUnmap = unmap_shared,
                                  .xFetch = nullptr,
                                  .xUnfetch = nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  SqliteDisk& owner = owner_of(vfs);
  file->pMethods = nullptr;
  if (name == nullptr) return SQLITE_CANTOPEN;  // A temporary file: the registry keeps those in memory.
  const bool writable = (flags & SQLITE_OPEN_READWRITE) != 0;
  auto opened = owner.disk().open(name, writable ? disk::OpenMode::read_write : disk::OpenMode::read);
  bool created = false;
  if (!opened && opened.error().code() == ErrorCode::file_unreadable && (flags & SQLITE_OPEN_CREATE) != 0) {
    opened = owner.disk().open(name, disk::OpenMode::create_new);
    created = opened.has_value();
  }
  if (!opened) return SQLITE_CANTOPEN;
  const bool database = (flags & SQLITE_OPEN_MAIN_DB) != 0 && writable;  // As Connection::open does.
  if (database && !owner.disk().sync_directory(disk::parent_of(name))) return SQLITE_CANTOPEN;
  const bool journal =
      (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  auto* open = reinterpret_cast<OpenFile*>(file);
  open->state = new OpenFile::State{&owner,
                                    std::move(*opened),
                                    name,
                                    created && journal,
                                    (flags & SQLITE_OPEN_DELETEONCLOSE) != 0,
                                    owner.shared(name)};
  open->base.pMethods = &kMethods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  disk::Disk& disk = owner_of(vfs).disk();
  const auto removed = disk.remove(name);
  if (!removed && removed.error().code() == ErrorCode::file_unreadable) return SQLITE_IOERR_DELETE_NOENT;
  if (!removed) return SQLITE_IOERR_DELETE;
  if (sync_directory == 0) return SQLITE_OK;
  return disk.sync_directory(disk::parent_of(name)) ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

int access_file(sqlite3_vfs* vfs, const char* name, int, int* there) {
  const auto found = owner_of(vfs).disk().exists(name);
  if (!found) return SQLITE_IOERR_ACCESS;
  *there = *found ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int size, char* into) {
  if (std::strlen(name) + 1 > static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::strcpy(into, name);
  return SQLITE_OK;
}

/// SQLite's chance is the test's: sqlite3_test_control seeds it.
int randomness(sqlite3_vfs*, int size, char* into) {
  std::memset(into, 7, static_cast<std::size_t>(size));
  return size;
}

int no_sleep(sqlite3_vfs*, int microseconds) { return microseconds; }

int current_time(sqlite3_vfs*, sqlite3_int64* milliseconds) {
  *milliseconds = 212'000'000'000'000;  // Some Julian day; the registry stores the times that it is given.
  return SQLITE_OK;
}

}  // namespace

SqliteDisk::SqliteDisk(disk::Disk& disk)
    : disk_{disk}, name_{fmt::format("muster-test-{}", static_cast<void*>(this))} {
  vfs_ = std::make_unique<sqlite3_vfs>();
  std::memset(vfs_.get(), 0, sizeof(sqlite3_vfs));
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(OpenFile);
  vfs_->mxPathname = 512;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = open_file;
  vfs_->xDelete = delete_file;
  vfs_->xAccess = access_file;
  vfs_->xFullPathname = full_path;
  vfs_->xRandomness = randomness;
  vfs_->xSleep = no_sleep;
  vfs_->xCurrentTimeInt64 = current_time;
  sqlite3_vfs_register(vfs_.get(), 0);
}

SqliteDisk::~SqliteDisk() { sqlite3_vfs_unregister(vfs_.get()); }

std::shared_ptr<SqliteDisk::Shared> SqliteDisk::shared(const std::string& path) {
  auto& held = shared_[path];
  if (!held) held = std::make_shared<Shared>();
  return held;
}

}  // namespace muster::simulation
