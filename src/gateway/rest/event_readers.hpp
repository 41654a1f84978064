#pragma once

#include "gateway/rest/event_source.hpp"
#include "gateway/rest/http_limits.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <memory>

namespace muster::rest {

/// The threads that read the event log for streams, since that blocks, and the count of streams. Threads:
/// any.
class EventReaders {
 public:
  explicit EventReaders(const HttpLimits& limits)
      : streams_max_{limits.event_streams_max}, pool_{limits.event_threads} {}

  /// The right to one open stream, given back on destruction; throttled when all are taken.
  class Slot {
   public:
    explicit Slot(std::atomic<std::size_t>& open) : open_{open} {}
    ~Slot() { --open_; }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;

   private:
    std::atomic<std::size_t>& open_;
  };
  Result<std::shared_ptr<Slot>> admit();

  boost::asio::thread_pool& pool() noexcept { return pool_; }
  /// Finishes the reads under way and waiting; no more are begun. Blocks.
  void stop() { pool_.join(); }

 private:
  const std::size_t streams_max_;
  std::atomic<std::size_t> open_{0};
  boost::asio::thread_pool pool_;
};

}  // namespace muster::rest
