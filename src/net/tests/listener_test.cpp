#include "net/listener.hpp"

#include "net/address.hpp"
#include "net/tests/loop.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <fstream>

namespace muster::net {
namespace {

using testing::HasSubstr;
using tcp = asio::ip::tcp;

/// What `body` returns in a process of its own.
template <typename Body>
int in_another_process(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class ListenerTest : public testing::Test {
 protected:
  tcp::socket dial(const PortClaim& claim) {
    tcp::socket socket{loop.shard.io()};
    socket.connect(*to_asio(claim.endpoint()));
    return socket;
  }
  Listener listen(const PortClaim& claim, ConnectionLimits& limits) {
    auto listener = Listener::open(loop.shard, claim, limits);
    EXPECT_TRUE(listener) << listener.error().reason();
    listener->start([this](Accepted one, Shard& shard) {
      EXPECT_EQ(&shard, &loop.shard);
      accepted.push_back(std::move(one));
    });
    return *std::move(listener);
  }

  Loop loop;
  ConnectionLimits no_limits{ConnectionCaps{}};
  std::vector<Accepted> accepted;
};

TEST_F(ListenerTest, ClaimIsExclusiveBeforeAndWhileItListens) {
  const auto claim = PortClaim::take({"127.0.0.1", 0});
  ASSERT_TRUE(claim) << claim.error().reason();
  ASSERT_NE(claim->endpoint().port, 0);
  const auto other_is_refused = [&] {
    const auto other = PortClaim::take(claim->endpoint());
    return !other && other.error().code() == ErrorCode::port_in_use ? 0 : 1;
  };
  EXPECT_EQ(in_another_process(other_is_refused), 0);
  EXPECT_EQ(other_is_refused(), 0) << "not even ourselves twice";
  const auto one = claim->open_acceptor(16);
  const auto two = claim->open_acceptor(16);
  ASSERT_TRUE(one && two) << "the shards share it";
  EXPECT_EQ(in_another_process(other_is_refused), 0);
  EXPECT_TRUE(PortClaim::take({"127.0.0.2", claim->endpoint().port})) << "a world on another address";
}

TEST_F(ListenerTest, PortInUseNamesTheHolder) {
  const auto claim = PortClaim::take({"127.0.0.1", 0});
  const auto acceptor = claim->open_acceptor(16);
  ASSERT_TRUE(acceptor);
  const pid_t us = ::getpid();
  std::string name;
  std::getline(std::ifstream{"/proc/self/comm"}, name);
  EXPECT_EQ(in_another_process([&] {
              const auto other = PortClaim::take(claim->endpoint());
              if (other) return 2;
              const std::string pid = std::to_string(us);
              const bool named = other.error().reason().find(name + " (pid " + pid) != std::string::npos &&
                                 other.error().remedy().find("kill " + pid) != std::string::npos;
              return named ? 0 : 1;
            }),
            0);
  tcp::acceptor v6{loop.shard.io()};
  v6.open(tcp::v6());
  v6.bind({asio::ip::address_v6::loopback(), 0});
  v6.listen();
  const auto holder = find_port_holder({"::1", v6.local_endpoint().port()});
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, us);
}

TEST_F(ListenerTest, AddressesOfOthersAndJunkAreRefused) {
  EXPECT_EQ(PortClaim::take({"192.0.2.1", 0}).error().code(), ErrorCode::address_unavailable);
  EXPECT_EQ(PortClaim::take({"localhost", 0}).error().code(), ErrorCode::config_invalid);
}

TEST_F(ListenerTest, PrivilegedPortsNeedTheRight) {
  const int outcome = in_another_process([] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 2;
    const auto claim = PortClaim::take({"127.0.0.1", 1});
    if (claim) return 2;
    return claim.error().code() == ErrorCode::permission_denied ? 0 : 1;
  });
  if (outcome == 2) GTEST_SKIP() << "here anybody may bind port 1";
  EXPECT_EQ(outcome, 0);
}

TEST_F(ListenerTest, PortIsFreeAgainAtOnceThoughConnectionsWaitOut) {
  Endpoint endpoint;
  {
    const auto claim = PortClaim::take({"127.0.0.1", 0});
    endpoint = claim->endpoint();
    const auto listener = listen(*claim, no_limits);
    tcp::socket client = dial(*claim);
    loop.until([&] { return !accepted.empty(); });
    accepted.clear();  // The server closes first and gets the TIME_WAIT.
    char byte = 0;
    boost::system::error_code ec;
    client.read_some(asio::buffer(&byte, 1), ec);
    EXPECT_EQ(ec, asio::error::eof);
  }
  loop.shard.poll();
  const auto again = PortClaim::take(endpoint);
  ASSERT_TRUE(again) << again.error().reason();
  EXPECT_TRUE(again->open_acceptor(16));
}

TEST_F(ListenerTest, TwoShardsShareOnePort) {
  TestClock clock{kStart};
  Shard second{clock, 1};
  const auto claim = PortClaim::take({"127.0.0.1", 0});
  auto here = listen(*claim, no_limits);
  auto there = Listener::open(second, *claim, no_limits);
  std::size_t on_second = 0;
  there->start([&](const Accepted&, Shard& shard) {
    EXPECT_EQ(&shard, &second);
    ++on_second;
  });
  std::vector<tcp::socket> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(dial(*claim));
  loop.turns([&] {
    second.poll();
    return accepted.size() + on_second == clients.size();
  });
  EXPECT_GT(accepted.size(), 0U);
  EXPECT_GT(on_second, 0U);
}

TEST_F(ListenerTest, NobodyIsLostBetweenOpenAndStart) {
  const auto claim = PortClaim::take({"127.0.0.1", 0});
  auto listener = Listener::open(loop.shard, *claim, no_limits);
  const tcp::socket early = dial(*claim);
  bool seen = false;
  listener->start([&](const Accepted& one, Shard&) {
    seen = true;
    EXPECT_TRUE(no_delay(one.socket.get()));
  });
  loop.until([&] { return seen; });
}

TEST_F(ListenerTest, ExcessIsClosedAtOnceAndCounted) {
  struct Case {
    ConnectionCaps caps;
    std::string_view what;
  };
  for (const Case& c :
       {Case{{.connections_max = 2}, "in all"}, Case{{.connections_per_address_max = 2}, "per address"}}) {
    ConnectionLimits limits{c.caps};
    const auto claim = PortClaim::take({"127.0.0.1", 0});
    const auto listener = listen(*claim, limits);
    const tcp::socket a = dial(*claim), b = dial(*claim);
    tcp::socket excess = dial(*claim);
    loop.until([&] { return accepted.size() == 2 && limits.refused() == 1; });
    char byte = 0;
    boost::system::error_code ec;
    excess.read_some(asio::buffer(&byte, 1), ec);
    EXPECT_EQ(ec, asio::error::eof) << c.what;
    EXPECT_EQ(limits.open(), 2U);
    accepted.pop_back();
    EXPECT_EQ(limits.open(), 1U) << "the slot goes with the connection";
    const tcp::socket next = dial(*claim);
    loop.until([&] { return accepted.size() == 2; });
    accepted.clear();
    EXPECT_EQ(limits.open(), 0U);
  }
}

TEST_F(ListenerTest, LimitsSayWhichWasMet) {
  ConnectionLimits limits{{.connections_max = 3, .connections_per_address_max = 1}};
  const auto a = asio::ip::make_address("10.0.0.1"), b = asio::ip::make_address("10.0.0.2");
  auto first = limits.admit(a);
  ASSERT_TRUE(first);
  EXPECT_THAT(limits.admit(a).error().reason(), HasSubstr("from 10.0.0.1"));
  ConnectionSlot moved = *std::move(first);
  EXPECT_EQ(limits.open(), 1U);
  const auto second = limits.admit(b);
  const auto third = limits.admit(asio::ip::make_address("10.0.0.3"));
  EXPECT_THAT(limits.admit(asio::ip::make_address("10.0.0.4")).error().reason(),
              HasSubstr("3 connections are open in all"));
  moved.release();
  EXPECT_TRUE(limits.admit(a));
  EXPECT_EQ(limits.refused(), 2U);
}

TEST_F(ListenerTest, PausesWhenThereAreNoDescriptors) {
  const auto claim = PortClaim::take({"127.0.0.1", 0});
  const auto listener = listen(*claim, no_limits);
  loop.shard.poll();
  const tcp::socket client = dial(*claim);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest_free = ::dup(0);
  ::close(lowest_free);
  const rlimit none{static_cast<rlim_t>(lowest_free), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  std::size_t handlers = 0;
  for (int i = 0; i < 1000; ++i) handlers += loop.shard.poll();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LE(handlers, 2U) << "it does not spin";
  for (int i = 0; i < 1000; ++i) loop.shard.poll();
  EXPECT_TRUE(accepted.empty());
  loop.clock.advance(std::chrono::milliseconds{100});
  loop.until([&] { return accepted.size() == 1; });
}

TEST_F(ListenerTest, StoppedOnesAcceptNobody) {
  const auto claim = PortClaim::take({"127.0.0.1", 0});
  auto listener = listen(*claim, no_limits);
  listener.stop();
  listener.stop();
  loop.shard.poll();
  tcp::socket client{loop.shard.io()};
  boost::system::error_code ec;
  client.connect(*to_asio(claim->endpoint()), ec);
  EXPECT_EQ(ec, asio::error::connection_refused) << "the claim itself does not listen";
}

}  // namespace
}  // namespace muster::net
