#pragma once

#include "base/task.hpp"
#include "gateway/mqtt/connection.hpp"

#include <chrono>
#include <memory>

namespace muster::mqtt {

/// A connection whose CONNECT was accepted: who takes its packets, and how long it may be silent.
struct Opened {
  std::unique_ptr<PacketHandler> handler;
  std::chrono::nanoseconds keep_alive{};
};

/// Reads CONNECT, decides which service it means and whether the peer may, and answers CONNACK. The failure
/// is what the peer was refused for; the CONNACK that says so has been sent.
Task<Opened> open(Connection& connection, GatewayServices& services);

}  // namespace muster::mqtt
