// The module as the service uses it: acceptors on several shards, each with its thread. Run under
// ThreadSanitizer.
#include "net/connect.hpp"
#include "net/listener.hpp"
#include "net/tests/identities.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <future>

namespace muster::net {
namespace {

constexpr int kConnections = 60;
constexpr std::size_t kMessageSize = 40'000;

Task<void> echo(TlsStream& stream) {
  MUSTER_CO_CHECK(co_await stream.handshake());
  MUSTER_CO_TRY(std::string text, co_await read_exactly(stream, kMessageSize));
  MUSTER_CO_CHECK(co_await write_all(stream, std::move(text)));
  co_return Result<void>{};
}

asio::awaitable<void> serve(std::unique_ptr<TlsStream> stream, std::atomic<int>& served) {
  const Result<void> done = co_await echo(*stream);
  if (done) ++served;
  std::array<std::byte, 1> into;
  const Result<void> gone = co_await stream->readable();  // The client closes first.
  if (gone) static_cast<void>(stream->try_read(into));
  stream->close();
}

Task<void> ask(Shard& shard, Endpoint to, const TlsClientContext& context) {
  ConnectRequest request{.host = "localhost", .port = 1, .connect_to = to};
  MUSTER_CO_TRY(auto socket, co_await connect(shard, std::move(request)));
  TlsStream stream{shard, std::move(socket), context, "localhost"};
  MUSTER_CO_CHECK(co_await stream.handshake());
  const std::string text(kMessageSize, 'x');
  MUSTER_CO_CHECK(co_await write_all(stream, text));
  MUSTER_CO_TRY(const std::string echoed, co_await read_exactly(stream, text.size()));
  if (echoed != text) co_return failure(ErrorCode::protocol_violation, "another text");
  co_return Result<void>{};
}

TEST(ThreadsTest, ShardsServeManyClientsWhileIdentitiesChange) {
  TestClock clock{kStart};
  const auto server_context = Identities::get().server();
  const TlsClientContext client_context = Identities::get().client({Identities::get().device_chain});
  ConnectionLimits limits{ConnectionCaps{}};
  std::atomic<int> served = 0, succeeded = 0, ended = 0;
  std::promise<void> all_ended;
  {
    Shard first{clock, 0}, second{clock, 1}, clients{clock, 2};
    const auto claim = PortClaim::take({"127.0.0.1", 0});
    ASSERT_TRUE(claim) << claim.error().reason();
    std::vector<Listener> listeners;
    for (Shard* shard : {&first, &second}) {
      listeners.push_back(Listener::open(*shard, *claim, limits).value());
      listeners.back().start([&](Accepted one, Shard& on) {
        asio::co_spawn(on.io(),
                       serve(std::make_unique<TlsStream>(on, std::move(one), *server_context), served),
                       asio::detached);
      });
      shard->start();
    }
    clients.start();
    for (int i = 0; i < kConnections; ++i) {
      asio::co_spawn(clients.io(), ask(clients, claim->endpoint(), client_context),
                     [&](std::exception_ptr, const Result<void>& result) {
                       EXPECT_TRUE(result) << result.error().reason();
                       if (result) ++succeeded;
                       if (++ended == kConnections) all_ended.set_value();
                     });
      if (i % 10 == 0) {
        ASSERT_TRUE(server_context->replace(
            std::vector{Identities::get().server_rsa, Identities::get().server_p256}));
      }
    }
    all_ended.get_future().get();
    listeners.clear();
    for (Shard* shard : {&first, &second, &clients}) shard->stop();
  }
  EXPECT_EQ(succeeded, kConnections);
  EXPECT_EQ(served, kConnections);
  EXPECT_EQ(limits.open(), 0U);
}

}  // namespace
}  // namespace muster::net
