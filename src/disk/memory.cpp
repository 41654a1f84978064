#include "disk/file.hpp"
#include "disk/path.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <mutex>
#include <set>

namespace muster::disk {
namespace {

/// What a path names. Open files share it, so that one that is removed can still be read, as on Linux.
struct Node {
  std::mutex mutex;
  Bytes content;
};

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<Node> node, std::string path, bool writable)
      : node_{std::move(node)}, path_{std::move(path)}, writable_{writable} {}

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    MUSTER_CHECK(check_writable("writing"));
    if (bytes.empty()) return {};
    const std::lock_guard lock{node_->mutex};
    const std::size_t end = static_cast<std::size_t>(offset) + bytes.size();
    if (node_->content.size() < end) node_->content.resize(end);
    std::memcpy(node_->content.data() + offset, bytes.data(), bytes.size());
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const std::lock_guard lock{node_->mutex};
    if (offset >= node_->content.size() || into.empty()) return 0;
    const std::size_t count = std::min(into.size(), node_->content.size() - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), node_->content.data() + offset, count);
    return count;
  }

  Result<void> sync_data() override { return {}; }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock{node_->mutex};
    return node_->content.size();
  }

  Result<void> truncate(std::uint64_t size) override {
    MUSTER_CHECK(check_writable("truncating"));
    const std::lock_guard lock{node_->mutex};
    node_->content.resize(static_cast<std::size_t>(size));
    return {};
  }

 private:
  Result<void> check_writable(std::string_view doing) const {
    if (writable_) return {};
    return failure(ErrorCode::io_failed, fmt::format("{} {}: it was opened for reading only", doing, path_));
  }

  std::shared_ptr<Node> node_;
  std::string path_;
  bool writable_;
};

tl::unexpected<Error> missing(std::string_view doing, const std::string& path) {
  return failure(ErrorCode::file_unreadable, fmt::format("{} {}: No such file or directory", doing, path));
}

class MemoryDisk final : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const std::lock_guard lock{mutex_};
    const auto found = files_.find(path);
    if (mode != OpenMode::create_new) {
      if (found == files_.end()) return missing("opening", path);
      return std::make_unique<MemoryFile>(found->second, path, mode == OpenMode::read_write);
    }
    if (found != files_.end() || directories_.contains(path)) {
      return failure(ErrorCode::file_exists, fmt::format("creating {}: File exists", path));
    }
    if (!directories_.contains(parent_of(path))) return missing("creating", path);
    const auto node = std::make_shared<Node>();
    files_.emplace(path, node);
    return std::make_unique<MemoryFile>(node, path, true);
  }

  Result<bool> exists(const std::string& path) override {
    const std::lock_guard lock{mutex_};
    return files_.contains(path) || directories_.contains(trimmed(path));
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    const std::lock_guard lock{mutex_};
    const std::string wanted = trimmed(directory);
    if (!directories_.contains(wanted)) return missing("listing", directory);
    std::vector<std::string> names;
    for (const auto& [path, node] : files_) {
      if (parent_of(path) == wanted) names.push_back(name_of(path));
    }
    for (const std::string& path : directories_) {
      if (path != "/" && path != "." && parent_of(path) == wanted) names.push_back(name_of(path));
    }
    std::ranges::sort(names);
    return names;
  }

  Result<void> remove(const std::string& path) override {
    const std::lock_guard lock{mutex_};
    if (files_.erase(path) > 0) return {};
    const std::string directory = trimmed(path);
    if (!directories_.contains(directory)) return missing("removing", path);
    const auto inside = [&directory](const std::string& other) { return parent_of(other) == directory; };
    if (std::ranges::any_of(directories_, inside) ||
        std::ranges::any_of(files_, inside, &decltype(files_)::value_type::first)) {
      return failure(ErrorCode::io_failed, fmt::format("removing {}: Directory not empty", path));
    }
    directories_.erase(directory);
    return {};
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock{mutex_};
    const auto found = files_.find(from);
    if (found == files_.end() || !directories_.contains(parent_of(to))) return missing("renaming", from);
    auto node = found->second;
    files_.erase(found);
    files_[to] = std::move(node);
    return {};
  }

  Result<void> make_directory(const std::string& path) override {
    const std::lock_guard lock{mutex_};
    for (std::string at = trimmed(path); !directories_.contains(at); at = parent_of(at)) {
      if (files_.contains(at)) return missing("making directory", path);
      directories_.insert(at);
    }
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const std::lock_guard lock{mutex_};
    if (!directories_.contains(trimmed(path))) return missing("syncing directory", path);
    return {};
  }

  Result<std::uint64_t> free_bytes(const std::string&) override {
    return std::numeric_limits<std::uint64_t>::max() / 2;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Node>> files_;
  std::set<std::string> directories_{"/", "."};
};

}  // namespace

std::unique_ptr<Disk> make_memory_disk() { return std::make_unique<MemoryDisk>(); }

}  // namespace muster::disk
