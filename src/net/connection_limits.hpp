#pragma once

#include "base/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace muster::net {

/// How many connections may be open at once, on all shards and listeners that share a ConnectionLimits.
struct ConnectionCaps {
  std::uint32_t connections_max = 50'000;
  /// A site behind one NAT is one address, and on a developer's machine all are.
  std::uint32_t connections_per_address_max = 20'000;
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

/// Counts open connections, in all and per address. Must outlive its slots. Threads: all members may be
/// called from any thread; one mutex, taken twice in a connection's life.
class ConnectionLimits {
 public:
  explicit ConnectionLimits(ConnectionCaps caps) : caps_{caps} {}
  ConnectionLimits(const ConnectionLimits&) = delete;
  ConnectionLimits& operator=(const ConnectionLimits&) = delete;

  /// connection_limit, which is counted in refused(), with the limit that was met.
  Result<ConnectionSlot> admit(const boost::asio::ip::address& address);

  std::uint32_t open() const;
  std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  friend class ConnectionSlot;
  void give_back(const boost::asio::ip::address& address) noexcept;

  const ConnectionCaps caps_;
  std::atomic<std::uint64_t> refused_ = 0;
  mutable std::mutex mutex_;
  std::uint32_t open_ = 0;
  std::unordered_map<boost::asio::ip::address, std::uint32_t> open_by_address_;
};

}  // namespace muster::net
