#pragma once

#include "net/connection_limits.hpp"
#include "net/port_claim.hpp"
#include "net/shard.hpp"
#include "net/tls_stream.hpp"

#include <functional>
#include <memory>

namespace muster::net {

/// One shard's acceptor on one claimed endpoint. The socket that it accepts never leaves the shard.
class Listener {
 public:
  /// Called on the shard, for connections within the limits; TCP_NODELAY is set.
  using OnAccept = std::function<void(Accepted, Shard&)>;

  /// Listens from here on; connections queue until start(). `limits` must outlive the shard.
  static Result<Listener> open(Shard& shard, const PortClaim& claim, ConnectionLimits& limits);
  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = delete;
  ~Listener() { stop(); }

  /// Accepts until stop(). What exceeds the limits is closed at once and counted by them. When the process is
  /// out of descriptors it pauses for kAcceptPause of the shard's clock. From any thread.
  void start(OnAccept on_accept);
  /// From any thread; what is being accepted on the shard at this moment may still arrive.
  void stop();

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state) : state_{std::move(state)} {}
  std::shared_ptr<State> state_;
};

}  // namespace muster::net
