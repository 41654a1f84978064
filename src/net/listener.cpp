#include "net/listener.hpp"

#include "base/log.hpp"
#include "net/address.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

namespace muster::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Connections that the kernel completes while the shard is busy: a fleet that reconnects arrives at once.
constexpr int kListenBacklog = 4096;
/// Accepting again at once would spin: the connection stays in the backlog and the descriptor stays ready.
constexpr std::chrono::milliseconds kAcceptPause{100};

bool is_shortage(const boost::system::error_code& ec) {
  return ec == boost::system::errc::too_many_files_open ||
         ec == boost::system::errc::too_many_files_open_in_system ||
         ec == boost::system::errc::no_buffer_space || ec == boost::system::errc::not_enough_memory;
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
    acceptor.async_accept(
        [self = shared_from_this()](const boost::system::error_code& ec, tcp::socket socket) {
          self->accepted(ec, std::move(socket));
        });
  }

  void accepted(const boost::system::error_code& ec, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (is_shortage(ec)) {
      log::warning("net", "accept paused endpoint={} reason={}", format_endpoint(endpoint),
                   log::field(ec.message()));
      shard.at(shard.clock().steady() + kAcceptPause, [self = shared_from_this()] {
        if (self->acceptor.is_open()) self->accept_next();
      });
      return;
    }
    // Other errors are the connection's own, which went before we took it (accept(2)).
    if (!ec) admit(std::move(socket));
    if (acceptor.is_open()) accept_next();
  }

  void admit(tcp::socket socket) {
    boost::system::error_code ec;
    const tcp::endpoint remote = socket.remote_endpoint(ec);
    if (ec) return;
    auto slot = limits.admit(remote.address());
    if (!slot) return;
    socket.set_option(tcp::no_delay{true}, ec);
    auto pass = std::make_unique<OpeningPass>(gate, shard, remote.address());
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
