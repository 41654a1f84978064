#include "eventlog/durable_view.hpp"

#include "disk/path.hpp"
#include "eventlog/format/segment_format.hpp"

#include <algorithm>

namespace muster::eventlog {
namespace {

tl::unexpected<Error> read_only(const std::string& path) {
  return failure(ErrorCode::io_failed, fmt::format("{}: the log of a running service is only read", path));
}

/// The live segment, as far as it is durable.
class CutFile final : public disk::File {
 public:
  CutFile(std::unique_ptr<disk::File> file, std::uint64_t end, std::string path)
      : file_{std::move(file)}, end_{end}, path_{std::move(path)} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset >= end_) return 0;
    return file_->read_at(
        offset, into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end_ - offset))));
  }
  Result<std::uint64_t> size() override {
    MUSTER_TRY(const std::uint64_t size, file_->size());
    return std::min(size, end_);
  }
  Result<void> write_at(std::uint64_t, ByteView) override { return read_only(path_); }
  Result<void> sync_data() override { return read_only(path_); }
  Result<void> truncate(std::uint64_t) override { return read_only(path_); }

 private:
  std::unique_ptr<disk::File> file_;
  std::uint64_t end_;
  std::string path_;
};

/// The number in a name like "00000000000000000042.segment" or ".index"; 0 for any other.
std::uint64_t number_in(const std::string& path) {
  std::string name = disk::name_of(path);
  constexpr std::string_view kIndex = ".index";
  if (name.ends_with(kIndex)) name.replace(name.size() - kIndex.size(), kIndex.size(), ".segment");
  return segment_number(name);
}

}  // namespace

bool DurableView::hides(const std::string& path) const { return number_in(path) > end_.segment; }

Result<std::unique_ptr<disk::File>> DurableView::open(const std::string& path, disk::OpenMode mode) {
  if (mode != disk::OpenMode::read) return read_only(path);
  if (hides(path)) return failure(ErrorCode::file_unreadable, fmt::format("{}: it is not durable yet", path));
  MUSTER_TRY(auto file, disk_.open(path, mode));
  if (segment_number(disk::name_of(path)) != end_.segment) return file;
  return std::make_unique<CutFile>(std::move(file), end_.position, path);
}

Result<bool> DurableView::exists(const std::string& path) {
  if (hides(path)) return false;
  return disk_.exists(path);
}

Result<std::vector<std::string>> DurableView::list(const std::string& directory) {
  MUSTER_TRY(std::vector<std::string> names, disk_.list(directory));
  std::erase_if(names, [this](const std::string& name) { return hides(name); });
  return names;
}

Result<void> DurableView::remove(const std::string& path) { return read_only(path); }
Result<void> DurableView::rename(const std::string& from, const std::string&) { return read_only(from); }
Result<void> DurableView::make_directory(const std::string& path) { return read_only(path); }
Result<void> DurableView::sync_directory(const std::string& path) { return read_only(path); }

}  // namespace muster::eventlog
