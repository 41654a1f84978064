#pragma once

#include "disk/lossy.hpp"
#include "log_fixture.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace muster::eventlog {

using Files = std::map<std::string, Bytes>;

inline Files files_of(disk::Disk& disk) {
  Files files;
  const auto names = disk.list("events");
  for (const std::string& name : *names) files[name] = *disk::read_all(disk, "events/" + name, 1u << 24);
  return files;
}

inline std::unique_ptr<disk::Disk> disk_with(const Files& files) {
  auto disk = disk::make_memory_disk();
  EXPECT_TRUE(disk->make_directory("events"));
  for (const auto& [name, bytes] : files) {
    auto file = disk->open("events/" + name, disk::OpenMode::create_new);
    EXPECT_TRUE((*file)->write_at(0, bytes));
  }
  return disk;
}

inline SegmentedLogConfig tiny_config() {
  SegmentedLogConfig config = small_config();
  config.segment_bytes = 3584;  // A header and three batches.
  return config;
}

/// A log's files as a kill would leave them, and what its partitions hold.
struct Specimen {
  Files files;
  std::vector<std::vector<std::string>> bodies{2};
};

inline Specimen make_specimen(int batches, bool stopped) {
  Specimen specimen;
  disk::LossyDisk disk{1};
  TestClock clock{kStart};
  auto log = open_by_hand(disk, clock, tiny_config());
  const std::string devices[] = {device_in(0), device_in(1)};
  for (int batch = 0; batch < batches; ++batch) {
    for (int i = 0; i < 4; ++i) {
      const std::size_t partition = i == 1 ? 1 : 0;
      const std::string body = "event " + std::to_string(batch) + "." + std::to_string(i);
      EXPECT_TRUE(log->append(event_of(devices[partition], body)));
      specimen.bodies[partition].push_back(body);
    }
    drain(*log);
    clock.advance(std::chrono::seconds{1});
  }
  if (stopped) log->stop();
  specimen.files = files_of(disk);
  return specimen;
}

inline void flip(Files& files, const std::string& name, std::size_t at) {
  files.at(name)[at] ^= std::byte{4};
}

}  // namespace muster::eventlog
