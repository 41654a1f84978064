#pragma once

#include "base/task.hpp"
#include "net/descriptor.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace muster::net {

/// Where a client wants to go. In a coroutine give it a name before the co_await: g++ 12 destroys an
/// aggregate that is made inside the expression twice.
struct ConnectRequest {
  std::string host;  ///< A name, or an address without brackets.
  std::uint16_t port = 0;
  std::optional<Endpoint>
      connect_to;  ///< Goes there instead, and nothing is looked up, as curl's --connect-to.
  SteadyTime deadline = SteadyTime::max();
};

/// A TCP connection to `request.host`: tries its addresses in turn, each for its share of the time that is
/// left.
///
/// Returns   a connected socket with TCP_NODELAY.
/// Errors    name_unresolved  with the resolver's words
///           connect_failed   every address tried, with what each answered
///           timed_out        the deadline passed; says where it stood
/// Threads   call on the shard, which must outlive it. The system's resolver cannot be interrupted: at the
/// deadline its answer is
///           no longer waited for.
Task<Descriptor> connect(Shard& shard, ConnectRequest request);

}  // namespace muster::net
