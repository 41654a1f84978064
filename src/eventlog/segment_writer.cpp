#include "eventlog/segment_writer.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace muster::eventlog {
namespace {

/// Removes what an earlier attempt at the same segment left: it cannot hold a batch, or it would have been
/// recovered.
Result<std::unique_ptr<disk::File>> create_file(disk::Disk& disk, const std::string& path) {
  MUSTER_TRY(const bool stale, disk.exists(path));
  if (stale) {
    MUSTER_CHECK(disk.remove(path));
  }
  return disk.open(path, disk::OpenMode::create_new);
}

tl::unexpected<Error> no_room(const std::string& directory, std::uint64_t free, std::uint64_t wanted,
                              std::uint64_t reserve) {
  return failure(ErrorCode::disk_full,
                 fmt::format("{} has {} bytes free; {} are wanted and {} are kept for the registry",
                             directory, free, wanted, reserve));
}

/// A file system may keep more back than it says (a quota, blocks for root): its own words, and the figures.
Result<void> with_figures(Result<void> written, disk::Disk& disk, const std::string& directory,
                          std::uint64_t wanted, std::uint64_t reserve) {
  if (written || written.error().code() != ErrorCode::disk_full) return written;
  MUSTER_TRY(const std::uint64_t free, disk.free_bytes(directory));
  return failure(no_room(directory, free, wanted, reserve).value().within(written.error().reason()));
}

/// A full disk is met with patience when space is asked for; once the data is given to the kernel, it is a
/// failure like any other: what was written may be lost, and must not be synced again.
Result<void> for_good(Result<void> done) {
  if (done || done.error().code() != ErrorCode::disk_full) return done;
  return failure(ErrorCode::io_failed, done.error().reason());
}

}  // namespace

SegmentWriter::SegmentWriter(disk::Disk& disk, std::string directory, std::unique_ptr<disk::File> file,
                             const SegmentHeader& header)
    : disk_{&disk},
      directory_{std::move(directory)},
      file_{std::move(file)},
      number_{header.number},
      header_bytes_{header.bytes},
      header_checksum_{header.checksum},
      end_{header.bytes},
      zeroed_end_{header.bytes},
      next_batch_{header.first_batch},
      last_checksum_{header.previous_checksum} {}

void SegmentWriter::resume(std::uint64_t end, std::uint64_t zeroed_end, std::uint64_t next_batch,
                           std::uint32_t last_checksum) {
  end_ = end;
  zeroed_end_ = std::max(end, zeroed_end / kSectorBytes * kSectorBytes);
  next_batch_ = next_batch;
  last_checksum_ = last_checksum;
}

Result<SegmentWriter> SegmentWriter::create(disk::Disk& disk, const std::string& directory,
                                            SegmentHeader header, const RoomLimits& limits) {
  const Bytes bytes = encode(header);
  MUSTER_TRY(const std::uint64_t free, disk.free_bytes(directory));
  if (free < limits.reserve_bytes + bytes.size())
    return no_room(directory, free, bytes.size(), limits.reserve_bytes);
  const std::string path = fmt::format("{}/{}", directory, segment_name(header.number));
  MUSTER_TRY(std::unique_ptr<disk::File> file, create_file(disk, path));
  SegmentWriter writer{disk, directory, std::move(file), header};
  Result<void> written =
      with_figures(writer.file_->write_at(0, bytes), disk, directory, bytes.size(), limits.reserve_bytes);
  // Room for the first batches, so that one sync covers both.
  if (written) written = writer.make_room(kSectorBytes, limits);
  if (!written) {
    if (written.error().code() == ErrorCode::disk_full) (void)disk.remove(path);
    return failure(std::move(written).error());
  }
  MUSTER_CHECK(for_good(writer.file_->sync_data()));
  MUSTER_CHECK(for_good(disk.sync_directory(directory)));
  return writer;
}

Result<void> SegmentWriter::make_room(std::uint64_t bytes, const RoomLimits& limits) {
  const std::uint64_t wanted = end_ + bytes;
  if (wanted <= zeroed_end_) return {};
  const std::uint64_t ahead = std::clamp(zeroed_end_, kRoomBytesMin, kRoomBytesMax);
  std::uint64_t target = std::max(wanted, std::min(zeroed_end_ + ahead, padded(limits.segment_bytes)));
  MUSTER_TRY(const std::uint64_t free, disk_->free_bytes(directory_));
  // Where the disk is nearly full, what is needed and no more.
  if (free < limits.reserve_bytes + (target - zeroed_end_)) target = wanted;
  const std::uint64_t missing = target - zeroed_end_;
  if (free < limits.reserve_bytes + missing) return no_room(directory_, free, missing, limits.reserve_bytes);
  const Bytes zeros(static_cast<std::size_t>(missing));
  MUSTER_CHECK(
      with_figures(file_->write_at(zeroed_end_, zeros), *disk_, directory_, missing, limits.reserve_bytes));
  zeroed_end_ = target;
  return {};
}

bool SegmentWriter::wants_room(const RoomLimits& limits) const noexcept {
  return zeroed_end_ < limits.segment_bytes &&
         zeroed_end_ - end_ < std::clamp(zeroed_end_, kRoomBytesMin, kRoomBytesMax) / 2;
}

Result<void> SegmentWriter::make_room_ahead(const RoomLimits& limits) {
  MUSTER_CHECK(make_room(zeroed_end_ - end_ + kSectorBytes, limits));
  return for_good(file_->sync_data());
}

Result<void> SegmentWriter::write(BatchHeader header, std::span<std::byte> bytes) {
  MUSTER_ASSERT(end_ + bytes.size() <= zeroed_end_, "room is made before a batch is written");
  header.number = next_batch_;
  header.previous_checksum = last_checksum_;
  encode(header, header_checksum_, bytes.data());
  MUSTER_CHECK(for_good(file_->write_at(end_, bytes)));
  MUSTER_CHECK(for_good(file_->sync_data()));
  end_ += bytes.size();
  ++next_batch_;
  last_checksum_ = header.checksum;
  return {};
}

}  // namespace muster::eventlog
