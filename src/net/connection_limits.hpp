#pragma once

#include "base/result.hpp"
#include "net/opening_gate.hpp"

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace muster::net {

/// How many connections may be open at once, on all shards and listeners that share a ConnectionLimits.
struct ConnectionCaps {
  std::uint32_t connections_max = 50'000;
  /// A site behind one NAT is one address, and on a developer's machine all are.
  std::uint32_t connections_per_address_max = 20'000;
  OpeningCaps openings = {};
  std::uint32_t shards = 1;  ///< Among whom the openings are shared out: each has a gate of its own.
};

class ConnectionLimits;

/// The right to one open connection; given back on destruction.
class ConnectionSlot {
 public:
  ConnectionSlot() = default;  ///< Of no limits: tests, and what is not counted.
  ConnectionSlot(ConnectionSlot&& other) noexcept
      : limits_{std::exchange(other.limits_, nullptr)}, address_{other.address_} {}
  ConnectionSlot& operator=(ConnectionSlot&& other) noexcept {
    release();
    limits_ = std::exchange(other.limits_, nullptr);
    address_ = other.address_;
    return *this;
  }
  ~ConnectionSlot() { release(); }
  void release() noexcept;

 private:
  friend class ConnectionLimits;
  ConnectionSlot(ConnectionLimits& limits, boost::asio::ip::address address)
      : limits_{&limits}, address_{std::move(address)} {}

  ConnectionLimits* limits_ = nullptr;
  boost::asio::ip::address address_;
};

/// Counts open connections, in all and per address, and keeps the gates of their openings. Must outlive its
/// slots. Threads: all members may be called from any thread; one mutex, taken twice in a connection's life.
class ConnectionLimits {
 public:
  explicit ConnectionLimits(ConnectionCaps caps) : caps_{caps} {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  /// connection_limit, which is counted in refused(), with the limit that was met.
  Result<ConnectionSlot> admit(const boost::asio::ip::address& address);

  /// The shard's gate, made when it is first asked for; to be used on that shard.
  OpeningGate& gate(std::uint32_t shard_index);

  const ConnectionCaps& caps() const noexcept { return caps_; }
  const OpeningFigures& openings() const noexcept { return openings_; }
  std::uint32_t open() const;
  std::uint32_t open_of_one_address_max() const;  ///< Of the address that has most.
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  friend class ConnectionSlot;
  void give_back(const boost::asio::ip::address& address) noexcept;

  const ConnectionCaps caps_;
  std::atomic<std::uint64_t> refused_ = 0;
  mutable std::mutex mutex_;
  std::uint32_t open_ = 0;
  std::unordered_map<boost::asio::ip::address, std::uint32_t> open_by_address_;
  OpeningFigures openings_;
  std::map<std::uint32_t, std::unique_ptr<OpeningGate>> gates_;  ///< By shard.
};

}  // namespace muster::net
