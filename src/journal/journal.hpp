#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::journal {

enum class EntryKind : std::uint8_t { connected, closed, refused, registered };

/// What happened to one connection or request, as an operator needs to read it. All texts are bounded by the
/// journal.
struct Entry {
  EntryKind kind = EntryKind::refused;
  std::string
      tracking_id;      ///< Also in the log, and in what the device was sent where there is a place for it.
  std::string service;  ///< Full host name of the hub or DPS instance; empty when it was not yet known.
  std::string subject;  ///< Device or registration id as claimed.
  std::string remote;   ///< Address and port.
  std::string step;     ///< "tls", "connect", "register", "publish", ...
  std::optional<ErrorCode> code;  ///< Of a refusal, or the reason of a close.
  std::string reason;
  std::string remedy;
  std::string answered;  ///< What was sent: "CONNACK 5", "404 404201", "closed".
};

/// An entry as it is kept: with its number, times, and how often the same thing happened.
struct Kept {
  std::uint64_t number = 0;
  WallTime first, last;
  std::uint64_t count =
      1;  ///< Entries that differ only in time, port and tracking id are collapsed into one.
  Entry entry;
};

struct JournalLimits {
  std::size_t entries_max = 5'000;           ///< About 700 bytes each; the oldest go first.
  std::size_t entries_per_subject_max = 50;  ///< So that one knocking device cannot push the others out.
  std::size_t text_bytes_max = 1'024;        ///< Longer texts are cut.
};

/// The bounded internal log of refusals, connects and closes, in memory. It never touches the registry, so
/// that a stranger cannot load the registry's writer. Threads: any.
class Journal {
 public:
  Journal(Clock& clock, Random& random, JournalLimits limits = {});

  /// A UUID, as Azure's tracking ids are; new for each request or connection.
  std::string new_tracking_id();
  /// Keeps the entry and writes its one log line (warning for refusals, info otherwise).
  void write(Entry entry);
  /// Newest first, at most `limit`; of one subject when given.
  std::vector<Kept> newest(std::size_t limit, std::optional<std::string> subject = std::nullopt) const;
  std::optional<Kept> find_tracking_id(const std::string& id) const;
  std::uint64_t refusals() const;

 private:
  /// Entries of one subject are chained, oldest to newest: a fleet that comes back must not search them all.
  struct Node {
    Kept kept;
    std::list<Node>::iterator newer, older;  ///< Of the same subject; end() of the list where there is none.
  };
  struct Subject {
    std::list<Node>::iterator oldest, newest;
    std::size_t count = 0;
  };
  using Subjects = std::unordered_map<std::string, Subject>;

  void make_room(const std::string& subject);
  void drop(std::list<Node>::iterator victim);
  void keep(Kept kept);

  Clock& clock_;
  Random& random_;
  JournalLimits limits_;
  mutable std::mutex mutex_;
  std::list<Node> kept_;  ///< Oldest first.
  Subjects subjects_;
  std::uint64_t next_number_ = 1;
  std::uint64_t refusals_ = 0;
};

}  // namespace muster::journal
