#include "base/assert.hpp"
#include "base/log.hpp"
#include "eventlog/commit_stream.hpp"
#include "eventlog/format/hub_table.hpp"
#include "eventlog/format/record.hpp"
#include "eventlog/verify.hpp"

#include <algorithm>
#include <map>
#include <optional>

// The input is a story, a letter a step with its operands behind it: first what a log is given while it runs,
// then, once its process is gone, what befalls its files, down to files that the input spells out itself.
// Then the log is opened and read to its end. Whatever its files hold: what is served is what a checksum
// vouches for, in order and without a gap; verification and the reader agree; an opened log is appended to
// and is sound where it was sound.
//
//   a N      append an event of N bytes; odd ones go to another partition
//   c        commit            t        a second passes           s        stop, and open again
//   f F P V  file F: its byte at P is changed by V                z F P N  N bytes at P become zeros
//   w F P N  N bytes of the input are written at P                x F N    the file is cut to N bytes
//   k F P Q  the sector of byte P is copied over that of byte Q   d F      the file is deleted
//   n K N    the file of kind K is made of N bytes of the input

namespace muster::eventlog {
namespace {

using Files = std::map<std::string, Bytes>;

constexpr std::string_view kDirectory = "events";
constexpr std::string_view kHub = "h";
constexpr std::size_t kStepsMax = 128;
constexpr WallTime kStart{std::chrono::seconds{1'768'991'400}};

/// Takes operands off the input; zeros once it is at its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_{data}, left_{size} {}

  bool empty() const { return left_ == 0; }
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  std::size_t word() {
    const std::size_t low = byte();
    return low | static_cast<std::size_t>(byte()) << 8;
  }
  Bytes bytes(std::size_t size) {
    const auto* from = reinterpret_cast<const std::byte*>(data_);
    size = std::min(size, left_);
    data_ += size;
    left_ -= size;
    return {from, from + size};
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

SegmentedLogConfig config() {
  SegmentedLogConfig config;
  config.directory = kDirectory;
  config.segment_bytes = 3584;  // A header and a few batches: small inputs meet sealed segments.
  config.batch_bytes_max = 8u << 10;
  config.flush_interval = std::chrono::microseconds{0};
  config.queue_bytes_max = 64u << 10;
  config.retention = std::chrono::hours{24 * 365};
  config.reserve_bytes = 0;
  return config;
}

Result<std::unique_ptr<CommitStream>> open(disk::Disk& disk, Clock& clock) {
  return CommitStream::open(disk, clock, config(), Drive::by_hand);
}

void drain(CommitStream& log) {
  while (log.run_once()) {
  }
}

EventView event_of(std::uint8_t size, const Bytes& room) {
  EventView event;
  event.hub = kHub;
  event.device_id = size % 2 == 0 ? "a" : "b";
  event.properties = "p=1";
  event.body = ByteView{room}.first(size);
  return event;
}

/// A log as it was while its process lived.
class Life {
 public:
  Life() { begin(); }

  void begin() {
    auto opened = open(*disk_, clock_);
    MUSTER_ASSERT(opened.has_value(), "a log that nobody touched does not open");
    log_ = *std::move(opened);
    MUSTER_ASSERT(log_->add_hub(kHub, 2).has_value(), "no hub");
  }
  void step(std::uint8_t what, Input& input) {
    static const Bytes room(256, std::byte{'x'});
    if (what == 'a') appended_ += log_->append(event_of(input.byte(), room)).has_value();
    if (what == 'c') drain(*log_);
    if (what == 't') clock_.advance(std::chrono::seconds{1});
    if (what != 's') return;
    log_->stop();
    log_.reset();
    begin();
  }
  /// What a kill would leave now, once all is committed.
  Files end() {
    drain(*log_);
    Files files;
    const auto names = disk_->list(std::string{kDirectory});
    for (const std::string& name : *names) {
      files[name] = *disk::read_all(*disk_, std::string{kDirectory} + "/" + name, 1u << 24);
    }
    return files;
  }
  std::size_t appended() const { return appended_; }

 private:
  TestClock clock_{kStart};
  std::unique_ptr<disk::Disk> disk_ = disk::make_memory_disk();
  std::unique_ptr<CommitStream> log_;
  std::size_t appended_ = 0;
};

std::string name_of_kind(std::uint8_t kind) {
  if (kind % 8 == 0) return std::string{kHubTableName};
  return kind % 2 == 0 ? index_name(kind % 8 / 2) : segment_name(kind % 8 / 2 + 1);
}

/// One misfortune of the files; false when there is none of that letter.
bool befall(std::uint8_t what, Input& input, Files& files) {
  if (what == 'n') {
    const std::uint8_t kind = input.byte();
    const std::size_t size = input.word();
    files[name_of_kind(kind)] = input.bytes(size);
    return true;
  }
  if (files.empty() || std::string_view{"fzwxkd"}.find(static_cast<char>(what)) == std::string_view::npos) {
    return false;
  }
  const auto file = std::next(files.begin(), input.byte() % static_cast<std::ptrdiff_t>(files.size()));
  if (what == 'd') {
    files.erase(file);
    return true;
  }
  Bytes& bytes = file->second;
  const std::size_t position = std::min(input.word(), bytes.size());
  if (what == 'x') {
    bytes.resize(position);
  } else if (what == 'f') {
    if (position < bytes.size()) bytes[position] ^= static_cast<std::byte>(input.byte());
  } else if (what == 'z') {
    const std::size_t size = std::min(input.word(), bytes.size() - position);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(position), size, std::byte{0});
  } else if (what == 'w') {
    const Bytes put = input.bytes(std::min<std::size_t>(input.byte(), bytes.size() - position));
    std::ranges::copy(put, bytes.begin() + static_cast<std::ptrdiff_t>(position));
  } else {
    const std::size_t from = position / kSectorBytes * kSectorBytes;
    const std::size_t to = input.word() / kSectorBytes * kSectorBytes;
    if (std::max(from, to) + kSectorBytes > bytes.size()) return true;
    std::copy_n(bytes.data() + from, kSectorBytes, bytes.data() + to);
  }
  return true;
}

std::unique_ptr<disk::Disk> disk_with(const Files& files) {
  auto disk = disk::make_memory_disk();
  MUSTER_ASSERT(disk->make_directory(std::string{kDirectory}).has_value(), "no directory");
  for (const auto& [name, bytes] : files) {
    auto file = disk->open(std::string{kDirectory} + "/" + name, disk::OpenMode::create_new);
    MUSTER_ASSERT(file && (*file)->write_at(0, bytes), "no file");
  }
  return disk;
}

/// The record is made anew from what was served: the same bytes, its checksum among them, must be what was
/// read from the disk.
void check_served(const StoredEvent& stored, std::uint32_t hub, const Bytes& read) {
  const EventView& event = stored.event;
  Bytes record(record_bytes(event));
  MUSTER_ASSERT(!record.empty(), "an event that no record can hold");
  encode_record(event, {hub, stored.partition}, record);
  seal_record(record, {.id = {hub, stored.partition},
                       .next_sequence = stored.sequence_number,
                       .next_offset = stored.offset,
                       .newest = stored.enqueued});
  const auto found = std::search(read.begin(), read.end(), record.begin(), record.end());
  MUSTER_ASSERT(found != read.end(), "an event was served that its checksum does not vouch for");
}

struct Served {
  std::uint64_t events = 0;
  bool whole = true;  ///< No reader met damage.
};

void read_partition(CommitStream& log, const HubEntry& hub, std::uint32_t partition, Served& served) {
  const auto info = log.partition_info(hub.name, partition);
  MUSTER_ASSERT(info.has_value(), "a partition of the table is not known");
  const auto reader = log.open_reader(hub.name, partition, FromStart{});
  if (!reader) {
    served.whole = false;
    return;
  }
  std::uint64_t sequence = info->first_sequence_number, offset = info->first_offset;
  for (;;) {
    const auto batch = (*reader)->read(1024);
    if (!batch) {
      MUSTER_ASSERT(batch.error().code() == ErrorCode::log_corrupt, "another failure than damage");
      served.whole = false;
      return;
    }
    for (const StoredEvent& stored : batch->events) {
      MUSTER_ASSERT(stored.sequence_number == sequence && stored.offset == offset, "a gap, or a repeat");
      check_served(stored, hub.number, *batch->bytes);
      ++sequence;
      offset += record_bytes(stored.event);
      ++served.events;
    }
    if (batch->at_end || batch->events.empty()) break;
  }
  MUSTER_ASSERT(sequence == info->next_sequence_number, "not all that is there was served");
}

Served read_all_of(CommitStream& log, const std::vector<HubEntry>& hubs) {
  Served served;
  for (const HubEntry& hub : hubs) {
    for (std::uint32_t partition = 0; partition < hub.partition_count; ++partition) {
      read_partition(log, hub, partition, served);
    }
  }
  return served;
}

LogReport verify(disk::Disk& disk) {
  auto report = verify_log(disk, std::string{kDirectory});
  MUSTER_ASSERT(report.has_value(), "verification failed, though the disk did not");
  return *std::move(report);
}

/// An index with whole checksums that is another's: nothing but intent makes one.
bool has_foreign_index(const LogReport& report) {
  return std::ranges::any_of(report.findings, [](const LogFinding& finding) {
    return finding.what.find("not that of its segment") != std::string::npos;
  });
}

/// `untouched`: so many events are there, since nothing befell the files.
void check_log(const Files& files, std::optional<std::size_t> untouched) {
  const auto disk = disk_with(files);
  const LogReport before = verify(*disk);
  TestClock clock{kStart + std::chrono::hours{1}};
  auto log = open(*disk, clock);
  if (!log) {
    const ErrorCode code = log.error().code();
    MUSTER_ASSERT(code == ErrorCode::log_corrupt || code == ErrorCode::log_newer,
                  "another failure than damage");
    MUSTER_ASSERT(!before.sound(), "a log that is said to be sound does not open");
    return;
  }
  const auto hubs = read_hub_table(*disk, std::string{kDirectory});
  MUSTER_ASSERT(hubs.has_value(), "opened without a hub table");
  const LogReport after = verify(*disk);
  const Served served = read_all_of(**log, *hubs);
  if (!has_foreign_index(before)) {
    MUSTER_ASSERT(served.whole || !after.sound(), "damage that verification does not see");
    MUSTER_ASSERT(!after.sound() || (served.whole && served.events == after.events),
                  "a sound log of which not all is served");
  }
  if (untouched) MUSTER_ASSERT(served.whole && served.events == *untouched, "an event was lost");
  if (!hubs->empty()) {
    static const Bytes room(1, std::byte{'y'});
    EventView event = event_of(1, room);
    event.hub = hubs->front().name;
    MUSTER_ASSERT((*log)->append(event).has_value(), "the opened log takes nothing");
    drain(**log);
    MUSTER_ASSERT(!(*log)->failed(), "the opened log failed");
    const LogReport more = verify(*disk);
    MUSTER_ASSERT(more.sound() == after.sound(), "an append changed what was there");
    // Retention may have taken segments that say that they are ancient.
    MUSTER_ASSERT(!more.sound() || more.events <= after.events + 1, "more than was appended");
  }
}

}  // namespace
}  // namespace muster::eventlog

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::eventlog;
  muster::log::set_level(muster::log::Level::off);
  Input input{data, size};
  Life life;
  std::size_t steps = 0;
  std::optional<Files> files;
  for (; !input.empty() && steps < kStepsMax; ++steps) {
    const std::uint8_t what = input.byte();
    if (!files && std::string_view{"acts"}.find(static_cast<char>(what)) != std::string_view::npos) {
      life.step(what, input);
      continue;
    }
    if (std::string_view{"fzwxkdn"}.find(static_cast<char>(what)) == std::string_view::npos) continue;
    if (!files) files = life.end();
    befall(what, input, *files);
  }
  const bool touched = files.has_value();
  if (!files) files = life.end();
  check_log(*files, touched ? std::nullopt : std::optional{life.appended()});
  return 0;
}
