#include "net/connect.hpp"

#include "net/address.hpp"
#include "net/tests/loop.hpp"

#include <gmock/gmock.h>

namespace muster::net {
namespace {

using testing::HasSubstr;
using tcp = asio::ip::tcp;

class ConnectTest : public testing::Test {
 protected:
  Result<Descriptor> dial(ConnectRequest request) {
    return loop.run(connect(loop.shard, std::move(request)));
  }

  Loop loop;
  tcp::acceptor acceptor{loop.shard.io(), {asio::ip::address_v4::loopback(), 0}};
  std::uint16_t port = acceptor.local_endpoint().port();
};

TEST_F(ConnectTest, ReachesAddressesAndNames) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const auto socket = dial({.host = host, .port = port});
    ASSERT_TRUE(socket) << socket.error().reason();
    EXPECT_EQ(remote_of(socket->get()).port, port);
    EXPECT_TRUE(no_delay(socket->get()));
  }
}

TEST_F(ConnectTest, GoesWhereItIsToldInsteadOfLookingUp) {
  const auto socket =
      dial({.host = "my-hub.azure-devices.net", .port = 8883, .connect_to = Endpoint{"127.0.0.1", port}});
  ASSERT_TRUE(socket) << socket.error().reason();
  EXPECT_EQ(dial({.host = "x", .port = 1, .connect_to = Endpoint{"not-an-address", 1}}).error().code(),
            ErrorCode::config_invalid);
}

TEST_F(ConnectTest, RefusalsNameEveryAddress) {
  acceptor.close();
  const auto refused = dial({.host = "127.0.0.1", .port = port});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::connect_failed);
  EXPECT_THAT(refused.error().reason(), HasSubstr(fmt::format("127.0.0.1:{} (Connection refused)", port)));
}

TEST_F(ConnectTest, NamesThatCannotBeAreUnresolved) {
  const auto unresolved = dial({.host = std::string(300, 'a'), .port = port});
  ASSERT_FALSE(unresolved);
  EXPECT_EQ(unresolved.error().code(), ErrorCode::name_unresolved);
  EXPECT_THAT(unresolved.error().reason(), HasSubstr("aaa: "));
}

TEST_F(ConnectTest, DeadlineEndsAnAttemptThatNobodyAnswers) {
  // A full backlog: the kernel drops further SYNs.
  acceptor.listen(0);
  std::vector<tcp::socket> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back(loop.shard.io(), tcp::v4());
    fillers.back().non_blocking(true);
    const auto to = acceptor.local_endpoint();
    ::connect(fillers.back().native_handle(), to.data(),
              static_cast<socklen_t>(to.size()));  // Asio's would wait.
  }
  const auto waiting =
      loop.start(connect(loop.shard, {.host = "pump.muster.test",
                                      .port = port,
                                      .connect_to = Endpoint{"127.0.0.1", port},
                                      .deadline = loop.clock.steady() + std::chrono::seconds{30}}));
  loop.shard.poll();
  loop.clock.advance(std::chrono::seconds{29});
  loop.shard.poll();
  EXPECT_FALSE(waiting->done());
  loop.clock.advance(std::chrono::seconds{1});
  loop.until([&] { return waiting->done(); });
  ASSERT_TRUE(waiting->done());
  ASSERT_FALSE(*waiting->result);
  EXPECT_EQ(waiting->result->error().code(), ErrorCode::timed_out);
  EXPECT_THAT(waiting->result->error().reason(), HasSubstr("127.0.0.1"));
}

}  // namespace
}  // namespace muster::net
