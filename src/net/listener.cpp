#include "net/listener.hpp"

#include "base/log.hpp"
#include "net/address.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>

#include <cerrno>
#include <cstring>

namespace muster::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Connections that the kernel completes while the shard is busy: a fleet that reconnects arrives at once.
constexpr int kListenBacklog = 4096;
/// Accepting again at once would spin: the connection stays in the backlog and the descriptor stays ready.
constexpr std::chrono::milliseconds kAcceptPause{100};

constexpr int kAcceptsPerTurn = 32;

bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

asio::ip::address address_in(const sockaddr_storage& remote) {
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), &remote, endpoint.capacity());
  return endpoint.address();
}

}  // namespace

struct Listener::State : std::enable_shared_from_this<State> {
  State(Shard& on, tcp::acceptor bound, Endpoint at, ConnectionLimits& within)
      : shard{on},
        acceptor{std::move(bound)},
        endpoint{std::move(at)},
        limits{within},
        gate{within.gate(on.index())} {}

  void accept_next() {
    acceptor.async_wait(
        tcp::acceptor::wait_read,
        [self = shared_from_this()](const boost::system::error_code&) { self->accept_waiting(); });
  }

  /// What stands in the backlog, a turn's worth: those that are connected have their turn too.
  void accept_waiting() {
    for (int i = 0; i < kAcceptsPerTurn && acceptor.is_open(); ++i) {
      sockaddr_storage remote{};
      socklen_t size = sizeof remote;
      Descriptor socket{::accept4(acceptor.native_handle(), reinterpret_cast<sockaddr*>(&remote), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC)};
      if (socket) {
        admit(std::move(socket), remote);
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (is_shortage(errno)) return pause(errno);
      // Other errors are the connection's own, which went before we took it (accept(2)).
    }
    if (acceptor.is_open()) accept_next();
  }

  void pause(int error) {
    log::warning("net", "accept paused endpoint={} reason={}", format_endpoint(endpoint),
                 log::field(std::generic_category().message(error)));
    shard.at(shard.clock().steady() + kAcceptPause, [self = shared_from_this()] {
      if (self->acceptor.is_open()) self->accept_next();
    });
  }

  void admit(Descriptor socket, const sockaddr_storage& remote) {
    auto slot = limits.admit(address_in(remote));
    if (!slot) return;
    constexpr int kOn = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
    auto pass = std::make_unique<OpeningPass>(gate, shard, address_in(remote));
    on_accept(Accepted{std::move(socket), *std::move(slot), std::move(pass)}, shard);
  }

  Shard& shard;
  tcp::acceptor acceptor;
  Endpoint endpoint;
  ConnectionLimits& limits;
  OpeningGate& gate;
  OnAccept on_accept;
};

Result<Listener> Listener::open(Shard& shard, const PortClaim& claim, ConnectionLimits& limits) {
  MUSTER_TRY(Descriptor socket, claim.open_acceptor(kListenBacklog));
  const auto protocol = is_ipv4(claim.endpoint().address) ? tcp::v4() : tcp::v6();
  tcp::acceptor acceptor{shard.io()};
  boost::system::error_code ec;
  acceptor.assign(protocol, socket.get(), ec);
  if (ec) return failure(ErrorCode::address_unavailable, ec.message());
  socket.release();
  return Listener{std::make_shared<State>(shard, std::move(acceptor), claim.endpoint(), limits)};
}

void Listener::start(OnAccept on_accept) {
  asio::post(state_->shard.io(), [state = state_, on_accept = std::move(on_accept)]() mutable {
    if (!state->acceptor.is_open()) return;
    state->on_accept = std::move(on_accept);
    state->accept_next();
  });
}

void Listener::stop() {
  if (!state_) return;
  asio::post(state_->shard.io(), [state = state_] {
    boost::system::error_code ignored;
    state->acceptor.close(ignored);
  });
}

}  // namespace muster::net
