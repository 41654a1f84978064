#include "net/connection_limits.hpp"

#include <fmt/format.h>

namespace muster::net {

void ConnectionSlot::release() noexcept {
  if (ConnectionLimits* limits = std::exchange(limits_, nullptr)) limits->give_back(address_);
}

Result<ConnectionSlot> ConnectionLimits::admit(const boost::asio::ip::address& address) {
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

void ConnectionLimits::give_back(const boost::asio::ip::address& address) noexcept {
  const std::lock_guard lock{mutex_};
  --open_;
  const auto found = open_by_address_.find(address);
  if (--found->second == 0) open_by_address_.erase(found);
}

}  // namespace muster::net
