#pragma once

#include "eventlog/commit_stream.hpp"
#include "eventlog/tests/forwarding_log.hpp"

namespace muster::journeys {

/// The log as it is when its appender is another thread and quick: it commits between an append that found no
/// room and whatever the caller does next.
class HurriedLog final : public eventlog::ForwardingLog {
 public:
  explicit HurriedLog(eventlog::CommitStream& log) : ForwardingLog{log}, log_{log} {}

  bool hurries = false;

  Result<eventlog::Ticket> append(const EventView& event) override {
    Result<eventlog::Ticket> ticket = log_.append(event);
    while (!ticket && hurries && log_.run_once()) {
    }
    return ticket;
  }

 private:
  eventlog::CommitStream& log_;
};

}  // namespace muster::journeys
