#include "net/connection_limits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::net {
namespace {

/// A shard's part, rounded up: none has no place at all.
std::uint32_t share(std::uint32_t of_all, std::uint32_t shards) { return (of_all + shards - 1) / shards; }

}  // namespace

void ConnectionSlot::release() noexcept {
  if (ConnectionLimits* limits = std::exchange(limits_, nullptr)) limits->give_back(address_);
}

Result<ConnectionSlot> ConnectionLimits::admit(const boost::asio::ip::address& of) {
  const boost::asio::ip::address address = limits_address(of);
  const std::lock_guard lock{mutex_};
  if (open_ >= caps_.connections_max) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return failure(ErrorCode::connection_limit, fmt::format("{} connections are open in all", open_));
  }
  std::uint32_t& open_here = open_by_address_[address];
  if (open_here >= caps_.connections_per_address_max) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    if (open_here == 0) open_by_address_.erase(address);
    return failure(ErrorCode::connection_limit,
                   fmt::format("{} connections are open from {}", caps_.connections_per_address_max,
                               address.to_string()));
  }
  ++open_here;
  ++open_;
  return ConnectionSlot{*this, address};
}

std::uint32_t ConnectionLimits::open() const {
  const std::lock_guard lock{mutex_};
  return open_;
}

std::uint32_t ConnectionLimits::open_of_one_address_max() const {
  const std::lock_guard lock{mutex_};
  std::uint32_t most = 0;
  for (const auto& [address, open_here] : open_by_address_) most = std::max(most, open_here);
  return most;
}

OpeningGate& ConnectionLimits::gate(std::uint32_t shard_index) {
  const OpeningCaps caps{
      .openings_max = share(caps_.openings.openings_max, caps_.shards),
      .openings_per_address_max = share(caps_.openings.openings_per_address_max, caps_.shards)};
  const std::lock_guard lock{mutex_};
  auto& gate = gates_[shard_index];
  if (!gate) gate = std::make_unique<OpeningGate>(caps, openings_);
  return *gate;
}

void ConnectionLimits::give_back(const boost::asio::ip::address& address) noexcept {
  const std::lock_guard lock{mutex_};
  --open_;
  const auto found = open_by_address_.find(address);
  if (--found->second == 0) open_by_address_.erase(found);
}

}  // namespace muster::net
