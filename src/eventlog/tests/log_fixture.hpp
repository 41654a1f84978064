#pragma once

#include "base/clock.hpp"
#include "disk/file.hpp"
#include "eventlog/commit_stream.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace muster::eventlog {

inline constexpr std::string_view kHub = "my-iot-hub-x509";
inline constexpr WallTime kStart{std::chrono::seconds{1'768'991'400}};  // 2026-01-21T10:30:00Z

/// Limits small enough for a test to meet them all.
inline SegmentedLogConfig small_config() {
  SegmentedLogConfig config;
  config.directory = "events";
  config.segment_bytes = 64u << 10;
  config.batch_bytes_max = 8u << 10;
  config.flush_interval = std::chrono::microseconds{0};
  config.queue_bytes_max = 64u << 10;
  config.reserve_bytes = 0;
  return config;
}

/// A log on the test clock, driven by hand: each test has one order of things.
inline std::unique_ptr<CommitStream> open_by_hand(disk::Disk& disk, Clock& clock,
                                                  const SegmentedLogConfig& config = small_config()) {
  auto log = CommitStream::open(disk, clock, config, Drive::by_hand);
  EXPECT_TRUE(log) << log.error().reason();
  if (!log) return nullptr;
  EXPECT_TRUE((*log)->add_hub(kHub, 2));
  return std::move(*log);
}

inline EventView event_of(std::string_view device, std::string_view body) {
  EventView event;
  event.hub = kHub;
  event.device_id = device;
  event.generation_id = "637000000000000000";
  event.auth_method = AuthMethod::x509_ca;
  event.properties = "%24.ct=application%2Fjson&room=4";
  event.body = as_bytes(body);
  return event;
}

/// A device whose events go to that partition.
inline std::string device_in(std::uint32_t partition, std::uint32_t count = 2) {
  for (int i = 0;; ++i) {
    std::string id = "device-" + std::to_string(i);
    if (partition_of(id, count) == partition) return id;
  }
}

inline void drain(CommitStream& log) {
  while (log.run_once()) {
  }
}

/// Appends and commits one event.
inline void put(CommitStream& log, std::string_view device, std::string_view body) {
  const auto ticket = log.append(event_of(device, body));
  ASSERT_TRUE(ticket) << ticket.error().reason();
  drain(log);
  ASSERT_GE(log.durable_ticket(), *ticket);
}

/// What a reader gets until it is at the end or meets a failure.
struct ReadOut {
  std::vector<std::string> bodies;
  std::vector<std::uint64_t> sequences;
  std::vector<std::uint64_t> offsets;
  std::optional<Error> error;
};

inline ReadOut read_out(Reader& reader, std::size_t size_max = 4096) {
  ReadOut out;
  for (;;) {
    const auto batch = reader.read(size_max);
    if (!batch) {
      out.error = batch.error();
      return out;
    }
    for (const StoredEvent& event : batch->events) {
      out.bodies.emplace_back(as_text(event.event.body));
      out.sequences.push_back(event.sequence_number);
      out.offsets.push_back(event.offset);
    }
    if (batch->at_end || batch->events.empty()) return out;
  }
}

inline ReadOut read_partition(EventLog& log, std::uint32_t partition, ReadPosition from = FromStart{},
                              std::size_t size_max = 4096) {
  auto reader = log.open_reader(kHub, partition, from);
  if (!reader) {
    ReadOut out;
    out.error = reader.error();
    return out;
  }
  return read_out(**reader, size_max);
}

}  // namespace muster::eventlog
