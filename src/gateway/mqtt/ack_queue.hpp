#pragma once

#include "eventlog/event_log.hpp"
#include "net/shard.hpp"

#include <atomic>
#include <memory>
#include <vector>

namespace muster::mqtt {

class Connection;

/// The connections of one shard that wait for the log: for an acknowledgement to come due, or for room. One
/// post a commit wakes them all, so a commit that covers many messages of many devices costs the shard one
/// turn. Lives on its shard.
class AckQueue {
 public:
  AckQueue(eventlog::EventLog& log, net::Shard& shard);
  /// After the log has stopped calling, and after the shard has.
  ~AckQueue();
  AckQueue(const AckQueue&) = delete;
  AckQueue& operator=(const AckQueue&) = delete;

  /// `connection` has acknowledgements to send; it is told at each commit until complete() says that none is
  /// left.
  void wait_for_acks(std::shared_ptr<Connection> connection);
  /// `connection` could not append: it is woken once, when the log has moved.
  void wait_for_room(std::shared_ptr<Connection> connection);

 private:
  void progress();

  eventlog::EventLog& log_;
  net::Shard& shard_;
  std::vector<std::shared_ptr<Connection>> acks_, room_;
  std::shared_ptr<std::atomic<bool>> posted_ = std::make_shared<std::atomic<bool>>(false);
  std::uint64_t subscription_ = 0;
};

}  // namespace muster::mqtt
