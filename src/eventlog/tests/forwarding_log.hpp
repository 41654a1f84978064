#pragma once

#include "eventlog/event_log.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace muster::eventlog {

/// A log that passes everything on to another: what a test's own does otherwise is all that it has to say.
class ForwardingLog : public EventLog {
 public:
  explicit ForwardingLog(EventLog& log) : log_{log} {}

  Result<Ticket> append(const EventView& event) override { return log_.append(event); }
  Ticket durable_ticket() const noexcept override { return log_.durable_ticket(); }
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
  Result<PartitionInfo> partition_info(std::string_view hub, std::uint32_t partition) const override {
    return log_.partition_info(hub, partition);
  }
  Result<std::unique_ptr<Reader>> open_reader(std::string_view hub, std::uint32_t partition,
                                              ReadPosition from) override {
    return log_.open_reader(hub, partition, from);
  }
  LogFigures figures() const override { return log_.figures(); }
  void stop() override { log_.stop(); }

 private:
  EventLog& log_;
};

}  // namespace muster::eventlog
