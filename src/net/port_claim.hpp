#pragma once

#include "base/result.hpp"
#include "net/descriptor.hpp"
#include "net/stream.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace muster::net {

/// One address and port taken for this process, as long as it lives. The shards' acceptors bind with
/// SO_REUSEPORT, and any other process of the same user that did so too would silently get a share of the
/// connections: the claim refuses it.
class PortClaim {
 public:
  /// `wanted` with port 0 takes a free one. Errors, each with the remedy:
  ///   port_in_use          with the holder's name and pid where /proc shows them
  ///   address_unavailable  not an address of this machine
  ///   permission_denied    a port below 1024 and no right to it
  static Result<PortClaim> take(const Endpoint& wanted);

  const Endpoint& endpoint() const noexcept { return endpoint_; }
  /// A socket that listens on the endpoint beside this claim and the others made from it.
  Result<Descriptor> open_acceptor(int backlog) const;

 private:
  PortClaim(Endpoint endpoint, Descriptor socket)
      : endpoint_{std::move(endpoint)}, socket_{std::move(socket)} {}
  static Result<PortClaim> take_free(const std::string& address);

  Endpoint endpoint_;
  Descriptor socket_;  ///< Bound, not listening.
};

/// Who listens on a port.
struct PortHolder {
  pid_t pid = 0;
  std::string name;  ///< The process's short name: "mosquitto".
};
/// From /proc, best effort: other users' processes are only seen by root.
std::optional<PortHolder> find_port_holder(const Endpoint& endpoint);

}  // namespace muster::net
