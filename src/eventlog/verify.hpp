#pragma once

#include "base/result.hpp"
#include "disk/file.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace muster::eventlog {

/// Events of one partition that are not there any more.
struct LostEvents {
  std::string hub;  ///< Its name, or "#" and its number.
  std::uint32_t partition = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;

  std::uint64_t count() const noexcept { return last_sequence - first_sequence + 1; }
};

/// Something in the log's directory that is not as it should be.
struct LogFinding {
  enum class Weight : std::uint8_t {
    harmless,  ///< Opening the log sets it right, and nothing acknowledged is lost: a torn tail, a missing
               ///< index.
    damage,    ///< Events are lost or cannot be trusted.
  };
  Weight weight = Weight::damage;
  std::string file;
  std::uint64_t position = 0;  ///< In the file; 0 for what concerns all of it.
  std::string what;            ///< With the byte position where there is one.
  /// What it costs, as far as the sequence numbers behind it tell: whole batches, so no more than these.
  std::vector<LostEvents> lost;
};

/// What was found in a log that nobody writes to now.
struct LogReport {
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;
  std::uint64_t events = 0;
  std::uint64_t bytes = 0;  ///< Of records.
  std::vector<LogFinding> findings;

  bool sound() const noexcept;  ///< No finding is damage.
};

/// Reads every byte of the log in `directory` and changes nothing: checksums, the chain of batches, sequence
/// numbers and offsets of every partition, indexes against segments, zeros where zeros belong. Damage keeps
/// nothing behind it from being read. A log that is being written to is given as a DurableView. Failures:
/// io_failed and file_unreadable.
Result<LogReport> verify_log(disk::Disk& disk, const std::string& directory);

}  // namespace muster::eventlog
