#include "net/connect.hpp"

#include "net/address.hpp"
#include "net/signal.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <memory>

namespace muster::net {
namespace {

using asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

/// More addresses than this are not tried.
constexpr std::size_t kAddressesMax = 16;

/// Outlives the wait: the resolver's handler holds it, and may come after the deadline.
struct Lookup {
  explicit Lookup(Shard& shard) : resolver{shard.io()}, done{shard} {}
  tcp::resolver resolver;
  Signal done;
  bool answered = false;
  boost::system::error_code error;
  Endpoints endpoints;
};

std::string where(const ConnectRequest& request) { return format_endpoint({request.host, request.port}); }

tl::unexpected<Error> too_late(const ConnectRequest& request, std::string_view doing) {
  return failure(ErrorCode::timed_out, fmt::format("{}: no answer while {}", where(request), doing));
}

Task<Endpoints> resolve(Shard& shard, ConnectRequest request) {
  const auto lookup = std::make_shared<Lookup>(shard);
  lookup->resolver.async_resolve(
      request.host, std::to_string(request.port), tcp::resolver::numeric_service,
      [lookup](const boost::system::error_code& ec, const tcp::resolver::results_type& results) {
        lookup->answered = true;
        lookup->error = ec;
        for (const auto& result : results) {
          if (lookup->endpoints.size() < kAddressesMax) lookup->endpoints.push_back(result.endpoint());
        }
        lookup->done.notify();
      });
  const ScopedDeadline deadline{shard, request.deadline, [lookup] { lookup->done.notify(); }};
  MUSTER_CO_CHECK(co_await lookup->done.wait());
  if (!lookup->answered) co_return too_late(request, "looking the name up");
  if (lookup->error || lookup->endpoints.empty()) {
    co_return failure(ErrorCode::name_unresolved,
                      fmt::format("{}: {}", request.host, lookup->error.message()));
  }
  co_return std::move(lookup->endpoints);
}

/// The empty optional: this address took longer than its share.
Task<std::optional<tcp::socket>> try_address(Shard& shard, tcp::endpoint endpoint, SteadyTime until) {
  tcp::socket socket{shard.io()};
  bool expired = false;
  const ScopedDeadline deadline{shard, until, [&socket, &expired] {
                                  boost::system::error_code ignored;
                                  expired = true;
                                  socket.close(ignored);
                                }};
  const auto [ec] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (expired) co_return std::optional<tcp::socket>{};
  if (ec) co_return failure(ErrorCode::connect_failed, ec.message());
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  co_return std::optional<tcp::socket>{std::move(socket)};
}

/// When the attempt on the next of `left` addresses has to end, so that the others get as long.
SteadyTime share_of(SteadyTime now, SteadyTime deadline, std::size_t left) {
  if (deadline == SteadyTime::max() || deadline <= now) return deadline;
  return now + (deadline - now) / static_cast<std::int64_t>(left);
}

}  // namespace

Task<Descriptor> connect(Shard& shard, ConnectRequest request) {
  Endpoints endpoints;
  if (request.connect_to) {
    MUSTER_CO_TRY(const tcp::endpoint endpoint, to_asio(*request.connect_to));
    endpoints.push_back(endpoint);
  } else {
    MUSTER_CO_TRY(endpoints, co_await resolve(shard, request));
  }
  std::string tried;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const SteadyTime until = share_of(shard.clock().steady(), request.deadline, endpoints.size() - i);
    Result<std::optional<tcp::socket>> attempt = co_await try_address(shard, endpoints[i], until);
    if (attempt && *attempt) co_return Descriptor{(*attempt)->release()};
    if (!tried.empty()) tried += ", ";
    tried += fmt::format("{} ({})", format_endpoint(from_asio(endpoints[i])),
                         attempt ? "no answer" : attempt.error().reason());
    if (shard.clock().steady() >= request.deadline)
      co_return too_late(request, fmt::format("connecting: {}", tried));
  }
  co_return failure(ErrorCode::connect_failed, fmt::format("{}: {}", where(request), tried));
}

}  // namespace muster::net
