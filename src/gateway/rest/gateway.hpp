#pragma once

#include "gateway/rest/event_readers.hpp"
#include "gateway/rest/http_limits.hpp"
#include "gateway/rest/http_message.hpp"
#include "gateway/rest/services.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace muster::rest {

/// The connections that a gateway serves now, so that a stop can end them. Threads: any.
class OpenStreams {
 public:
  /// Registers for its own life.
  class Entry {
   public:
    Entry(OpenStreams& owner, net::Shard& shard, std::weak_ptr<net::Stream> stream);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    OpenStreams& owner_;
    std::uint64_t id_;
  };
  /// Closes all, each on its shard; returns at once.
  void close_all();

 private:
  struct Open {
    net::Shard* shard;
    std::weak_ptr<net::Stream> stream;
  };
  std::mutex mutex_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t next_id_ = 1;
};

/// The REST APIs of hubs, DPS instances, ARM and muster itself: which one a request means is told by its Host
/// header. One for the process; serves connections of any number of shards. Outlives them.
class Gateway {
 public:
  Gateway(Services services, HttpLimits limits);

  /// Serves one connection, whose handshake is done, until it ends. Call on the shard. Fails only for what an
  /// operator should see: peer_stalled, tls_failure.
  Task<void> serve(net::Shard& shard, std::shared_ptr<net::Stream> stream, Caller caller);
  /// The same for a connection over the network: the TLS handshake first, and each call shows its rights.
  asio::awaitable<void> serve_tls(net::Shard& shard, std::shared_ptr<net::Stream> stream);
  /// Closes all connections and ends the reader threads. Any thread but a shard's; blocks for reads under
  /// way.
  void stop();

 private:
  /// One connection: where it is served, who calls, and what its stream has shown.
  struct Client {
    net::Shard& shard;
    const Caller& caller;
    const net::PeerInfo& peer;
  };
  asio::awaitable<Response> answer(const Client& client, const Request& request);
  Response refuse(const Client& client, unsigned status, const Error& error, const Request& so_far);
  asio::awaitable<std::optional<Response>> judge_head(const Client& client, const Request& head);
  enum class Extent : std::uint8_t { head, whole };
  Task<Response> dispatch(const Client& client, const Request& request, Extent extent, struct Asked& asked);
  Result<Face> face_of(const Client& client, const Request& request) const;

  const Services services_;
  const HttpLimits limits_;
  EventReaders readers_;
  OpenStreams open_;
};

/// What the admin port knows besides the services' figures.
struct AdminFace {
  std::function<bool()> stopping;  ///< An orderly stop has begun.
  Bytes crl_der;                   ///< GET /server.crl.
  std::function<std::string()> limit_metrics =
      {};  ///< Further lines of GET /metrics: the limits and their use.
};

/// The admin port: /healthz, /readyz, /metrics, /server.crl, GET only.
class AdminGateway {
 public:
  AdminGateway(Services services, AdminFace face, HttpLimits limits);

  Task<void> serve(net::Shard& shard, std::shared_ptr<net::Stream> stream);
  void stop() { open_.close_all(); }

  /// The answer to a request: what the tests ask.
  Response answer(const Request& request) const;

 private:
  const Services services_;
  const AdminFace face_;
  const HttpLimits limits_;
  OpenStreams open_;
};

}  // namespace muster::rest
