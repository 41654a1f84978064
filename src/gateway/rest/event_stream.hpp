#pragma once

#include "eventlog/event_log.hpp"
#include "gateway/rest/event_readers.hpp"
#include "gateway/rest/http_message.hpp"
#include "net/shard.hpp"

#include <memory>

namespace muster::rest {

/// What one open event stream holds. The log's batches wait in it while its consumer is slow: a position,
/// never a backlog.
struct EventStream {
  net::Shard& shard;
  eventlog::EventLog& log;
  EventReaders& readers;
  std::shared_ptr<EventReaders::Slot> slot;
  std::shared_ptr<EventSource> source;
};

/// Opens the source on a reader thread and resumes on the shard.
Task<std::shared_ptr<EventSource>> open_source(EventReaders& readers, eventlog::EventLog& log,
                                               EventRequest request);
/// Sends what is there and what comes, a comment each 15 seconds of silence, until the peer goes. A failure
/// of the log is sent as a last message of type `error`.
Task<void> run_event_stream(EventStream stream, BodyWriter& writer);

}  // namespace muster::rest
