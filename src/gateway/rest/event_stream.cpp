#include "gateway/rest/event_stream.hpp"

#include "net/signal.hpp"
#include "protocol/rest/problem.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace muster::rest {
namespace {

constexpr std::chrono::seconds kKeepAlive{15};

Task<std::shared_ptr<EventSource>> open_blocking(eventlog::EventLog& log, EventRequest request) {
  MUSTER_CO_TRY(auto source, EventSource::open(log, std::move(request)));
  co_return std::shared_ptr<EventSource>{std::move(source)};
}

Task<EventSource::Chunk> next_blocking(std::shared_ptr<EventSource> source) { co_return source->next(); }

/// What wakes a stream. Shared with the log's thread and the peer's watcher, which may outlive the stream.
struct Wake {
  explicit Wake(net::Shard& shard) : signal{shard} {}
  net::Signal signal;
  bool progress = false;
  bool peer_gone = false;
  bool silent = false;
  std::atomic<bool> posted{false};  ///< One post at a time, however often the log commits.
};

/// Registered with the log for as long as it lives.
class ProgressWatch {
 public:
  ProgressWatch(eventlog::EventLog& log, net::Shard& shard, std::weak_ptr<Wake> wake) : log_{log} {
    handle_ = log.on_progress([&io = shard.io(), wake = std::move(wake)] {
      const auto target = wake.lock();
      if (!target || target->posted.exchange(true)) return;
      // The shard alone may let the last reference go: the signal is its.
      asio::post(io, [target = std::move(target)] {
        target->posted = false;
        target->progress = true;
        target->signal.notify();
      });
    });
  }
  ~ProgressWatch() { log_.remove_on_progress(handle_); }
  ProgressWatch(const ProgressWatch&) = delete;
  ProgressWatch& operator=(const ProgressWatch&) = delete;

 private:
  eventlog::EventLog& log_;
  std::uint64_t handle_ = 0;
};

/// Until there is progress, the peer goes, or it was silent for long enough.
Task<void> wait_for_more(net::Shard& shard, Wake& wake) {
  wake.silent = false;
  const net::ScopedDeadline deadline{shard, shard.clock().steady() + kKeepAlive, [&wake] {
                                       wake.silent = true;
                                       wake.signal.notify();
                                     }};
  while (!wake.progress && !wake.peer_gone && !wake.silent) {
    MUSTER_CO_CHECK(co_await wake.signal.wait());
  }
  co_return Result<void>{};
}

}  // namespace

Result<std::shared_ptr<EventReaders::Slot>> EventReaders::admit() {
  if (++open_ <= streams_max_) return std::make_shared<Slot>(open_);
  --open_;
  return failure(ErrorCode::throttled,
                 fmt::format("{} event streams are open, no more are served", streams_max_));
}

Task<std::shared_ptr<EventSource>> open_source(EventReaders& readers, eventlog::EventLog& log,
                                               EventRequest request) {
  auto opened =
      co_await asio::co_spawn(readers.pool(), open_blocking(log, std::move(request)), asio::use_awaitable);
  co_return opened;
}

Task<void> run_event_stream(EventStream stream, BodyWriter& writer) {
  const auto wake = std::make_shared<Wake>(stream.shard);
  const ProgressWatch watch{stream.log, stream.shard, wake};
  writer.on_peer_gone([wake] {
    wake->peer_gone = true;
    wake->signal.notify();
  });
  MUSTER_CO_CHECK(
      co_await writer.write(": muster event stream\n\n"));  // So that the client sees its head at once.
  while (!wake->peer_gone) {
    wake->progress = false;  // Before reading: what comes meanwhile is seen by the wait below.
    auto chunk =
        co_await asio::co_spawn(stream.readers.pool(), next_blocking(stream.source), asio::use_awaitable);
    if (!chunk) {
      const Problem problem{chunk.error(), "", stream.shard.clock().wall()};
      co_return co_await writer.write(
          fmt::format("event: error\ndata: {}\n\n", format_muster_problem(problem)));
    }
    MUSTER_CO_CHECK(co_await writer.write(std::move(chunk->text)));
    if (!chunk->at_end) continue;
    MUSTER_CO_CHECK(co_await wait_for_more(stream.shard, *wake));
    if (wake->silent && !wake->progress) {
      MUSTER_CO_CHECK(co_await writer.write(": keep-alive\n\n"));
    }
  }
  co_return Result<void>{};
}

}  // namespace muster::rest
