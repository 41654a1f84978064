#include "gateway/rest/event_source.hpp"

#include "protocol/hub/event_json.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

constexpr std::size_t kBatchBytes =
    64 * 1024;  ///< Of one partition, held while its events wait to be merged.
constexpr std::size_t kChunkBytes = 128 * 1024;  ///< Of text, before the stream is given it.
/// The consumer leaves out what it does not show.
constexpr hub::EventJsonOptions kEverything{
    .system = true, .application = true, .annotations = true, .position = true};
constexpr std::size_t kEventsPerChunk = 4096;  ///< Looked at for one chunk, other devices' included.

void append_message(const StoredEvent& stored, std::string& text) {
  text += fmt::format("id: {}:{}\ndata: ", stored.partition, stored.offset);
  text += hub::format_event_json(stored, kEverything);
  text += "\n\n";
}

}  // namespace

Result<std::unique_ptr<EventSource>> EventSource::open(eventlog::EventLog& log, EventRequest request) {
  std::unique_ptr<EventSource> source{new EventSource{log, std::move(request)}};
  MUSTER_CHECK(source->open_cursors());
  return source;
}

Result<void> EventSource::open_cursors() {
  if (request_.after) return open_after(*request_.after);
  if (request_.partition) return open_cursor(*request_.partition, request_.from);
  MUSTER_TRY(const std::uint32_t count, log_.partition_count(request_.hub));
  for (std::uint32_t partition = 0; partition < count; ++partition) {
    MUSTER_CHECK(open_cursor(partition, request_.from));
  }
  return {};
}

Result<void> EventSource::open_cursor(std::uint32_t partition, eventlog::ReadPosition from) {
  Cursor cursor{.partition = partition, .reader = {}, .batch = {}};
  MUSTER_TRY(cursor.reader, log_.open_reader(request_.hub, partition, from));
  cursors_.push_back(std::move(cursor));
  return {};
}

/// Resumes after one event: its own partition behind it, the others where the merge stood, which is in the
/// order of (enqueued, partition): those of the same instant in earlier partitions were sent before it.
Result<void> EventSource::open_after(const EventPosition& last) {
  MUSTER_CHECK(open_cursor(last.partition, eventlog::FromOffset{last.offset}));
  MUSTER_TRY(auto batch, cursors_.front().reader->read(kBatchBytes));
  if (batch.events.empty() || batch.events.front().offset != last.offset) {
    return failure(
        ErrorCode::resource_not_found,
        fmt::format("Last-Event-ID: partition {} has no event at offset {}", last.partition, last.offset));
  }
  const WallTime enqueued = batch.events.front().enqueued;
  cursors_.front().batch = std::move(batch);
  cursors_.front().index = 1;
  if (request_.partition) return {};

  MUSTER_TRY(const std::uint32_t count, log_.partition_count(request_.hub));
  for (std::uint32_t partition = 0; partition < count; ++partition) {
    if (partition == last.partition) continue;
    MUSTER_CHECK(open_cursor(partition, eventlog::FromTime{enqueued}));
    if (partition > last.partition) continue;
    auto& cursor = cursors_.back();
    do {
      MUSTER_TRY(cursor.batch, cursor.reader->read(kBatchBytes));
      for (cursor.index = 0; !cursor.empty() && cursor.head().enqueued <= enqueued; ++cursor.index) {
      }
    } while (cursor.empty() && !cursor.batch.at_end);
  }
  return {};
}

Result<void> EventSource::refill(Cursor& cursor, std::string& text) {
  cursor.index = 0;
  auto batch = cursor.reader->read(kBatchBytes);
  if (!batch && batch.error().code() == ErrorCode::offset_expired) {
    text += fmt::format(": {} partition {}: {}\n\n", error_id(ErrorCode::offset_expired), cursor.partition,
                        batch.error().reason());
    batch = cursor.reader->read(kBatchBytes);
  }
  if (!batch) {
    cursor.batch = {};
    return failure(std::move(batch.error()));
  }
  cursor.batch = *std::move(batch);
  return {};
}

/// The cursor whose next event comes first, if it was enqueued by `frontier`; null when there is none.
EventSource::Cursor* EventSource::earliest(WallTime frontier) {
  Cursor* first = nullptr;
  for (auto& cursor : cursors_) {
    if (cursor.empty() || cursor.head().enqueued > frontier) continue;
    const auto before = [](const Cursor& a, const Cursor& b) {
      return std::pair{a.head().enqueued, a.partition} < std::pair{b.head().enqueued, b.partition};
    };
    if (!first || before(cursor, *first)) first = &cursor;
  }
  return first;
}

/// A merge must not overtake: a commit between the reads of two partitions shows the later one's new events
/// before the earlier one's. So what the first round saw sets the frontier, partitions that are empty are
/// read once more after it, and only what is not beyond the frontier is sent. Times grow from commit to
/// commit, so what a later read adds lies beyond it.
Result<EventSource::Chunk> EventSource::next() {
  Chunk chunk;
  WallTime frontier = WallTime::min();
  for (auto& cursor : cursors_) {
    if (cursor.empty()) {
      MUSTER_CHECK(refill(cursor, chunk.text));
    }
    if (!cursor.empty()) frontier = std::max(frontier, cursor.batch.events.back().enqueued);
  }
  if (frontier == WallTime::min()) {
    chunk.at_end = true;
    return chunk;
  }
  for (auto& cursor : cursors_) {
    if (cursor.empty()) {
      MUSTER_CHECK(refill(cursor, chunk.text));
    }
  }
  for (std::size_t looked_at = 0; looked_at < kEventsPerChunk && chunk.text.size() < kChunkBytes;
       ++looked_at) {
    Cursor* const cursor = earliest(frontier);
    if (!cursor) break;
    const auto& event = cursor->head();
    if (request_.device_id.empty() || event.event.device_id == request_.device_id)
      append_message(event, chunk.text);
    ++cursor->index;
    // More of this partition may come before the others' next, also when its last read had found the end: a
    // commit since then is in what was read of the others. A failure is met again by the next call,
    // empty-handed.
    if (cursor->empty() && !refill(*cursor, chunk.text)) break;
  }
  return chunk;
}

}  // namespace muster::rest
