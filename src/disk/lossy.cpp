#include "disk/lossy.hpp"

#include "disk/path.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <set>

namespace muster::disk {
namespace {

constexpr std::size_t kSector = LossyDisk::kSectorBytes;
using Sector = std::array<std::byte, kSector>;

/// One file: what is read now, what is surely on the disk, and each state in between that a sector has passed
/// through.
struct LossyNode {
  Bytes now;
  Bytes synced;
  std::map<std::uint64_t, std::vector<Sector>> pending;  ///< By sector number, oldest first.
  std::vector<std::uint64_t> pending_sizes;

  Sector sector_of(const Bytes& content, std::uint64_t number) const {
    Sector sector{};
    const std::size_t begin = static_cast<std::size_t>(number) * kSector;
    if (begin < content.size()) {
      std::memcpy(sector.data(), content.data() + begin, std::min(kSector, content.size() - begin));
    }
    return sector;
  }

  void note_sectors(std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t number = begin / kSector; number * kSector < end; ++number) {
      pending[number].push_back(sector_of(now, number));
    }
  }

  void write(std::uint64_t offset, ByteView bytes) {
    if (bytes.empty()) return;
    const std::uint64_t end = offset + bytes.size();
    if (now.size() < end) {
      now.resize(static_cast<std::size_t>(end));
      pending_sizes.push_back(end);
    }
    std::memcpy(now.data() + offset, bytes.data(), bytes.size());
    note_sectors(offset, end);
  }

  void truncate(std::uint64_t size) {
    const std::uint64_t before = now.size();
    now.resize(static_cast<std::size_t>(size));
    pending_sizes.push_back(size);
    if (size < before) note_sectors(size, before);
  }

  void sync() {
    synced.resize(now.size());
    for (const auto& [number, states] : pending) put(synced, number, states.back());
    pending.clear();
    pending_sizes.clear();
  }

  static void put(Bytes& content, std::uint64_t number, const Sector& sector) {
    const std::size_t begin = static_cast<std::size_t>(number) * kSector;
    if (begin >= content.size()) return;
    std::memcpy(content.data() + begin, sector.data(), std::min(kSector, content.size() - begin));
  }
};

using NodePtr = std::shared_ptr<LossyNode>;

/// A change of a directory that is not yet synced. A rename is one change: file systems journal it whole.
struct DirectoryChange {
  enum class Kind : std::uint8_t { create, remove, rename, directory } kind;
  std::string path;
  std::string from;  ///< Of a rename.
  NodePtr node;      ///< Of a creation or rename.
};

struct Names {
  std::map<std::string, NodePtr> files;
  std::set<std::string> directories{"/", "."};

  bool holds_something(const std::string& directory) const {
    const auto inside = [&directory](const std::string& path) { return parent_of(path) == directory; };
    return std::ranges::any_of(directories, inside) ||
           std::ranges::any_of(files, inside, &decltype(files)::value_type::first);
  }

  void apply(const DirectoryChange& change) {
    using Kind = DirectoryChange::Kind;
    if (change.kind == Kind::directory) {
      directories.insert(change.path);
      return;
    }
    if (change.kind == Kind::rename) {
      const auto old = files.find(change.from);
      if (old != files.end() && old->second == change.node) files.erase(old);
    }
    if (change.kind == Kind::remove) {
      files.erase(change.path);
      // Of what a power cut leaves: the removal of a directory never comes before that of what was in it.
      if (!holds_something(change.path)) directories.erase(change.path);
    } else {
      files[change.path] = change.node;
    }
  }
};

tl::unexpected<Error> missing(std::string_view doing, const std::string& path) {
  return failure(ErrorCode::file_unreadable, fmt::format("{} {}: No such file or directory", doing, path));
}

}  // namespace

struct LossyDisk::Tree {
  mutable std::mutex mutex;
  std::unique_ptr<Random> random;
  Names now;
  Names synced;
  std::vector<DirectoryChange> changes;
  FaultRule rule;
  std::uint64_t operations = 0;
  std::uint64_t cut_at = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t capacity = std::numeric_limits<std::uint64_t>::max();
  bool syncs_ignored = false;

  /// Counts the operation and asks the rule.
  Result<void> begin(OperationKind kind, std::string_view doing, const std::string& path) {
    const std::uint64_t index = operations++;
    if (index >= cut_at)
      return failure(ErrorCode::io_failed, fmt::format("{} {}: the power is cut", doing, path));
    if (!rule) return {};
    const std::optional<ErrorCode> code = rule(Operation{kind, path, index});
    if (!code) return {};
    return failure(*code, fmt::format("{} {}: injected at operation {}", doing, path, index));
  }

  std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, node] : now.files) bytes += node->now.size();
    return bytes;
  }

  void change(DirectoryChange made) {
    now.apply(made);
    changes.push_back(std::move(made));
  }

  /// The power went before the last operation, not at it.
  bool dark() const { return operations > cut_at + 1; }
  bool cut() const { return operations > cut_at; }

  bool chance() { return random->below(2) == 0; }

  enum class Mood : std::uint8_t { all_kept, all_lost, in_order, by_sector };

  /// What a power cut leaves of one file.
  Bytes survivor(const LossyNode& node) {
    const Mood mood = static_cast<Mood>(random->below(4));
    Bytes left = node.synced;
    std::uint64_t size = node.synced.size();
    if (mood == Mood::all_kept && !node.pending_sizes.empty()) size = node.now.size();
    if (mood == Mood::in_order || mood == Mood::by_sector) {
      const std::uint64_t pick = random->below(node.pending_sizes.size() + 1);
      if (pick > 0) size = node.pending_sizes[static_cast<std::size_t>(pick) - 1];
    }
    left.resize(static_cast<std::size_t>(size));
    if (mood == Mood::all_lost) return left;
    // In order: sectors up to one are all kept, those after it all lost (a write cut short). By sector: each
    // for itself, and at any of the states it passed through (writes that overtook one another).
    const std::uint64_t cut = random->below(node.pending.size() + 1);
    std::uint64_t seen = 0;
    for (const auto& [number, states] : node.pending) {
      const bool keep = mood == Mood::all_kept || (mood == Mood::in_order ? seen < cut : chance());
      ++seen;
      if (!keep) continue;
      const bool latest = mood != Mood::by_sector;
      const std::size_t state =
          latest ? states.size() - 1 : static_cast<std::size_t>(random->below(states.size()));
      LossyNode::put(left, number, states[state]);
    }
    return left;
  }

  Names surviving_names() {
    const Mood mood = static_cast<Mood>(random->below(4));
    const std::uint64_t cut = random->below(changes.size() + 1);
    Names names = synced;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const bool keep = mood == Mood::all_kept || (mood == Mood::in_order && i < cut) ||
                        (mood == Mood::by_sector && chance());
      // A creation that was lost and whose directory was not: nothing is left of it.
      if (keep && names.directories.contains(parent_of(changes[i].path))) names.apply(changes[i]);
    }
    return names;
  }
};

class LossyFile final : public File {
 public:
  LossyFile(std::shared_ptr<LossyDisk::Tree> tree, NodePtr node, std::string path, bool writable)
      : tree_{std::move(tree)}, node_{std::move(node)}, path_{std::move(path)}, writable_{writable} {}

  Result<void> write_at(std::uint64_t offset, ByteView bytes) override {
    const std::lock_guard lock{tree_->mutex};
    MUSTER_CHECK(check_writable("writing"));
    if (Result<void> begun = tree_->begin(OperationKind::write, "writing", path_); !begun) {
      const std::uint64_t sectors = bytes.size() / kSector;
      const std::uint64_t done = tree_->random->below(sectors + 1) * kSector;
      if (begun.error().code() != ErrorCode::disk_full && !tree_->dark()) {
        node_->write(offset, bytes.first(static_cast<std::size_t>(done)));
      }
      return begun;
    }
    const std::uint64_t end = offset + bytes.size();
    if (end > node_->now.size() && tree_->used() + (end - node_->now.size()) > tree_->capacity) {
      return failure(ErrorCode::disk_full, fmt::format("writing {}: No space left on device", path_));
    }
    node_->write(offset, bytes);
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const std::lock_guard lock{tree_->mutex};
    MUSTER_CHECK(tree_->begin(OperationKind::read, "reading", path_));
    if (offset >= node_->now.size() || into.empty()) return 0;
    const std::size_t count = std::min(into.size(), node_->now.size() - static_cast<std::size_t>(offset));
    std::memcpy(into.data(), node_->now.data() + offset, count);
    return count;
  }

  Result<void> sync_data() override {
    const std::lock_guard lock{tree_->mutex};
    if (Result<void> begun = tree_->begin(OperationKind::sync, "syncing", path_); !begun) {
      if (!tree_->cut()) {
        node_->pending.clear();
        node_->pending_sizes.clear();
      }
      return begun;
    }
    if (!tree_->syncs_ignored) node_->sync();
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard lock{tree_->mutex};
    MUSTER_CHECK(tree_->begin(OperationKind::other, "reading the size of", path_));
    return node_->now.size();
  }

  Result<void> truncate(std::uint64_t size) override {
    const std::lock_guard lock{tree_->mutex};
    MUSTER_CHECK(check_writable("truncating"));
    MUSTER_CHECK(tree_->begin(OperationKind::truncate, "truncating", path_));
    node_->truncate(size);
    return {};
  }

 private:
  Result<void> check_writable(std::string_view doing) const {
    if (writable_) return {};
    return failure(ErrorCode::io_failed, fmt::format("{} {}: it was opened for reading only", doing, path_));
  }

  std::shared_ptr<LossyDisk::Tree> tree_;
  NodePtr node_;
  std::string path_;
  bool writable_;
};

LossyDisk::LossyDisk(std::uint64_t seed) : tree_{std::make_shared<Tree>()} {
  tree_->random = make_seeded_random(seed);
}

LossyDisk::~LossyDisk() = default;

std::unique_ptr<LossyDisk> LossyDisk::crash() {
  const std::lock_guard lock{tree_->mutex};
  const std::uint64_t seed = tree_->random->below(std::numeric_limits<std::uint64_t>::max());
  auto after = std::make_unique<LossyDisk>(seed);
  after->tree_->capacity = tree_->capacity;
  after->tree_->syncs_ignored = tree_->syncs_ignored;
  Names names = tree_->surviving_names();
  std::map<NodePtr, NodePtr> copies;
  for (auto& [path, node] : names.files) {
    NodePtr& copy = copies[node];
    if (!copy) {
      copy = std::make_shared<LossyNode>();
      copy->synced = tree_->survivor(*node);
      copy->now = copy->synced;
    }
    node = copy;
  }
  after->tree_->now = names;
  after->tree_->synced = std::move(names);
  return after;
}

void LossyDisk::set_fault(FaultRule rule) {
  const std::lock_guard lock{tree_->mutex};
  tree_->rule = std::move(rule);
}

void LossyDisk::fail_operation(std::uint64_t nth, ErrorCode code) {
  const std::lock_guard lock{tree_->mutex};
  tree_->rule = [at = tree_->operations + nth, code](const Operation& operation) -> std::optional<ErrorCode> {
    if (operation.index == at) return code;
    return std::nullopt;
  };
}

void LossyDisk::cut_power_at(std::uint64_t nth) {
  const std::lock_guard lock{tree_->mutex};
  tree_->cut_at = tree_->operations + nth;
}

bool LossyDisk::power_is_cut() const {
  const std::lock_guard lock{tree_->mutex};
  return tree_->cut();
}

void LossyDisk::restore_power() {
  const std::lock_guard lock{tree_->mutex};
  tree_->cut_at = std::numeric_limits<std::uint64_t>::max();
}

void LossyDisk::ignore_syncs() {
  const std::lock_guard lock{tree_->mutex};
  tree_->syncs_ignored = true;
}

std::uint64_t LossyDisk::operation_count() const {
  const std::lock_guard lock{tree_->mutex};
  return tree_->operations;
}

void LossyDisk::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock{tree_->mutex};
  tree_->capacity = bytes;
}

bool LossyDisk::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  const std::lock_guard lock{tree_->mutex};
  const auto found = tree_->now.files.find(path);
  if (found == tree_->now.files.end() || offset >= found->second->now.size()) return false;
  const std::byte mask{static_cast<unsigned char>(1u << (bit % 8))};
  const std::size_t at = static_cast<std::size_t>(offset);
  found->second->now[at] ^= mask;
  if (at < found->second->synced.size()) found->second->synced[at] ^= mask;
  return true;
}

Result<std::unique_ptr<File>> LossyDisk::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock{tree_->mutex};
  const auto found = tree_->now.files.find(path);
  if (mode != OpenMode::create_new) {
    MUSTER_CHECK(tree_->begin(OperationKind::open, "opening", path));
    if (found == tree_->now.files.end()) return missing("opening", path);
    return std::make_unique<LossyFile>(tree_, found->second, path, mode == OpenMode::read_write);
  }
  MUSTER_CHECK(tree_->begin(OperationKind::create, "creating", path));
  if (found != tree_->now.files.end() || tree_->now.directories.contains(path)) {
    return failure(ErrorCode::file_exists, fmt::format("creating {}: File exists", path));
  }
  if (!tree_->now.directories.contains(parent_of(path))) return missing("creating", path);
  const auto node = std::make_shared<LossyNode>();
  tree_->change({DirectoryChange::Kind::create, path, {}, node});
  return std::make_unique<LossyFile>(tree_, node, path, true);
}

Result<bool> LossyDisk::exists(const std::string& path) {
  const std::lock_guard lock{tree_->mutex};
  MUSTER_CHECK(tree_->begin(OperationKind::other, "looking for", path));
  return tree_->now.files.contains(path) || tree_->now.directories.contains(trimmed(path));
}

Result<std::vector<std::string>> LossyDisk::list(const std::string& directory) {
  const std::lock_guard lock{tree_->mutex};
  MUSTER_CHECK(tree_->begin(OperationKind::other, "listing", directory));
  const std::string wanted = trimmed(directory);
  if (!tree_->now.directories.contains(wanted)) return missing("listing", directory);
  std::vector<std::string> names;
  for (const auto& [path, node] : tree_->now.files) {
    if (parent_of(path) == wanted) names.push_back(name_of(path));
  }
  for (const std::string& path : tree_->now.directories) {
    if (path != "/" && path != "." && parent_of(path) == wanted) names.push_back(name_of(path));
  }
  std::ranges::sort(names);
  return names;
}

Result<void> LossyDisk::remove(const std::string& path) {
  const std::lock_guard lock{tree_->mutex};
  MUSTER_CHECK(tree_->begin(OperationKind::remove, "removing", path));
  const std::string directory = trimmed(path);
  const bool is_directory = tree_->now.directories.contains(directory);
  if (!is_directory && !tree_->now.files.contains(path)) return missing("removing", path);
  if (is_directory && tree_->now.holds_something(directory)) {
    return failure(ErrorCode::io_failed, fmt::format("removing {}: Directory not empty", path));
  }
  tree_->change({DirectoryChange::Kind::remove, is_directory ? directory : path, {}, nullptr});
  return {};
}

Result<void> LossyDisk::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock{tree_->mutex};
  MUSTER_CHECK(tree_->begin(OperationKind::rename, "renaming", from));
  const auto found = tree_->now.files.find(from);
  if (found == tree_->now.files.end() || !tree_->now.directories.contains(parent_of(to))) {
    return missing("renaming", from);
  }
  tree_->change({DirectoryChange::Kind::rename, to, from, found->second});
  return {};
}

Result<void> LossyDisk::make_directory(const std::string& path) {
  const std::lock_guard lock{tree_->mutex};
  MUSTER_CHECK(tree_->begin(OperationKind::other, "making directory", path));
  std::vector<std::string> wanted;
  for (std::string at = trimmed(path); !tree_->now.directories.contains(at); at = parent_of(at)) {
    if (tree_->now.files.contains(at)) return missing("making directory", path);
    wanted.push_back(at);
  }
  for (auto at = wanted.rbegin(); at != wanted.rend(); ++at) {
    tree_->change({DirectoryChange::Kind::directory, *at, {}, nullptr});
  }
  return {};
}

Result<void> LossyDisk::sync_directory(const std::string& path) {
  const std::lock_guard lock{tree_->mutex};
  MUSTER_CHECK(tree_->begin(OperationKind::sync_directory, "syncing directory", path));
  const std::string wanted = trimmed(path);
  if (!tree_->now.directories.contains(wanted)) return missing("syncing directory", path);
  if (tree_->syncs_ignored) return {};
  std::erase_if(tree_->changes, [&](const DirectoryChange& change) {
    if (parent_of(change.path) != wanted) return false;
    tree_->synced.apply(change);
    return true;
  });
  return {};
}

Result<std::uint64_t> LossyDisk::free_bytes(const std::string& path) {
  const std::lock_guard lock{tree_->mutex};
  MUSTER_CHECK(tree_->begin(OperationKind::other, "reading the free space of", path));
  const std::uint64_t used = tree_->used();
  return used < tree_->capacity ? tree_->capacity - used : 0;
}

}  // namespace muster::disk
