#pragma once

#include "eventlog/event_log.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::rest {

/// The last event that a consumer has: what an SSE client sends back as Last-Event-ID.
struct EventPosition {
  std::uint32_t partition = 0;
  std::uint64_t offset = 0;
};

/// What an event stream asks for.
struct EventRequest {
  std::string hub;
  std::optional<std::uint32_t> partition;  ///< All of them, merged by enqueued time, when there is none.
  eventlog::ReadPosition from = eventlog::FromLatest{};
  std::optional<EventPosition> after;  ///< Overrides `from`.
  std::string device_id;               ///< Empty: of all devices.
};

/// Server-sent events out of the log. Blocking: one reader thread at a time. Holds per partition one batch at
/// most.
class EventSource {
 public:
  /// resource_not_found for an unknown hub or partition, offset_expired, io_failed.
  static Result<std::unique_ptr<EventSource>> open(eventlog::EventLog& log, EventRequest request);

  struct Chunk {
    std::string text;  ///< Whole SSE messages; may be empty though more is to come (other devices' events).
    bool at_end = false;  ///< Nothing more is durable now: wait for the log's progress.
  };
  /// Reads on. A position that retention has taken meanwhile is skipped, and said so in a comment.
  /// log_corrupt, io_failed: for good.
  Result<Chunk> next();

 private:
  struct Cursor {
    std::uint32_t partition = 0;
    std::unique_ptr<eventlog::Reader> reader;
    eventlog::ReadBatch batch;
    std::size_t index = 0;  ///< Of the next event in `batch`.

    bool empty() const { return index == batch.events.size(); }
    const StoredEvent& head() const { return batch.events[index]; }
  };

  EventSource(eventlog::EventLog& log, EventRequest request) : log_{log}, request_{std::move(request)} {}
  Result<void> open_cursors();
  Result<void> open_cursor(std::uint32_t partition, eventlog::ReadPosition from);
  Result<void> open_after(const EventPosition& last);
  Result<void> refill(Cursor& cursor, std::string& text);
  Cursor* earliest(WallTime frontier);

  eventlog::EventLog& log_;
  const EventRequest request_;
  std::vector<Cursor> cursors_;
};

}  // namespace muster::rest
