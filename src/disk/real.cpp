#include "disk/file.hpp"
#include "disk/path.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace muster::disk {
namespace {

ErrorCode code_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::disk_full;
    case EEXIST:
      return ErrorCode::file_exists;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::file_unreadable;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::permission_denied;
    default:
      return ErrorCode::io_failed;
  }
}

/// "writing /x/y: No space left on device". `error` is the errno of the call that failed.
tl::unexpected<Error> failed(std::string_view doing, const std::string& path, int error) {
  return failure(code_of(error),
                 fmt::format("{} {}: {}", doing, path, std::generic_category().message(error)));
}

/// One descriptor, closed with its owner. A failed close is not reported: nothing here relies on it
/// (sync_data does that).
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_{fd} {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int open_retrying(const std::string& path, int flags) {
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

class RealFile final : public File {
 public:
  RealFile(int fd, std::string path) : descriptor_{fd}, path_{std::move(path)} {}

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("writing", path_, errno);
      offset += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("reading", path_, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  Result<void> sync_data() override {
    // Not retried on EINTR either: whether the pages were written is unknown, and a second call may say "yes"
    // falsely.
    if (::fdatasync(descriptor_.get()) != 0) return failed("syncing", path_, errno);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat facts {};
    if (::fstat(descriptor_.get(), &facts) != 0) return failed("reading the size of", path_, errno);
    return static_cast<std::uint64_t>(facts.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    int outcome = 0;
    do {
      outcome = ::ftruncate(descriptor_.get(), static_cast<off_t>(size));
    } while (outcome != 0 && errno == EINTR);
    if (outcome != 0) return failed("truncating", path_, errno);
    return {};
  }

 private:
  Descriptor descriptor_;
  std::string path_;
};

class RealDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const int flags = mode == OpenMode::read         ? O_RDONLY
                      : mode == OpenMode::read_write ? O_RDWR
                                                     : O_RDWR | O_CREAT | O_EXCL;
    const int fd = open_retrying(path, flags);
    if (fd < 0) return failed(mode == OpenMode::create_new ? "creating" : "opening", path, errno);
    return std::make_unique<RealFile>(fd, path);
  }

  Result<bool> exists(const std::string& path) override {
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return failed("looking for", path, errno);
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::opendir(directory.c_str()), ::closedir};
    if (!stream) return failed("listing", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno != 0) return failed("listing", directory, errno);
    std::ranges::sort(names);
    return names;
  }

  Result<void> remove(const std::string& path) override {
    if (std::remove(path.c_str()) != 0) return failed("removing", path, errno);
    return {};
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failed("renaming " + from + " to", to, errno);
    return {};
  }

  Result<void> make_directory(const std::string& path) override {
    for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string prefix = path.substr(0, end);
      if (::mkdir(prefix.c_str(), 0700) != 0 && errno != EEXIST) {
        return failed("making directory", prefix, errno);
      }
      if (end == std::string::npos) break;
    }
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return failed("making directory", path, errno);
    if (!S_ISDIR(facts.st_mode)) return failed("making directory", path, ENOTDIR);
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor directory{open_retrying(path, O_RDONLY | O_DIRECTORY)};
    if (directory.get() < 0) return failed("opening directory", path, errno);
    if (::fsync(directory.get()) != 0) return failed("syncing directory", path, errno);
    return {};
  }

  Result<std::uint64_t> free_bytes(const std::string& path) override {
    struct statvfs facts {};
    if (::statvfs(path.c_str(), &facts) != 0) return failed("reading the free space of", path, errno);
    return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
  }
};

}  // namespace

std::unique_ptr<Disk> make_real_disk() { return std::make_unique<RealDisk>(); }

}  // namespace muster::disk
