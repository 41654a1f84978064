#pragma once

#include "hub/outbox.hpp"
#include "hub/session_directory.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace muster::hub {

/// Brings desired changes to sessions in the order of their versions, each once it is durable. The registry's
/// writer makes that order, but who waits for its writes wakes in any, on any shard: so a change takes its
/// place while the writer holds the twin, and goes out when its write has returned and everything before it
/// is out or has failed. Threads: any. What waits here is bounded by the registry's queue: each is a write
/// under way.
class DesiredFeed {
 public:
  explicit DesiredFeed(SessionDirectory& sessions) : sessions_{sessions} {}

  /// One change's place. Of a write that never came to an end it lets go when it is destroyed.
  class Place {
   public:
    explicit Place(DesiredFeed& feed) : feed_{feed} {}
    ~Place() { settle(false); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// On the registry's writer, once the twin is written. Again, when the writer carries its work out again.
    void take(const SessionKey& key, std::shared_ptr<const DesiredChange> change);
    /// The write has returned. At most once; without a place it does nothing.
    void settle(bool durable);

   private:
    friend class DesiredFeed;
    struct Entry {
      std::shared_ptr<const DesiredChange> change;
      bool settled = false, durable = false;
    };
    DesiredFeed& feed_;
    std::optional<SessionKey> key_;
    std::shared_ptr<Entry> entry_;
  };

 private:
  void settle(const SessionKey& key, Place::Entry& entry, bool durable);

  SessionDirectory& sessions_;
  std::mutex mutex_;
  std::unordered_map<SessionKey, std::deque<std::shared_ptr<Place::Entry>>>
      waiting_;  ///< Only of writes under way.
};

}  // namespace muster::hub
