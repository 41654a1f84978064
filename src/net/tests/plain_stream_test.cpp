#include "net/plain_stream.hpp"

#include "net/tests/loop.hpp"
#include "net/unix_socket.hpp"

#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

namespace muster::net {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(PlainStreamTest, CarriesBytesOverTcpAndKnowsItsEnds) {
  Loop loop;
  auto [server_socket, client_socket] = loop.connected();
  PlainStream server{loop.shard, std::move(server_socket)};
  PlainStream client{loop.shard, std::move(client_socket)};
  ASSERT_TRUE(loop.run(server.handshake()));
  EXPECT_EQ(server.peer().remote, client.peer().local);
  EXPECT_EQ(server.peer().remote.address, "127.0.0.1");
  EXPECT_EQ(server.peer().tls_version, "");
  EXPECT_FALSE(server.credentials());

  ASSERT_TRUE(loop.run(write_all(client, "hello")));
  EXPECT_EQ(loop.run(read_exactly(server, 5)), "hello");
  std::array<std::byte, 8> into;
  EXPECT_EQ(server.try_read(into)->state, IoState::would_block);
  client.close();
  EXPECT_TRUE(loop.run(server.readable()));
  EXPECT_EQ(server.try_read(into)->state, IoState::closed);
}

TEST(PlainStreamTest, WritesWhatFits) {
  Loop loop;
  auto [server_socket, client_socket] = loop.connected(128 * 1024);
  PlainStream server{loop.shard, std::move(server_socket)};
  PlainStream client{loop.shard, std::move(client_socket)};
  const std::string text(4'000'000, 'x');
  std::size_t taken = 0;
  while (true) {
    const auto put = server.try_write(as_bytes(text).subspan(taken));
    ASSERT_TRUE(put);
    if (put->state == IoState::would_block) break;
    taken += put->size;
  }
  ASSERT_LT(taken, text.size());
  const auto rest = loop.start(write_all(server, text.substr(taken)));
  const auto read = loop.run(read_exactly(client, text.size()));
  EXPECT_TRUE(read && *read == text);
  loop.until([&] { return rest->done(); });
}

/// Half a close is no room to write: who waits for it is not to be told at once, again and again.
TEST(PlainStreamTest, APeerThatSaysNoMoreAndReadsNothingLetsTheShardWait) {
  Loop loop;
  auto [server_socket, client_socket] = loop.connected(128 * 1024);
  PlainStream server{loop.shard, std::move(server_socket)};
  ASSERT_EQ(::shutdown(client_socket.get(), SHUT_WR), 0);
  std::array<std::byte, 8> into;
  ASSERT_TRUE(loop.run(server.readable()));
  ASSERT_EQ(server.try_read(into)->state, IoState::closed);
  const std::string text(4'000'000, 'x');
  std::size_t taken = 0;
  while (true) {
    const auto put = server.try_write(as_bytes(text).subspan(taken));
    ASSERT_TRUE(put);
    if (put->state == IoState::would_block) break;
    taken += put->size;
  }
  ASSERT_LT(taken, text.size());
  const auto room = loop.start(server.writable());
  loop.shard.poll();
  ASSERT_FALSE(room->done());
  PlainStream client{loop.shard, std::move(client_socket)};
  loop.until([&] {
    const auto read = client.try_read(loop.shard.scratch());
    return !read || room->done();
  });
  ASSERT_TRUE(room->done());
  EXPECT_TRUE(*room->result);
}

TEST(PlainStreamTest, CloseWakesWaiters) {
  Loop loop;
  auto [server_socket, client_socket] = loop.connected();
  PlainStream server{loop.shard, std::move(server_socket)};
  const auto reading = loop.start(server.readable());
  loop.shard.poll();
  server.close();
  server.close();
  loop.until([&] { return reading->done(); });
  EXPECT_EQ(reading->result->error().code(), ErrorCode::cancelled);
  std::array<std::byte, 8> into;
  EXPECT_EQ(server.try_read(into).error().code(), ErrorCode::cancelled);
  EXPECT_EQ(server.try_write(as_bytes("x")).error().code(), ErrorCode::cancelled);
}

asio::awaitable<void> keep_and_wait(std::unique_ptr<Stream> stream, std::shared_ptr<bool> alive) {
  static_cast<void>(co_await stream->readable());
  static_cast<void>(alive);
}

/// What it holds (a place within limits, a pass) is given back then.
TEST(PlainStreamTest, ACoroutineThatWaitsForItsOwnSocketGoesWithTheShard) {
  auto alive = std::make_shared<bool>(true);
  const std::weak_ptr<bool> watched = alive;
  {
    Loop loop;
    auto [server_socket, client_socket] = loop.connected();
    auto stream = std::make_unique<PlainStream>(loop.shard, std::move(server_socket));
    asio::co_spawn(loop.shard.io(), keep_and_wait(std::move(stream), std::move(alive)), asio::detached);
    loop.shard.poll();
    EXPECT_FALSE(watched.expired());
  }
  EXPECT_TRUE(watched.expired());
}

TEST(PlainStreamTest, WritingToAPeerThatIsGoneIsAnErrorAndNoSignal) {
  Loop loop;
  auto [server_socket, client_socket] = loop.connected();
  PlainStream server{loop.shard, std::move(server_socket)};
  const linger now{1, 0};
  ::setsockopt(client_socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  client_socket = Descriptor{};
  ASSERT_TRUE(loop.run(server.readable()));
  Result<IoResult> last = server.try_write(as_bytes("x"));
  if (last) last = server.try_write(as_bytes("x"));
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code(), ErrorCode::connection_lost);
}

class UnixSocketTest : public testing::Test {
 protected:
  UnixSocketTest() {
    std::string pattern = testing::TempDir() + "muster-net-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~UnixSocketTest() override { fs::remove_all(folder); }
  UnixListener listen(const std::string& path) {
    auto listener = UnixListener::open(loop.shard, path);
    EXPECT_TRUE(listener) << listener.error().reason();
    listener->start([this](Descriptor socket, const PeerCredentials& peer, Shard& on) {
      last_peer = peer;
      accepted.push_back(std::make_unique<PlainStream>(on, std::move(socket)));
    });
    return *std::move(listener);
  }

  Loop loop;
  fs::path folder;
  PeerCredentials last_peer;
  std::vector<std::unique_ptr<PlainStream>> accepted;
};

TEST_F(UnixSocketTest, IsTheOwnersAloneWhateverTheUmask) {
  const std::string path = folder / "control.sock";
  const mode_t before = ::umask(0);
  {
    const auto listener = listen(path);
    ::umask(before);
    struct stat found {};
    ASSERT_EQ(::lstat(path.c_str(), &found), 0);
    EXPECT_TRUE(S_ISSOCK(found.st_mode));
    EXPECT_EQ(found.st_mode & 0777U, 0600U);

    auto socket = connect_unix(path);
    ASSERT_TRUE(socket) << socket.error().reason();
    PlainStream client{loop.shard, *std::move(socket)};
    loop.until([&] { return !accepted.empty(); });
    EXPECT_EQ(last_peer.pid, ::getpid());
    EXPECT_EQ(last_peer.uid, ::geteuid());
    ASSERT_TRUE(accepted[0]->credentials());
    ASSERT_TRUE(loop.run(write_all(client, "status")));
    EXPECT_EQ(loop.run(read_exactly(*accepted[0], 6)), "status");
  }
  EXPECT_FALSE(fs::exists(path)) << "removed with the listener";
}

TEST_F(UnixSocketTest, PathsMayBeLong) {
  const fs::path deep = folder / std::string(100, 'a') / std::string(100, 'b');
  fs::create_directories(deep);
  const auto listener = listen(deep / "control.sock");
  ASSERT_TRUE(connect_unix(deep / "control.sock"));
  loop.until([&] { return !accepted.empty(); });
}

TEST_F(UnixSocketTest, LeftoversAreReplacedAndFilesAreNot) {
  const std::string path = folder / "control.sock";
  { const asio::local::stream_protocol::acceptor left{loop.shard.io(), path}; }
  ASSERT_TRUE(fs::exists(path));
  EXPECT_EQ(connect_unix(path).error().code(), ErrorCode::connect_failed);
  { const auto listener = listen(path); }

  const std::string file = folder / "file";
  std::ofstream{file} << "precious";
  const auto refused = UnixListener::open(loop.shard, file);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::io_failed);
  EXPECT_THAT(refused.error().reason(), HasSubstr(file));
  EXPECT_EQ(fs::file_size(file), 8U);
  EXPECT_THAT(connect_unix(folder / "none" / "x").error().reason(), HasSubstr("No such file"));
}

TEST_F(UnixSocketTest, OtherUsersAreTurnedAway) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  const std::string path = folder / "control.sock";
  const auto listener = listen(path);
  fs::permissions(folder, fs::perms::all);
  ::chmod(path.c_str(), 0666);  // As if somebody had opened it up.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    auto socket = connect_unix(path);
    if (!socket) ::_exit(3);
    char byte = 0;
    ::_exit(::read(socket->get(), &byte, 1) == 0 ? 0 : 4);
  }
  int status = -1;
  loop.turns([&] { return ::waitpid(child, &status, WNOHANG) == child; });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(accepted.empty());
}

}  // namespace
}  // namespace muster::net
