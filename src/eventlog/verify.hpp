#pragma once

#include "base/result.hpp"
#include "disk/file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::eventlog {

/// Something in the log's directory that is not as it should be.
struct LogFinding {
  enum class Weight : std::uint8_t {
    harmless,  ///< Opening the log sets it right, and nothing acknowledged is lost: a torn tail, a missing
               ///< index.
    damage,    ///< Events are lost or cannot be trusted.
  };
  Weight weight = Weight::damage;
  std::string file;
  std::string what;  ///< With the byte position where there is one.
};

/// What was found in a log that nobody writes to now.
struct LogReport {
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  ///< Of records.
  std::vector<LogFinding> findings;
};

/// Reads every byte of the log in `directory` and changes nothing: checksums, the chain of batches, sequence
/// numbers and offsets of every partition, indexes against segments, zeros where zeros belong. A finding in
/// one segment does not keep the next from being read. Failures: io_failed and file_unreadable.
Result<LogReport> verify_log(disk::Disk& disk, const std::string& directory);

}  // namespace muster::eventlog
