#include "net/scripted_stream.hpp"

#include "net/tests/loop.hpp"

#include <gtest/gtest.h>

namespace muster::net {
namespace {

class ScriptedStreamTest : public testing::Test {
 protected:
  ScriptedStreamTest() {
    auto pair = ScriptedStream::make(loop.shard);
    stream = std::move(pair.stream);
    peer = pair.peer;
  }
  Loop loop;
  std::unique_ptr<Stream> stream;
  std::shared_ptr<ScriptedPeer> peer;
  std::array<std::byte, 16> into;
};

TEST_F(ScriptedStreamTest, ReadsPiecesThenBlocksThenEnds) {
  peer->push("abc");
  peer->push("de");
  EXPECT_EQ(stream->try_read(std::span{into}.first(2))->size, 2U);
  EXPECT_EQ(stream->try_read(into)->size, 1U) << "never across two pushes";
  EXPECT_EQ(stream->try_read(into)->size, 2U);
  EXPECT_TRUE(peer->drained());
  EXPECT_EQ(stream->try_read(into)->state, IoState::would_block);
  const auto waiting = loop.start(stream->readable());
  loop.shard.poll();
  EXPECT_FALSE(waiting->done());
  peer->push("f");
  peer->push_end();
  loop.shard.poll();
  EXPECT_TRUE(waiting->done());
  EXPECT_EQ(loop.run(read_exactly(*stream, 100)), "f");
  EXPECT_EQ(stream->try_read(into)->state, IoState::closed);
}

TEST_F(ScriptedStreamTest, FailsAfterWhatWasPushed) {
  peer->push("x");
  peer->push_failure(Error{ErrorCode::connection_lost, "cut"});
  EXPECT_EQ(stream->try_read(into)->size, 1U);
  EXPECT_EQ(stream->try_read(into).error(), (Error{ErrorCode::connection_lost, "cut"}));
  peer->fail_writes(Error{ErrorCode::connection_lost, "cut"});
  EXPECT_FALSE(stream->try_write(as_bytes("x")));
}

TEST_F(ScriptedStreamTest, WritesAsFarAsThereIsRoom) {
  peer->accept_writes(3);
  EXPECT_EQ(stream->try_write(as_bytes("abcdef"))->size, 3U);
  EXPECT_EQ(stream->try_write(as_bytes("def"))->state, IoState::would_block);
  const auto waiting = loop.start(stream->writable());
  loop.shard.poll();
  EXPECT_FALSE(waiting->done());
  peer->accept_writes(1);
  loop.shard.poll();
  EXPECT_TRUE(waiting->done());
  EXPECT_EQ(stream->try_write(as_bytes("def"))->size, 1U);
  peer->accept_all_writes();
  EXPECT_EQ(stream->try_write(as_bytes("ef"))->size, 2U);
  EXPECT_EQ(peer->written_text(), "abcdef");
  EXPECT_EQ(as_text(peer->take_written()), "abcdef");
  EXPECT_EQ(peer->written_text(), "");
}

TEST_F(ScriptedStreamTest, HandshakeIsHeldAndFailsAsTold) {
  EXPECT_TRUE(loop.run(stream->handshake()));
  peer->hold_handshake();
  peer->set_info({.server_name = "localhost"});
  const auto waiting = loop.start(stream->handshake());
  loop.shard.poll();
  EXPECT_FALSE(waiting->done());
  peer->finish_handshake(failure(ErrorCode::tls_failure, "no"));
  loop.shard.poll();
  ASSERT_TRUE(waiting->done());
  EXPECT_EQ(waiting->result->error().code(), ErrorCode::tls_failure);
  EXPECT_EQ(stream->peer().server_name, "localhost");
}

TEST_F(ScriptedStreamTest, CloseWakesWaitersAndIsSeen) {
  peer->accept_writes(0);
  const auto reading = loop.start(stream->readable());
  const auto writing = loop.start(stream->writable());
  loop.shard.poll();
  stream->close();
  loop.shard.poll();
  ASSERT_TRUE(reading->done() && writing->done());
  EXPECT_EQ(reading->result->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(writing->result->error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(peer->closed());
  EXPECT_EQ(stream->try_read(into).error().code(), ErrorCode::cancelled);
  EXPECT_EQ(loop.run(stream->readable()).error().code(), ErrorCode::cancelled);
  stream.reset();
  peer->push("nobody reads this");
}

}  // namespace
}  // namespace muster::net
