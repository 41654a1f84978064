#include "net/port_claim.hpp"

#include "net/address.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <system_error>

#include <cerrno>

namespace muster::net {
namespace {

using boost::asio::ip::tcp;

constexpr int kFreePortAttemptsMax = 8;

Error bind_error(int system_error, const Endpoint& wanted) {
  const std::string where = format_endpoint(wanted);
  switch (system_error) {
    case EADDRINUSE: {
      const auto holder = find_port_holder(wanted);
      if (!holder) {
        return Error{ErrorCode::port_in_use, fmt::format("{} is held by another process", where)}.with_remedy(
            fmt::format("Find the process with `ss -ltnp 'sport = :{}'` as root and stop it, or choose "
                        "another address "
                        "or port.",
                        wanted.port));
      }
      return Error{ErrorCode::port_in_use,
                   fmt::format("{} is held by {} (pid {})", where, holder->name, holder->pid)}
          .with_remedy(fmt::format("Stop {} (`kill {}`), or choose another address or port.", holder->name,
                                   holder->pid));
    }
    case EADDRNOTAVAIL:
      return Error{ErrorCode::address_unavailable,
                   fmt::format("{} is not an address of this machine", wanted.address)};
    case EACCES:
      return Error{ErrorCode::permission_denied, fmt::format("this user may not listen on {}", where)}
          .with_remedy(
              "Choose a port from 1024 up, or give the program the capability CAP_NET_BIND_SERVICE.");
    default:
      return Error{ErrorCode::address_unavailable,
                   fmt::format("{}: {}", where, std::generic_category().message(system_error))};
  }
}

bool set_option(int descriptor, int level, int name, int value) {
  return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

Descriptor open_socket(const tcp::endpoint& endpoint) {
  const int family = endpoint.protocol().family();
  Descriptor socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  // "::" does not take IPv4 in with it: each address of the configuration is listened on for itself.
  if (socket && family == AF_INET6) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  return socket;
}

/// The order is what makes this safe (Linux, inet_csk_bind_conflict). SO_REUSEADDR gets past the last run's
/// connections in TIME_WAIT, but two sockets that have it may both bind as long as neither listens. So it
/// listens at once: of two that do, the kernel refuses the second. While it listens SO_REUSEADDR is taken
/// back, after which no socket without SO_REUSEPORT can bind beside it, and SO_REUSEPORT is set, which lets
/// our acceptors (only ours: others are stopped by their own claim). Then it stops listening, so that no
/// connection is queued where nobody accepts; it stays bound.
bool claim(int descriptor, const tcp::endpoint& endpoint) {
  return set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) &&
         ::bind(descriptor, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 &&
         ::listen(descriptor, 0) == 0 && set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 0) &&
         set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) && ::shutdown(descriptor, SHUT_RD) == 0;
}

}  // namespace

Result<PortClaim> PortClaim::take(const Endpoint& wanted) {
  if (wanted.port == 0) return take_free(wanted.address);
  MUSTER_TRY(const tcp::endpoint endpoint, to_asio(wanted));
  Descriptor socket = open_socket(endpoint);
  if (!socket || !claim(socket.get(), endpoint)) return failure(bind_error(errno, wanted));
  return PortClaim{wanted, std::move(socket)};
}

/// A port that the kernel chose is not kept by a socket that stops listening (SOCK_BINDPORT_LOCK is for ports
/// that were asked for), so it is learnt first and then claimed by number; another may have taken it in
/// between.
Result<PortClaim> PortClaim::take_free(const std::string& address) {
  MUSTER_TRY(const tcp::endpoint any, to_asio({address, 0}));
  for (int attempt = 1;; ++attempt) {
    tcp::endpoint bound = any;
    auto size = static_cast<socklen_t>(bound.capacity());
    {
      const Descriptor probe = open_socket(any);
      const bool learnt = probe && ::bind(probe.get(), any.data(), static_cast<socklen_t>(any.size())) == 0 &&
                          ::getsockname(probe.get(), bound.data(), &size) == 0;
      if (!learnt) return failure(bind_error(errno, {address, 0}));
    }
    Result<PortClaim> taken = take({address, bound.port()});
    if (taken || taken.error().code() != ErrorCode::port_in_use || attempt == kFreePortAttemptsMax)
      return taken;
  }
}

Result<Descriptor> PortClaim::open_acceptor(int backlog) const {
  MUSTER_TRY(const tcp::endpoint endpoint, to_asio(endpoint_));
  Descriptor socket = open_socket(endpoint);
  const bool listening =
      socket && set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1) &&
      set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1) &&
      ::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0 &&
      ::listen(socket.get(), backlog) == 0;
  if (!listening) return failure(bind_error(errno, endpoint_));
  return socket;
}

}  // namespace muster::net
