#include "hub/last_seen.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace muster::hub {
namespace {

/// What is still to be read of one partition: all before `end`, backwards.
struct Behind {
  ServiceName hub;
  std::uint32_t partition = 0;
  std::uint64_t end = 0;
};

class Recall {
 public:
  Recall(eventlog::EventLog& log, SessionDirectory& sessions, const LastSeenLimits& limits)
      : log_{log}, sessions_{sessions}, limits_{limits} {}

  void add(const ServiceName& hub);
  LastSeenFound run(const std::function<bool()>& stopped);

 private:
  using Newest = std::map<std::pair<std::string_view, std::string_view>, WallTime>;

  bool at_a_limit() const;
  Result<void> step(Behind& behind);
  Result<void> read_window(const Behind& behind, std::uint64_t from);
  void note(const ServiceName& hub, const Newest& newest);

  eventlog::EventLog& log_;
  SessionDirectory& sessions_;
  const LastSeenLimits& limits_;
  std::vector<Behind> behind_;
  LastSeenFound found_;
};

void Recall::add(const ServiceName& hub) {
  const auto count = log_.partition_count(hub.key());
  for (std::uint32_t partition = 0; count && partition < *count; ++partition) {
    const auto info = log_.partition_info(hub.key(), partition);
    if (info && info->next_offset > info->first_offset)
      behind_.push_back({hub, partition, info->next_offset});
  }
}

bool Recall::at_a_limit() const {
  return found_.bytes >= limits_.log_bytes_max || found_.devices >= limits_.devices_max;
}

LastSeenFound Recall::run(const std::function<bool()>& stopped) {
  while (!behind_.empty()) {
    for (Behind& behind : behind_) {
      if (stopped() || at_a_limit()) {
        found_.whole = false;
        return found_;
      }
      if (const auto read = step(behind); !read) {
        // Damage is met by whoever reads these events too, and is reported there; here it ends a look back.
        log::warning("hub", "when devices were last there is not known from before this: {}",
                     read.error().reason());
        found_.whole = false;
        behind.end = 0;
      }
    }
    std::erase_if(behind_, [](const Behind& behind) { return behind.end == 0; });
  }
  return found_;
}

/// One window back; `end` becomes 0 at the partition's beginning, which retention may move meanwhile.
Result<void> Recall::step(Behind& behind) {
  MUSTER_TRY(const auto info, log_.partition_info(behind.hub.key(), behind.partition));
  if (behind.end > info.first_offset) {
    const std::uint64_t window = std::min(limits_.window_bytes, behind.end - info.first_offset);
    const std::uint64_t from = behind.end - window;
    const auto read = read_window(behind, from);
    if (!read && read.error().code() != ErrorCode::offset_expired) return read;
    found_.bytes += window;
    behind.end = read ? from : 0;
    if (from > info.first_offset) return {};
  }
  behind.end = 0;
  return {};
}

/// The events that begin in the window; one that reaches into the next, which was read before, as well.
Result<void> Recall::read_window(const Behind& behind, std::uint64_t from) {
  MUSTER_TRY(const auto reader,
             log_.open_reader(behind.hub.key(), behind.partition, eventlog::FromOffset{from}));
  while (reader->next_offset() < behind.end) {
    MUSTER_TRY(const auto batch, reader->read(static_cast<std::size_t>(behind.end - reader->next_offset())));
    Newest newest;
    // In a partition time never goes back: the last one entered is the newest.
    for (const StoredEvent& stored : batch.events)
      newest[{stored.event.device_id, stored.event.module_id}] = stored.enqueued;
    note(behind.hub, newest);
    if (batch.events.empty()) break;
  }
  return {};
}

void Recall::note(const ServiceName& hub, const Newest& newest) {
  for (const auto& [name, seen] : newest) {
    if (at_a_limit()) return;
    auto device = DeviceId::parse(name.first);
    if (!device) continue;
    if (sessions_.note_seen({hub, *std::move(device), std::string{name.second}}, seen)) ++found_.devices;
  }
}

}  // namespace

LastSeenFound recall_last_seen(eventlog::EventLog& log, SessionDirectory& sessions,
                               const std::vector<ServiceName>& hubs, const LastSeenLimits& limits,
                               const std::function<bool()>& stopped) {
  Recall recall{log, sessions, limits};
  for (const ServiceName& hub : hubs) recall.add(hub);
  const LastSeenFound found = recall.run(stopped);
  if (found.devices >= limits.devices_max || found.bytes >= limits.log_bytes_max) {
    log::warning(
        "hub",
        "looking back ended at a limit: devices_max={} log_bytes_max={}; lastActivityTime of devices "
        "that were there only before is 0001 until they connect",
        limits.devices_max, limits.log_bytes_max);
  }
  return found;
}

}  // namespace muster::hub
