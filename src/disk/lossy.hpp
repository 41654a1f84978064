#pragma once

#include "base/random.hpp"
#include "disk/file.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

namespace muster::disk {

enum class OperationKind : std::uint8_t {
  open,
  create,
  write,
  read,
  sync,
  truncate,
  rename,
  remove,
  sync_directory,
  other
};

/// One call on the disk or on one of its files, as a fault rule sees it before it is done.
struct Operation {
  OperationKind kind;
  std::string path;
  std::uint64_t index;  ///< Zero-based, over all operations of this disk.
};

/// Decides whether an operation fails, and how: nullopt lets it be done.
using FaultRule = std::function<std::optional<ErrorCode>(const Operation&)>;

/// A tree in memory that forgets as a power cut makes a real one forget. What was written and what was synced
/// are kept apart, by 512-byte sectors; a sector is never mixed, since disks promise that much. For tests and
/// the simulator.
///
/// A failed write leaves a part of its sectors written. A failed sync drops the file's unsynced sectors: they
/// can still be read, and no later sync makes them durable unless they are written again, which is what Linux
/// does. Threads: all members may be called from any thread.
class LossyDisk final : public Disk {
 public:
  static constexpr std::size_t kSectorBytes = 512;

  /// An empty tree. `seed` decides everything that is left to chance.
  explicit LossyDisk(std::uint64_t seed);
  ~LossyDisk() override;

  /// The tree that would be found after a power cut now, all of it durable. Each unsynced write is kept,
  /// lost, torn or overtaken by a later one; unsynced creations, renames and removals may be lost. This disk
  /// is left as it is.
  std::unique_ptr<LossyDisk> crash();

  /// Asked before each operation; nullptr for none. A rule must not call the disk.
  void set_fault(FaultRule rule);
  /// Fails the `nth` operation from now (zero-based) with `code`, once.
  void fail_operation(std::uint64_t nth, ErrorCode code);
  /// Cuts the power at the `nth` operation from now (zero-based): it and all after it fail with io_failed and
  /// change nothing, but for a write that is under way. What crash() then leaves is decided as ever.
  void cut_power_at(std::uint64_t nth);
  bool power_is_cut() const;
  /// The power comes back and nothing is lost: what a killed process leaves, whose kernel lives on.
  void restore_power();
  /// Syncs succeed and do nothing, as on a disk whose cache is volatile and denies it. For proving that a
  /// test would notice.
  void ignore_syncs();
  /// Operations begun so far.
  std::uint64_t operation_count() const;
  /// Beyond this many bytes in all files, a write that extends one fails with disk_full.
  void set_capacity(std::uint64_t bytes);
  /// Flips one bit of what is on the disk, as decay would: in what is read now and in what a crash leaves.
  /// False when the file has no such byte.
  bool flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> remove(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> make_directory(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::uint64_t> free_bytes(const std::string& path) override;

 private:
  friend class LossyFile;
  struct Tree;
  std::shared_ptr<Tree> tree_;
};

}  // namespace muster::disk
