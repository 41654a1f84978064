#pragma once

#include "eventlog/commit_stream.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace muster::journeys {

/// The log as it is when its appender is another thread and quick: it commits between an append that found no
/// room and whatever the caller does next.
class HurriedLog final : public eventlog::EventLog {
 public:
  explicit HurriedLog(eventlog::CommitStream& log) : log_{log} {}

  bool hurries = false;

  Result<eventlog::Ticket> append(const EventView& event) override {
    Result<eventlog::Ticket> ticket = log_.append(event);
    while (!ticket && hurries && log_.run_once()) {
    }
    return ticket;
  }
  eventlog::Ticket durable_ticket() const noexcept override { return log_.durable_ticket(); }
  bool failed() const noexcept override { return log_.failed(); }
  std::uint64_t on_progress(std::function<void()> notify) override {
    return log_.on_progress(std::move(notify));
  }
  void remove_on_progress(std::uint64_t handle) override { log_.remove_on_progress(handle); }
  Result<void> add_hub(std::string_view hub, std::uint32_t count) override {
    return log_.add_hub(hub, count);
  }
  Result<std::uint32_t> partition_count(std::string_view hub) const override {
    return log_.partition_count(hub);
  }
  Result<eventlog::PartitionInfo> partition_info(std::string_view hub,
                                                 std::uint32_t partition) const override {
    return log_.partition_info(hub, partition);
  }
  Result<std::unique_ptr<eventlog::Reader>> open_reader(std::string_view hub, std::uint32_t partition,
                                                        eventlog::ReadPosition from) override {
    return log_.open_reader(hub, partition, from);
  }
  eventlog::LogFigures figures() const override { return log_.figures(); }
  void stop() override { log_.stop(); }

 private:
  eventlog::CommitStream& log_;
};

}  // namespace muster::journeys
