#pragma once

#include "ledger.hpp"
#include "service.hpp"

#include <array>
#include <deque>
#include <memory>
#include <vector>

namespace muster::simulation {

/// One consumer a partition of each hub, over all lives of the service. What it has read once must stay what
/// it is, at the same sequence number and offset; what is new continues it without a gap.
class Consumers {
 public:
  Consumers(Ledger& ledger, Verdict& verdict, const TestClock& clock)
      : ledger_{ledger}, verdict_{verdict}, clock_{clock} {}

  /// A new life: reads again all that was read before, and compares.
  void attach(Service& service, Random& random);
  void detach();
  /// Reads on, in one partition; nothing happens when the disk fails.
  void read_some(Service& service, Random& random);
  /// Reads on to the end of all. False when the disk failed.
  bool read_all(Service& service);
  /// Before the clock passes what retention keeps.
  void note_time();
  void set_retention(std::chrono::hours retention) noexcept { retention_ = retention; }

 private:
  struct Seen {
    std::uint64_t offset = 0;
    WallTime enqueued;
    std::string device;
    std::string body;
  };
  struct Position {
    std::deque<Seen> kept;
    std::uint64_t first = 0;  ///< Sequence number of the first in `kept`.
    std::uint64_t next_offset = 0;
    std::unique_ptr<eventlog::Reader> reader;
    std::uint64_t next() const { return first + kept.size(); }
  };
  static constexpr std::size_t kCount = std::size(kHubs) * kPartitions;

  void open_again(Service& service, std::size_t index, Random& random);
  bool drop_expired(Service& service, std::size_t index);
  bool read_once(Service& service, std::size_t index, std::size_t size_max, bool& at_end);
  void compare(std::size_t index, const StoredEvent& event);
  void add(std::size_t index, const StoredEvent& event);
  void look_at_one(Service& service, std::size_t index, Random& random);

  Ledger& ledger_;
  Verdict& verdict_;
  const TestClock& clock_;
  std::chrono::hours retention_{24};
  WallTime latest_{};  ///< The latest that the wall clock has ever shown.
  std::array<Position, kCount> positions_;
};

}  // namespace muster::simulation
