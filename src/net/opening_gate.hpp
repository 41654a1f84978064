#pragma once

#include "base/task.hpp"
#include "net/signal.hpp"

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <cstdint>
#include <list>
#include <unordered_map>

namespace muster::net {

/// How many connections may be in their opening at once: from the first byte that they send until the session
/// has let the peer in. What a stranger can make the service hold (a TLS object, a CONNECT that comes in
/// drips) is bounded by this, not by the number of connections.
struct OpeningCaps {
  std::uint32_t openings_max = 1'000;
  std::uint32_t openings_per_address_max = 500;
};

/// Of all gates of one ConnectionLimits. Threads: any.
struct OpeningFigures {
  std::atomic<std::uint32_t> open{0};     ///< In their opening now.
  std::atomic<std::uint32_t> waiting{0};  ///< Have spoken, and wait for their turn.
  std::atomic<std::uint64_t> refused{0};  ///< Had to go before it was their turn.
};

/// What limits count as one address: of IPv6 the first 64 bits, which one subscriber has to himself.
boost::asio::ip::address limits_address(const boost::asio::ip::address& address);

class OpeningPass;

/// One shard's gate. Who finds it full waits, and what he has sent stays with the kernel; a place that comes
/// free goes to the addresses in turn, so that one that fills the gate delays another by one place and not by
/// all who wait there. Within an address to who came last: whoever came first has the least of his time left.
/// Not thread-safe; outlives its passes.
class OpeningGate {
 public:
  OpeningGate(OpeningCaps caps, OpeningFigures& figures) : caps_{caps}, figures_{figures} {}
  ~OpeningGate();
  OpeningGate(const OpeningGate&) = delete;
  OpeningGate& operator=(const OpeningGate&) = delete;

 private:
  friend class OpeningPass;
  /// An address with somebody inside or waiting.
  struct Peer {
    std::uint32_t inside = 0;
    std::list<OpeningPass*> waiting;
    std::list<Peer*>::iterator turn;  ///< In `turns_`, while somebody waits.
  };

  bool has_room(const Peer& peer) const noexcept {
    return inside_ < caps_.openings_max && peer.inside < caps_.openings_per_address_max;
  }
  void take_place(OpeningPass& pass);
  void wait_in_line(OpeningPass& pass);
  void leave_line(OpeningPass& pass);
  void give_place_back(OpeningPass& pass);
  void let_in();
  void forget(Peer& peer, const boost::asio::ip::address& address);

  const OpeningCaps caps_;
  OpeningFigures& figures_;
  std::uint32_t inside_ = 0;
  std::unordered_map<boost::asio::ip::address, Peer> peers_;
  std::list<Peer*> turns_;  ///< Those with somebody waiting; the front is next.
};

/// One connection's way through the gate. Gives its place back on destruction.
class OpeningPass {
 public:
  OpeningPass(OpeningGate& gate, Shard& shard, const boost::asio::ip::address& address);
  ~OpeningPass();
  OpeningPass(const OpeningPass&) = delete;
  OpeningPass& operator=(const OpeningPass&) = delete;

  /// Completes when it is this connection's turn; `cancelled` when the pass is destroyed first. Once.
  Task<void> enter();
  bool is_waiting() const noexcept { return state_ == State::waiting; }

 private:
  friend class OpeningGate;
  enum class State : std::uint8_t { outside, waiting, inside };

  OpeningGate& gate_;
  const boost::asio::ip::address address_;
  State state_ = State::outside;
  std::list<OpeningPass*>::iterator place_;  ///< In its peer's line, while it waits.
  Signal turn_;
};

}  // namespace muster::net
