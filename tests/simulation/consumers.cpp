#include "consumers.hpp"

#include "eventlog/format/record.hpp"

namespace muster::simulation {
namespace {

const ServiceName& hub_of(std::size_t index) { return kHubs[index / kPartitions]; }
std::uint32_t partition_of(std::size_t index) { return static_cast<std::uint32_t>(index % kPartitions); }

/// What tells of a disk, and not of the log.
bool is_of_disk(const Error& error) {
  return error.code() == ErrorCode::io_failed || error.code() == ErrorCode::disk_full;
}

}  // namespace

void Consumers::note_time() { latest_ = std::max(latest_, clock_.wall()); }

void Consumers::attach(Service& service, Random& random) {
  for (std::size_t index = 0; index < kCount && verdict_.holds(); ++index) open_again(service, index, random);
}

void Consumers::detach() {
  for (Position& position : positions_) position.reader = nullptr;
}

void Consumers::open_again(Service& service, std::size_t index, Random& random) {
  Position& position = positions_[index];
  if (!drop_expired(service, index)) return;
  auto reader = service.log().open_reader(hub_of(index).str(), partition_of(index), eventlog::FromStart{});
  if (!reader) {
    if (!is_of_disk(reader.error())) {
      verdict_.broken("{} partition {} cannot be read: {}", hub_of(index).str(), partition_of(index),
                      reader.error().reason());
    }
    return;
  }
  position.reader = std::move(*reader);
  bool at_end = false;
  while (!at_end && verdict_.holds() && read_once(service, index, 1u << 16, at_end)) {
  }
  if (at_end && position.reader->next_sequence_number() < position.next()) {
    verdict_.broken("{} partition {} ended before event {} and ends before event {} now", hub_of(index).str(),
                    partition_of(index), position.next(), position.reader->next_sequence_number());
  }
  if (verdict_.holds()) look_at_one(service, index, random);
}

/// What retention has deleted must have been old. False when that cannot be told now.
bool Consumers::drop_expired(Service& service, std::size_t index) {
  note_time();
  Position& position = positions_[index];
  const auto info = service.log().partition_info(hub_of(index).str(), partition_of(index));
  if (!info) {
    if (!is_of_disk(info.error())) verdict_.broken("{} is unknown to the log", hub_of(index).str());
    return false;
  }
  while (!position.kept.empty() && position.first < info->first_sequence_number) {
    if (position.kept.front().enqueued + retention_ > latest_) {
      verdict_.broken("event {} of {} partition {} was deleted, being younger than {} h", position.first,
                      hub_of(index).str(), partition_of(index), retention_.count());
      return false;
    }
    position.kept.pop_front();
    ++position.first;
  }
  if (position.first < info->first_sequence_number) {
    position.first = info->first_sequence_number;
    position.next_offset = info->first_offset;
    ledger_.forgive_unseen();
  }
  return true;
}

bool Consumers::read_once(Service& service, std::size_t index, std::size_t size_max, bool& at_end) {
  Position& position = positions_[index];
  auto batch = position.reader->read(size_max);
  if (!batch && batch.error().code() == ErrorCode::offset_expired) return drop_expired(service, index);
  if (!batch) {
    if (!is_of_disk(batch.error())) {
      verdict_.broken("{} partition {}: {}", hub_of(index).str(), partition_of(index),
                      batch.error().reason());
    }
    return false;
  }
  for (const StoredEvent& event : batch->events) {
    if (event.sequence_number < position.next()) {
      compare(index, event);
    } else {
      add(index, event);
    }
  }
  at_end = batch->at_end;
  return true;
}

void Consumers::compare(std::size_t index, const StoredEvent& event) {
  const Position& position = positions_[index];
  if (event.sequence_number < position.first) return;  // Deleted since it was listed.
  const Seen& seen = position.kept[static_cast<std::size_t>(event.sequence_number - position.first)];
  if (seen.offset != event.offset || seen.enqueued != event.enqueued ||
      seen.device != event.event.device_id || seen.body != as_text(event.event.body)) {
    verdict_.broken("event {} of {} partition {} is not what it was", event.sequence_number,
                    hub_of(index).str(), partition_of(index));
  }
}

void Consumers::add(std::size_t index, const StoredEvent& event) {
  Position& position = positions_[index];
  if (event.sequence_number != position.next() || event.offset != position.next_offset) {
    return verdict_.broken("{} partition {}: event {} at offset {} stands where event {} at {} is due",
                           hub_of(index).str(), partition_of(index), event.sequence_number, event.offset,
                           position.next(), position.next_offset);
  }
  if (!position.kept.empty() && event.enqueued < position.kept.back().enqueued) {
    return verdict_.broken("{} partition {}: enqueued time goes back at event {}", hub_of(index).str(),
                           partition_of(index), event.sequence_number);
  }
  const std::string_view body = as_text(event.event.body);
  position.kept.push_back(
      {event.offset, event.enqueued, std::string{event.event.device_id}, std::string{body}});
  position.next_offset = event.offset + eventlog::record_bytes(event.event);
  ledger_.see(index / kPartitions, event.event.device_id, body);
}

/// Any position that was seen can be read from, by number, by offset and by time.
void Consumers::look_at_one(Service& service, std::size_t index, Random& random) {
  const Position& position = positions_[index];
  if (position.kept.empty()) return;
  const std::size_t at = static_cast<std::size_t>(random.below(position.kept.size()));
  const Seen& seen = position.kept[at];
  const eventlog::ReadPosition ways[] = {eventlog::FromSequenceNumber{position.first + at},
                                         eventlog::FromOffset{seen.offset},
                                         eventlog::FromTime{seen.enqueued}};
  const eventlog::ReadPosition& way = ways[random.below(3)];
  const auto reader = service.log().open_reader(hub_of(index).str(), partition_of(index), way);
  const auto batch = reader ? (*reader)->read(1) : Result<eventlog::ReadBatch>{failure(reader.error())};
  if (!batch) {
    if (!is_of_disk(batch.error()) && batch.error().code() != ErrorCode::offset_expired) {
      verdict_.broken("{} partition {}: {}", hub_of(index).str(), partition_of(index),
                      batch.error().reason());
    }
    return;
  }
  const bool by_time = std::holds_alternative<eventlog::FromTime>(way);
  const bool right = !batch->events.empty() && (by_time ? batch->events[0].enqueued == seen.enqueued
                                                        : batch->events[0].offset == seen.offset);
  if (!right) {
    verdict_.broken("{} partition {}: event {} is not found by its position", hub_of(index).str(),
                    partition_of(index), position.first + at);
  }
}

void Consumers::read_some(Service& service, Random& random) {
  const std::size_t index = static_cast<std::size_t>(random.below(kCount));
  Position& position = positions_[index];
  if (!position.reader) return open_again(service, index, random);
  bool at_end = false;
  read_once(service, index, static_cast<std::size_t>(1 + random.below(4000)), at_end);
}

bool Consumers::read_all(Service& service) {
  bool all = true;
  for (std::size_t index = 0; index < kCount; ++index) {
    bool at_end = false;
    if (!positions_[index].reader) return false;
    while (!at_end && verdict_.holds() && read_once(service, index, 1u << 16, at_end)) {
    }
    all = all && at_end;
  }
  return all;
}

}  // namespace muster::simulation
